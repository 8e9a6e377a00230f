"""What a behaviour is, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from fedmerit.errors import TrainingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    #: Features (rows, columns) and labels (rows,): classes, or a quantity as float32.
    Rows = tuple[NDArray[np.float32], NDArray[np.int64] | NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class ClientContext:
    """What a member knows when it sends its updates.

    Attributes:
        before: The global models it was sent, shape ``(models, parameters)``.
        previous: The global models of the round before, same shape; *before* in round 1.
        stream: The member's own random stream of this round, the same for every model.

    """

    before: Tensor
    previous: Tensor
    stream: np.random.Generator


class Behaviour(Protocol):
    """How one member takes part."""

    @property
    def needs_rows(self) -> bool:
        """Whether a member without any rows cannot behave like this."""

    def prepare(self, rows: Rows, classes: int, stream: np.random.Generator, /) -> Rows:
        """Give the rows it trains on, or hands in for validation, made from its own."""

    def steps(self, agreed: int, /) -> int:
        """Give how many local steps of a round it takes of those that were agreed on."""

    def send(self, updates: Tensor, context: ClientContext, /) -> Tensor:
        """Give what it sends for each honest update, shape ``(models, parameters)``."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Changes neither rows nor updates; what a behaviour with one vice builds on."""

    needs_rows: ClassVar[bool] = True

    def prepare(self, rows: Rows, _classes: int, _stream: np.random.Generator, /) -> Rows:
        """Change nothing."""
        return rows

    def steps(self, agreed: int, /) -> int:
        """Take them all."""
        return agreed

    def send(self, updates: Tensor, _exchange: ClientContext, /) -> Tensor:
        """Change nothing."""
        return updates


@dataclass(frozen=True, slots=True)
class Honest(Plain):
    """Trains on its own rows and sends what it learned."""


def check_noise(noise: float) -> None:
    """Refuse a strength of noise that is negative or not finite.

    Raises:
        TrainingError: With the strength that was given.
    """
    if not 0 <= noise < float("inf"):
        raise TrainingError(
            f"noise of strength {noise} cannot be drawn",
            hint="Give 0 or more; 1 is as strong as what it is added to.",
        )
