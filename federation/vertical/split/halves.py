"""Networks that parties train on their side of the cut, by clipped and noised gradients."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from fedmerit.errors import TrainingError
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.csprng import NoiseStream
    from fedmerit.federation.privacy.noise import NoiseSettings
    from fedmerit.federation.vertical.checkpoints import CheckpointStore
    from fedmerit.federation.vertical.split.settings import SplitSettings

_BUILDING: Final = Lock()  # torch has one generator for all threads


class Half:
    """One party's network, trained by clipped and noised gradients.

    Args:
        module: The network.
        protection: How its steps are protected.
        settings: How to train.
        stream: The noise.

    """

    def __init__(
        self,
        module: nn.Module,
        protection: NoiseSettings,
        settings: SplitSettings,
        stream: NoiseStream,
    ) -> None:
        self.module = module
        self.protection = protection
        self.stream = stream
        self._settings = settings

    def __call__(self, rows: Tensor) -> Tensor:
        """Give the network's outputs, ``(rows, outputs)``."""
        with torch.no_grad():
            outputs: Tensor = self.module(rows)
        return outputs

    def step(self, rows: Tensor, targets: Tensor) -> Tensor:
        """Take one step, and give the loss's gradient in each row, ``(rows, columns)``.

        The loss of a row is its cross-entropy where *targets* are classes, and its product
        with *targets* where they are gradients from further on.
        """
        if self.protection.clip is None:
            flat, cut = self._whole(rows, targets)
        else:
            flat, cut = self._by_micro_batch(rows, targets, self.protection.micro_batch)
        step = self.protection.step(flat.double().numpy(), self.stream)
        self._move(tensor(step) / len(rows))
        return cut

    def _whole(self, rows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Give the gradient in the parameters, ``(1, parameters)``, and in the rows."""
        rows = rows.detach().requires_grad_()
        named = {n: p.detach().requires_grad_() for n, p in self.module.named_parameters()}
        loss = self._loss(named, rows, targets, torch.ones(len(rows)))
        *parts, cut = torch.autograd.grad(loss, [*named.values(), rows])
        return torch.cat([part.reshape(1, -1) for part in parts], dim=1), cut

    def _by_micro_batch(self, rows: Tensor, targets: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Give each micro-batch's gradient, ``(micro-batches, parameters)``, and in the rows."""
        parameters = {name: p.detach() for name, p in self.module.named_parameters()}
        micro = -(-len(rows) // size)
        padded = rows.new_zeros((micro * size, rows.shape[1]))
        padded[: len(rows)] = rows
        aims = targets.new_zeros((micro * size, *targets.shape[1:]))
        aims[: len(rows)] = targets
        counts = rows.new_zeros(micro * size)
        counts[: len(rows)] = 1
        by_parameter, by_row = vmap(grad(self._loss, argnums=(0, 1)), in_dims=(None, 0, 0, 0))(
            parameters,
            padded.view(micro, size, -1),
            aims.view(micro, size, *targets.shape[1:]),
            counts.view(micro, size),
        )
        flat = torch.cat([part.reshape(micro, -1) for part in by_parameter.values()], dim=1)
        cut: Tensor = by_row.reshape(micro * size, -1)[: len(rows)]
        return flat, cut

    def parameters(self) -> dict[str, NDArray[np.generic]]:
        """Give the network's parameters by name."""
        return {name: p.detach().numpy().copy() for name, p in self.module.named_parameters()}

    def load(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Continue from a saved state."""
        with torch.no_grad():
            for name, parameter in self.module.named_parameters():
                parameter.copy_(torch.from_numpy(np.array(state[name])))

    def _loss(
        self, parameters: dict[str, Tensor], rows: Tensor, targets: Tensor, counts: Tensor
    ) -> Tensor:
        outputs: Tensor = functional_call(self.module, parameters, (rows,))
        if targets.dtype == torch.int64:
            return (cross_entropy(outputs, targets, reduction="none") * counts).sum()
        return (outputs * targets).sum()

    def _move(self, gradient: Tensor) -> None:
        with torch.no_grad():
            at = 0
            for parameter in self.module.parameters():
                part = gradient[at : at + parameter.numel()].view_as(parameter)
                parameter.sub_(part, alpha=self._settings.learning_rate)
                at += parameter.numel()


def built(settings: SplitSettings, whose: str, inputs: int, seed: int) -> nn.Module:
    """Make a network; its initial parameters come from a stream of its own."""
    spec, outputs = (settings.top, 2) if whose == "top" else (settings.bottom, settings.width)
    with _BUILDING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "vertical", "initial", whose))
        module = spec.build(inputs, outputs).float()
        # A network of zeros gives every party the same zero gradient for ever.
        if whose != "top" and not any(bool(p.any()) for p in module.parameters()):
            for parameter in module.parameters():
                nn.init.normal_(parameter, std=inputs**-0.5)
    shape = tuple(module(torch.zeros(2, inputs)).shape)
    if shape != (2, outputs):
        raise TrainingError(f"{spec.kind} turns 2 rows into shape {shape}, not (2, {outputs})")
    return module


def protected(protection: NoiseSettings, rows: Tensor, stream: NoiseStream) -> Tensor:
    """Clip and noise the rows of a message."""
    return tensor(protection.message(rows.double().numpy(), stream))


def tensor(rows: NDArray[np.generic]) -> Tensor:
    """Give float32 rows that own their memory."""
    return torch.from_numpy(np.array(rows, dtype=np.float32))


def states(halves: list[Half | None]) -> dict[str, NDArray[np.generic]]:
    """Give what all of a party's networks need to continue."""
    return {
        f"{place}.{name}": array
        for place, half in enumerate(halves)
        if half is not None
        for name, array in half.parameters().items()
    }


def continued(halves: list[Half | None], checkpoints: CheckpointStore, epoch: int) -> None:
    """Load what was saved after an epoch; at the start, networks are as they were made."""
    if not epoch:
        return
    state = checkpoints.load(epoch)
    for place, half in enumerate(halves):
        if half is not None:
            own = {k.partition(".")[2]: v for k, v in state.items() if k.startswith(f"{place}.")}
            half.load(own)
