"""Members that do less than was agreed: fewer steps, or no answer at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from fedmerit.errors import TrainingError
from fedmerit.federation.behaviours.protocol import Behaviour, Honest, Plain

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from fedmerit.federation.behaviours.protocol import ClientContext, Rows


@dataclass(frozen=True, slots=True)
class UnderEffort:
    """Takes only a part of the local steps of a round, and weighs as if it had taken all."""

    effort: float = 0.5
    """Share of the agreed steps that it takes, above 0 and at most 1; rounded up."""
    otherwise: Behaviour = field(default_factory=Honest)
    """What it does with its rows and updates."""

    def __post_init__(self) -> None:
        if not 0 < self.effort <= 1:
            raise TrainingError(
                f"an effort of {self.effort} is no part of the agreed steps",
                hint="Give a share above 0 and at most 1; a free-rider takes none.",
            )

    @property
    def needs_rows(self) -> bool:
        """As what it does otherwise."""
        return self.otherwise.needs_rows

    def prepare(self, rows: Rows, classes: int, stream: np.random.Generator, /) -> Rows:
        """Do what it does otherwise."""
        return self.otherwise.prepare(rows, classes, stream)

    def steps(self, agreed: int, /) -> int:
        """Take the stated share of the steps that it would take otherwise."""
        return ceil(self.effort * self.otherwise.steps(agreed))

    def send(self, updates: Tensor, context: ClientContext, /) -> Tensor:
        """Do what it does otherwise."""
        return self.otherwise.send(updates, context)


@dataclass(frozen=True, slots=True)
class DropOut(Plain):
    """Trains, and in some rounds does not answer.

    Which rounds is its own draw, the same for every model that it was sent.
    """

    rate: float = 0.3
    """Chance that it does not answer in a round, in [0, 1]."""

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise TrainingError(
                f"a rate of {self.rate} is no chance", hint="Give a rate between 0 and 1."
            )

    def send(self, updates: Tensor, context: ClientContext, /) -> Tensor:
        """Send the update, or nothing."""
        return updates[:, :0] if context.stream.random() < self.rate else updates
