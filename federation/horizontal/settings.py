"""A training run's settings: one frozen object."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from fedmerit.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """FedAvg with local SGD (McMahan et al., 2017)."""

    rounds: int = 15
    """At most so many federated rounds."""
    participation: float = 1.0
    """Share of the members that each round samples, in (0, 1]; at least one member."""
    full_round: bool = False
    """Whether the first round has everyone, whatever the share."""
    local_epochs: int = 3
    """Passes over a member's own rows in a round."""
    batch_size: int = 32
    """Rows in one step; the last batch of an epoch may be smaller."""
    learning_rate: float = 0.1
    """Step size of SGD."""
    momentum: float = 0.0
    """Momentum of SGD, in [0, 1), started afresh each round."""
    tolerance: float = 1e-3
    """A round that moves the model by less than this share of its norm stands still; 0: none."""
    patience: int = 2
    """So many rounds in a row that stand still end the training."""
    device: str = "cpu"
    """A torch device: ``cpu``, ``cuda`` or ``cuda:1``."""

    def __post_init__(self) -> None:
        for name in ("rounds", "local_epochs", "batch_size", "patience"):
            _require(name, getattr(self, name), "a whole number of 1 or more", lambda v: v >= 1)
        _require("participation", self.participation, "above 0 and at most 1", lambda v: 0 < v <= 1)
        _require("learning_rate", self.learning_rate, "above 0", lambda v: 0 < v < inf)
        _require("momentum", self.momentum, "at least 0 and below 1", lambda v: 0 <= v < 1)
        _require("tolerance", self.tolerance, "at least 0", lambda v: 0 <= v < inf)
        if self.device.partition(":")[0] not in {"cpu", "cuda"}:
            raise TrainingError(f"no device is called {self.device!r}", hint="Use cpu or cuda.")


def _require(name: str, value: float, rule: str, holds: Callable[[float], bool]) -> None:
    fractional = rule.startswith("a whole") and value != int(value)
    if fractional or not holds(value):
        raise TrainingError(f"{name} must be {rule}, got {value!r}", hint=f"Change {name}.")
