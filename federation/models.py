"""Models as flat parameter vectors, so that many of one kind can be trained at once.

A module's code runs unchanged: ``torch.func`` maps it over a leading axis of parameter
vectors. That is why a module may keep no state between calls and draw nothing at random; the
running statistics of batch normalisation are parameters here (:mod:`.running_norm`).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from threading import local
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from fedmerit.errors import TrainingError, suggestion
from fedmerit.federation.losses import row_losses
from fedmerit.federation.model_checks import cause, check_rows_apart, check_state
from fedmerit.federation.running_norm import keep_running, training_batch
from fedmerit.streams import derived_seed, generator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.data.consortium import Federation


#: Half a unit in the last place of 1 in float32.
_ROUNDING: Final = 2.0**-24


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What is trained."""

    kind: str = "logistic"
    """``logistic``, ``linear``, ``mlp``, or a module's import path, ``package.module:Class``."""
    hidden: tuple[int, ...] = (24,)
    """Widths of the MLP's hidden layers."""
    arguments: Mapping[str, int | float | str | bool] = field(default_factory=dict)
    """Further keyword arguments of a module given by import path."""
    nudge: int = 0
    """Moves every initial parameter by a rounding, drawn by this seed; 0 moves none. So trained,
    a model differs from another as it might on another machine."""

    def build(self, in_features: int, classes: int) -> nn.Module:
        """Make the module; its initial parameters come from torch's generator.

        Raises:
            TrainingError: There is no such kind, or the module cannot be made.
        """
        module = self._made(in_features, classes)
        if self.nudge:
            _nudge(module, self.nudge)
        return module

    def _made(self, in_features: int, classes: int) -> nn.Module:
        if self.kind in MODELS:
            return MODELS[self.kind](in_features, classes, self.hidden)
        if ":" in self.kind:
            return self._imported(in_features, classes)
        raise TrainingError(
            f"no model is called {self.kind!r}",
            hint=suggestion(self.kind, [*MODELS, "package.module:Class"]),
        )

    def widths(self, in_features: int, classes: int) -> tuple[int, ...]:
        """Give what a chain of linear layers with ReLU between is as wide as; () if it is none."""
        hidden = {"logistic": (), "linear": (), "mlp": self.hidden}.get(self.kind)
        return () if hidden is None else (in_features, *hidden, classes)

    def parameters(self, in_features: int, classes: int) -> int | None:
        """Count a model of ours before anything of its size is made; None of another's module."""
        widths = self.widths(in_features, classes)
        return sum((wide + 1) * narrow for wide, narrow in pairwise(widths)) if widths else None

    def _imported(self, in_features: int, classes: int) -> nn.Module:
        path, _, name = self.kind.partition(":")
        try:
            make = getattr(import_module(path), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise TrainingError(
                f"the model {self.kind!r} cannot be imported: {error}",
                hint="Give 'package.module:Class', and install the package or set PYTHONPATH.",
            ) from error
        # Nothing else is ever called: the name may come out of somebody's bundle.
        if not isinstance(make, type) or not issubclass(make, nn.Module):
            raise TrainingError(
                f"{self.kind} is no subclass of torch.nn.Module",
                hint="Name a class; a function that makes one will not do.",
            )
        try:
            return make(in_features=in_features, classes=classes, **self.arguments)
        except Exception as error:
            raise TrainingError(
                f"{self.kind} cannot be made with in_features={in_features}, "
                f"classes={classes}, {dict(self.arguments)}: {error}",
                hint="Its constructor must take in_features, classes and your arguments.",
            ) from error


class Network:
    """A module whose trainable parameters are one flat float32 vector.

    Args:
        spec: What to build.
        in_features: Columns of a row.
        classes: Classes to tell apart; 1 to predict a quantity.
        seed: Picks the initial parameters, and those the module itself freezes.
        device: Where to keep and run it.

    Attributes:
        initial: The untrained model, shape ``(parameters,)``.
        widths: Columns, hidden widths and classes of linear layers with ReLU between; or ().

    """

    def __init__(
        self, spec: ModelSpec, *, in_features: int, classes: int, seed: int, device: str = "cpu"
    ) -> None:
        # Constructors draw from torch's one generator: lend it our stream, then put it back.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derived_seed(seed, "training", "initial"))
            module = spec.build(in_features, classes).float()
        self._untrained = {name: v.clone() for name, v in module.state_dict().items()}
        norms = keep_running(module)
        check_state(module, in_features, spec.kind)
        self.widths = spec.widths(in_features, classes)
        self._module = module.to(device)
        self._own = local()
        trained = {n: p.detach() for n, p in module.named_parameters() if p.requires_grad}
        if not trained:
            raise TrainingError(
                f"{spec.kind} has no parameters to train",
                hint="At least one parameter must have requires_grad set.",
            )
        self._shapes = {name: values.shape for name, values in trained.items()}
        self._sizes = [values.numel() for values in trained.values()]
        self.initial = torch.cat([values.reshape(-1) for values in trained.values()])
        self.running = _places(self._shapes, norms).to(device)
        self._gradients = vmap(grad(self._loss))
        self._training = vmap(grad(self._training_loss, has_aux=True))
        self._logits = vmap(self._forward, in_dims=(0, None))
        self._rehearse(in_features, classes, spec.kind)

    def gradients(self, models: Tensor, rows: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """Give the gradient of each model's weighted loss on its own rows.

        Args:
            models: Parameter vectors, shape ``(models, parameters)``.
            rows: Features, shape ``(models, batch, columns)``.
            labels: Classes, or a quantity as float32, shape ``(models, batch)``.
            weights: What each row counts, shape ``(models, batch)``; 0 for padding.

        """
        result: Tensor = self._gradients(models, rows, labels, weights)
        return result

    def training_gradients(
        self, models: Tensor, rows: Tensor, labels: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Give the same gradients as a step of training takes them, and what it leaves behind.

        They differ where batches are normalised: :meth:`gradients` scores each row by itself.

        Returns:
            Gradients, shape ``(models, parameters)``, 0 at running statistics, and these as they
            are after the step, shape ``(models, len(self.running))``.

        """
        result: Tensor
        result, statistics = self._training(models, rows, labels, weights)
        result.index_fill_(1, self.running, 0.0)
        return result, statistics

    def logits(self, models: Tensor, rows: Tensor) -> Tensor:
        """Give every model's scores for the same *rows*, ``(models, rows, classes)``."""
        with torch.no_grad():
            result: Tensor = self._logits(models, rows)
        return result

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The trained parameters' shapes by torch's names, in the order of the vector."""
        return {name: tuple(shape) for name, shape in self._shapes.items()}

    def state(self, parameters: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Give the module's whole state, by torch's names, with these trained parameters.

        Raises:
            TrainingError: They are not so many.
        """
        if parameters.shape != self.initial.shape:
            raise TrainingError(
                f"the model has {len(self.initial)} parameters, and {parameters.shape} are given"
            )
        state = {name: v.cpu().numpy() for name, v in self._untrained.items()}
        parts = np.split(parameters, np.cumsum(self._sizes)[:-1])
        for (name, shape), part in zip(self._shapes.items(), parts, strict=True):
            state[name] = np.ascontiguousarray(part.reshape(tuple(shape)))
        return state

    def _forward(self, model: Tensor, rows: Tensor) -> Tensor:
        parts = torch.split(model, self._sizes)
        named = {
            name: part.view(shape)
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }
        result: Tensor = functional_call(self._of_this_thread(), named, (rows,))
        return result

    def _of_this_thread(self) -> nn.Module:
        """Give the thread's own module: a call lends it the parameters, one model at a time."""
        if not hasattr(self._own, "module"):
            self._own.module = deepcopy(self._module)
        module: nn.Module = self._own.module
        return module

    def _loss(self, model: Tensor, rows: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        return (row_losses(self._forward(model, rows), labels) * weights).sum()

    def _training_loss(
        self, model: Tensor, rows: Tensor, labels: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        with training_batch(weights) as seen:
            loss = self._loss(model, rows, labels, weights)
        return loss, torch.cat([model[:0], *(seen[place] for place in sorted(seen))])

    def _rehearse(self, in_features: int, classes: int, kind: str) -> None:
        """Train two models on two rows, so that an unfit module fails now and by name."""
        models = self.initial.expand(2, -1)
        rows = models.new_ones((2, 2, in_features))
        kind_of_label = torch.float32 if classes == 1 else torch.int64
        labels = torch.zeros((2, 2), dtype=kind_of_label, device=models.device)
        left = len(self.running)
        try:
            shape = tuple(self.logits(models, rows[0]).shape)
            if shape == (2, 2, classes):
                self.gradients(models, rows, labels, models.new_ones((2, 2)))
                if len(self.running):
                    batch = (models, rows, labels, models.new_ones((2, 2)))
                    left = self.training_gradients(*batch)[1].shape[1]
        except Exception as error:
            raise TrainingError(
                f"{kind} cannot be trained in batches of models: {error}",
                hint=cause(error),
            ) from error
        if shape != (2, 2, classes):
            raise TrainingError(
                f"{kind} turns 2 rows into shape {shape[1:]}, not (2, {classes})",
                hint="forward must take (rows, in_features) and give one score per class, or one "
                "number of a quantity.",
            )
        if left != len(self.running):
            raise TrainingError(
                f"{kind} has a BatchNorm1d that it does not call", hint="Leave that layer out."
            )
        if not self.widths:
            check_rows_apart(self.logits, self.initial, in_features, kind)


def network(federation: Federation, spec: ModelSpec, *, seed: int, device: str) -> Network:
    """Build the network that fits a federation's rows and classes.

    Raises:
        TrainingError: The model cannot be made or trained, it is not for such labels, or there is
            no such device.
    """
    _check_labels(federation, spec.kind)
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise TrainingError(f"torch finds no {device} here", hint="Set device = 'cpu'.")
    return Network(
        spec,
        in_features=len(federation.feature_names),
        classes=federation.outputs,
        seed=seed,
        device=device,
    )


def _check_labels(federation: Federation, kind: str) -> None:
    """Refuse a model of classes for a quantity, and one of a quantity for classes."""
    if federation.quantity is not None and kind == "logistic":
        raise TrainingError(
            f"the label {federation.quantity.name!r} is a quantity, and 'logistic' tells classes "
            "apart",
            hint='Set kind = "linear" or "mlp" below [model], or target = "classes" below [data].',
        )
    if federation.quantity is None and kind == "linear":
        raise TrainingError(
            f"'linear' predicts a quantity, and the labels are {len(federation.classes)} classes",
            hint='Set kind = "logistic" below [model], or target = "quantity" below [data].',
        )


def logistic(in_features: int, classes: int, _hidden: tuple[int, ...]) -> nn.Module:
    """Multinomial logistic regression, untrained at zero."""
    layer = nn.Linear(in_features, classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def linear(in_features: int, outputs: int, hidden: tuple[int, ...]) -> nn.Module:
    """Linear regression of a quantity, untrained at its mean."""
    return logistic(in_features, outputs, hidden)


def mlp(in_features: int, classes: int, hidden: tuple[int, ...]) -> nn.Module:
    """Multilayer perceptron with ReLU between its linear layers."""
    widths = (in_features, *hidden, classes)
    if min(widths) < 1:
        raise TrainingError(f"an MLP cannot have layers of widths {widths}")
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


#: The models that come with the package; any other kind is an import path.
MODELS: Final[Mapping[str, Callable[[int, int, tuple[int, ...]], nn.Module]]] = MappingProxyType(
    {"logistic": logistic, "linear": linear, "mlp": mlp}
)


def _places(shapes: Mapping[str, torch.Size], norms: Sequence[str]) -> Tensor:
    """Number the running statistics of *norms* in the flat vector, means before variances."""
    starts, at = {}, 0
    for name, shape in shapes.items():
        starts[name], at = at, at + shape.numel()
    parts = [f"{norm}.{part}" for norm in norms for part in ("running_mean", "running_var")]
    numbers = [torch.arange(starts[n], starts[n] + shapes[n].numel()) for n in parts]
    return torch.cat([torch.empty(0, dtype=torch.int64), *numbers])


def _nudge(module: nn.Module, seed: int) -> None:
    """Add noise to the parameters, as small as roundings of numbers around 1 are in float32."""
    stream = generator(seed, "nudge")
    with torch.no_grad():
        for values in module.parameters():
            noise = stream.uniform(-_ROUNDING, _ROUNDING, tuple(values.shape))
            values.add_(torch.from_numpy(np.asarray(noise)).to(values))
