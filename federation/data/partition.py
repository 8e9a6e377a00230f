"""Recipes that deal a table's rows out to members, where no column says whose row is whose.

No recipe leaves a member with fewer than two rows: one to train on, one to be measured by.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from fedmerit.errors import DataError, suggestion
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    #: The member that each row goes to, shape (rows,).
    Owners = NDArray[np.int64]

LEAST_ROWS: Final = 2
_ATTEMPTS: Final = 1000


class Recipe(Protocol):
    """A way to deal rows out."""

    def __call__(
        self,
        labels: NDArray[np.int64],
        members: int,
        alpha: float,
        stream: np.random.Generator,
        /,
    ) -> Owners:
        """Give each row's member, every member getting :data:`LEAST_ROWS` at least."""


def iid(
    labels: NDArray[np.int64], members: int, _alpha: float, stream: np.random.Generator
) -> Owners:
    """Deal the shuffled rows out evenly."""
    return stream.permutation(np.arange(len(labels)) % members)


def dirichlet(
    labels: NDArray[np.int64], members: int, alpha: float, stream: np.random.Generator
) -> Owners:
    """Deal out classes, or a quantity's tenths, in Dirichlet(*alpha*) shares (Hsu et al., 2019)."""
    for _ in range(_ATTEMPTS):
        owners = np.empty(len(labels), dtype=np.int64)
        for label in np.unique(labels):
            rows = stream.permutation(np.flatnonzero(labels == label))
            ends = np.cumsum(stream.dirichlet(np.full(members, alpha))) * len(rows)
            cuts = np.rint(ends[:-1]).astype(np.int64)
            for member, part in enumerate(np.split(rows, cuts)):
                owners[part] = member
        if np.bincount(owners, minlength=members).min() >= LEAST_ROWS:
            return owners
    raise DataError(
        f"in {_ATTEMPTS} draws, Dirichlet({alpha}) always left one of {members} members "
        f"with fewer than {LEAST_ROWS} of {len(labels)} rows",
        hint="Raise alpha, or ask for fewer participants.",
    )


def quantity(
    labels: NDArray[np.int64], members: int, alpha: float, stream: np.random.Generator
) -> Owners:
    """Deal shuffled rows out in sizes that follow a Dirichlet(*alpha*) draw."""
    spare = len(labels) - LEAST_ROWS * members
    sizes = LEAST_ROWS + stream.multinomial(spare, stream.dirichlet(np.full(members, alpha)))
    return stream.permutation(np.repeat(np.arange(members), sizes))


#: Every recipe, by the name scenarios use.
RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {"iid": iid, "dirichlet": dirichlet, "quantity": quantity}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """How to deal a table's rows out.

    Members are called ``<prefix>-1``, ``<prefix>-2`` and so on.
    """

    recipe: str = "dirichlet"
    """A key of :data:`RECIPES`."""
    participants: int = 10
    """How many members."""
    alpha: float = 0.5
    """Concentration of the Dirichlet recipes; smaller is more uneven. ``iid`` ignores it."""
    prefix: str = "member"
    """What the members' names start with."""

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise DataError(
                f"no partition recipe is called {self.recipe!r}",
                hint=suggestion(self.recipe, RECIPES),
            )
        if self.participants < 2:  # noqa: PLR2004 - two is what a federation is
            raise DataError(
                f"{self.participants} participants are no federation", hint="Ask for 2 or more."
            )
        if not 0 < self.alpha < np.inf:
            raise DataError(f"alpha must be above 0, got {self.alpha}", hint="0.5 is common.")

    def deal(self, labels: NDArray[np.int64], *, seed: int) -> Owners:
        """Give each row's member, shape ``(rows,)``.

        Raises:
            DataError: The recipe cannot give every member :data:`LEAST_ROWS` rows.
        """
        if len(labels) < LEAST_ROWS * self.participants:
            raise DataError(
                f"{len(labels)} rows are too few for {self.participants} participants "
                f"with at least {LEAST_ROWS} each",
                hint=f"Ask for {len(labels) // LEAST_ROWS} participants or fewer.",
            )
        stream = generator(seed, "federation", "partition", self.recipe)
        return RECIPES[self.recipe](labels, self.participants, self.alpha, stream)
