"""What a member does with its rows, and with the update it is asked for.

A behaviour acts twice: on the data before training, and on finished updates, many at a
time (one row per model the member was sent). It never sees another member.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Protocol, get_args

from fedmerit.errors import TrainingError, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    #: Features (rows, columns) and labels (rows,).
    Rows = tuple[NDArray[np.float32], NDArray[np.int64]]

Fault = Literal["nan", "inf", "shape"]


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
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

    def send(self, updates: Tensor, exchange: Exchange, /) -> Tensor:
        """Give what it sends for each honest update, shape ``(models, parameters)``."""


@dataclass(frozen=True, slots=True)
class Honest:
    """Trains on its own rows and sends what it learned."""

    needs_rows: ClassVar[bool] = True

    def prepare(self, rows: Rows, _classes: int, _stream: np.random.Generator, /) -> Rows:
        """Change nothing."""
        return rows

    def send(self, updates: Tensor, _exchange: Exchange, /) -> Tensor:
        """Change nothing."""
        return updates


@dataclass(frozen=True, slots=True)
class FreeRider:
    """Sends back the global model it was sent: no rows, no work, a zero update."""

    needs_rows: ClassVar[bool] = False

    def prepare(self, rows: Rows, _classes: int, _stream: np.random.Generator, /) -> Rows:
        """Hand in no rows, whatever it has."""
        features, labels = rows
        return features[:0], labels[:0]

    def send(self, updates: Tensor, _exchange: Exchange, /) -> Tensor:
        """Send zeros."""
        return updates.new_zeros(updates.shape)


@dataclass(frozen=True, slots=True)
class LabelFlip:
    """Trains on rows of which a share has another class's label.

    The new label is uniform over the other classes, so with two classes it is the other one.
    """

    share: float = 0.6
    """Share of its labels that are wrong, in [0, 1]."""
    needs_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise TrainingError(
                f"a share of {self.share} labels cannot be flipped",
                hint="Give a share between 0 and 1.",
            )

    def prepare(self, rows: Rows, classes: int, stream: np.random.Generator, /) -> Rows:
        """Flip the stated share of the labels, to the nearest row."""
        features, labels = rows
        wrong = stream.permutation(len(labels))[: round(self.share * len(labels))]
        flipped = labels.copy()
        flipped[wrong] += stream.integers(1, classes, size=len(wrong))
        return features, flipped % classes

    def send(self, updates: Tensor, _exchange: Exchange, /) -> Tensor:
        """Change nothing: the harm is done by the labels."""
        return updates


@dataclass(frozen=True, slots=True)
class Faulty:
    """Sends what a broken client sends, for rehearsals."""

    kind: Fault = "nan"
    """``nan``, ``inf``, or an update of the wrong ``shape``."""
    needs_rows: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Fault):
            raise TrainingError(
                f"no fault is called {self.kind!r}", hint=suggestion(self.kind, get_args(Fault))
            )

    def prepare(self, rows: Rows, _classes: int, _stream: np.random.Generator, /) -> Rows:
        """Change nothing."""
        return rows

    def send(self, updates: Tensor, _exchange: Exchange, /) -> Tensor:
        """Send the fault in place of every update."""
        models, parameters = updates.shape
        if self.kind == "shape":
            return updates.new_zeros((models, parameters + 1))
        return updates.new_full((models, parameters), float(self.kind))


#: Every behaviour, by the name scenarios use. Keyword arguments are the class's fields.
BEHAVIOURS: Final[Mapping[str, Callable[..., Behaviour]]] = MappingProxyType(
    {"honest": Honest, "free-rider": FreeRider, "label-flip": LabelFlip, "faulty": Faulty}
)
