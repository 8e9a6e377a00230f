"""Members that train, and send something else than they learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import torch

from fedmerit.errors import TrainingError, suggestion
from fedmerit.federation.behaviours.protocol import Plain, check_noise

if TYPE_CHECKING:
    from torch import Tensor

    from fedmerit.federation.behaviours.protocol import ClientContext

Fault = Literal["nan", "inf", "shape"]


@dataclass(frozen=True, slots=True)
class UpdateNoise(Plain):
    """Sends its honest update with Gaussian noise on it.

    The noise of a poor link (Ang et al., 2020), or of poisoning without skill.
    """

    noise: float = 1.0
    """Norm of the noise, in norms of the honest update; 0 or more."""

    def __post_init__(self) -> None:
        check_noise(self.noise)

    def send(self, updates: Tensor, context: ClientContext, /) -> Tensor:
        """Add noise; one draw for all models, each scaled to its own update."""
        drawn = torch.from_numpy(context.stream.standard_normal(updates.shape[1])).to(updates)
        spread = updates.double().square().mean(dim=1, keepdim=True).sqrt().to(updates)
        return updates + self.noise * spread * drawn


@dataclass(frozen=True, slots=True)
class Faulty(Plain):
    """Sends what a broken client sends, for rehearsals."""

    kind: Fault = "nan"
    """``nan``, ``inf``, or an update of the wrong ``shape``."""
    needs_rows: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Fault):
            raise TrainingError(
                f"no fault is called {self.kind!r}", hint=suggestion(self.kind, get_args(Fault))
            )

    def send(self, updates: Tensor, _exchange: ClientContext, /) -> Tensor:
        """Send the fault in place of every update."""
        models, parameters = updates.shape
        if self.kind == "shape":
            return updates.new_zeros((models, parameters + 1))
        return updates.new_full((models, parameters), float(self.kind))
