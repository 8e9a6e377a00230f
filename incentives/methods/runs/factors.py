"""Numbers of rounds and of coalitions whose products are the known cells of a table.

Alternating least squares from a start that nothing is drawn for: the rounds' first number
begins at 1, and each further one where the cells that the others leave vary most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions

    Floats = NDArray[np.float64]

#: Pull towards what is expected unseen, where known cells are about 1 in size.
_PULL: Final = 0.01
#: Turns of the rounds' and the coalitions' numbers for each rank.
_TURNS: Final = 40
#: Passes from coalitions to members and back, where the rounds' numbers are given.
_PASSES: Final = 30
#: Steps towards the pattern in which left cells vary most.
_STEPS: Final = 20
#: A turn that changes the rounds' numbers by less is the last.
_SETTLED: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What is known of the table.

    Attributes:
        rounds: Each cell's round, shape ``(cells,)``.
        places: Each cell's coalition, a row of *members*, shape ``(cells,)``.
        added: What the coalition adds to nobody there, shape ``(cells, columns)``.
        members: All coalitions of the table, shape ``(coalitions, n)``.
        present: Who was there, shape ``(rounds, n)``.
    """

    rounds: NDArray[np.intp]
    places: NDArray[np.intp]
    added: Floats
    members: Coalitions
    present: NDArray[np.bool_]

    def only(self, some: NDArray[np.bool_]) -> Cells:
        """Leave all but *some* of the cells out."""
        return replace(
            self, rounds=self.rounds[some], places=self.places[some], added=self.added[some]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """A fitted table.

    Attributes:
        fit: What it was fitted to.
        of_rounds: The rounds' numbers, shape ``(rounds, rank)``.
    """

    fit: _Fit
    of_rounds: Floats

    def predicted(self, rounds: NDArray[np.intp], places: NDArray[np.intp]) -> Floats:
        """Give these cells, shape ``(cells,)``."""
        factors = self._settled(self.fit.added[:, None])[:, :, 0]
        return np.asarray((factors[places] * self.of_rounds[rounds]).sum(axis=1))

    def of_coalitions(self, added: Floats) -> Floats:
        """Give each coalition's sum over all rounds, of cells *added* by column."""
        return np.asarray((self._settled(added) * self.of_rounds.sum(axis=0)[:, None]).sum(axis=1))

    def at_cells(self, added: Floats) -> Floats:
        """Give the fit's own cells, of cells *added* by column."""
        factors = self._settled(added)[self.fit.places]
        return np.asarray((factors * self.of_rounds[self.fit.rounds][:, :, None]).sum(axis=1))

    def _settled(self, added: Floats) -> Floats:
        factors = np.zeros((len(self.fit.inside), self.of_rounds.shape[1], added.shape[1]))
        for _ in range(_PASSES):
            factors = self.fit.factors(self.of_rounds, added, factors)
        return factors


def factorise(cells: Cells, added: Floats, rank: int) -> Factors:
    """Fit *rank* numbers to each round and coalition.

    Args:
        cells: Where they are.
        added: What they hold, about 1 in size, shape ``(cells,)``.
        rank: How many numbers.
    """
    fit = _Fit(cells, added)
    rounds, places, height = cells.rounds, cells.places, len(cells.present)
    of_rounds = np.ones((height, 1))
    for number in range(rank):
        factors = np.zeros((len(cells.members), number + 1, 1))
        for _ in range(_TURNS):
            factors = fit.factors(of_rounds, added[:, None], factors)
            before, of_rounds = of_rounds, fit.of_rounds(factors[:, :, 0])
            if np.abs(of_rounds - before).max() <= _SETTLED:
                break
        if number + 1 < rank:
            rest = added - (factors[places, :, 0] * of_rounds[rounds]).sum(axis=1)
            of_rounds = np.hstack([of_rounds, fit.pattern(rest)[:, None]])
    return Factors(fit, of_rounds)


class _Fit:
    """One step each for the coalitions' numbers and the rounds'."""

    def __init__(self, cells: Cells, added: Floats) -> None:
        self.rounds, self.places, self.added = cells.rounds, cells.places, added
        self.inside, self._height = cells.members.astype(np.float64), len(cells.present)
        self._known = np.unique(cells.places)
        shown = self.inside[self._known]
        overlaps = np.einsum("ci,cj->ij", shown, shown)
        self._to_members = np.einsum(
            "ij,cj->ic", _inverse(overlaps + _PULL * np.eye(len(overlaps))), shown
        )

    def factors(self, of_rounds: Floats, added: Floats, before: Floats) -> Floats:
        """Give the coalitions' numbers, shape ``(coalitions, rank, columns)``."""
        rank, count = of_rounds.shape[1], len(self.inside)
        of_members = np.einsum("ic,crk->irk", self._to_members, before[self._known])
        expected = np.einsum("ci,irk->crk", self.inside, of_members)
        at = of_rounds[self.rounds]
        weights = _PULL * np.eye(rank) + _summed(
            self.places, at[:, :, None] * at[:, None, :], count
        )
        sides = _PULL * expected + _summed(self.places, at[:, :, None] * added[:, None, :], count)
        return np.asarray(np.einsum("crs,csk->crk", np.linalg.inv(weights), sides))

    def of_rounds(self, factors: Floats) -> Floats:
        """Give the rounds' numbers, shape ``(rounds, rank)``."""
        rank = factors.shape[1]
        at = factors[self.places]
        weights = _PULL * np.eye(rank) + _summed(
            self.rounds, at[:, :, None] * at[:, None, :], self._height
        )
        sides = _summed(self.rounds, at * self.added[:, None], self._height)
        sides[:, 0] += _PULL
        return np.asarray(np.einsum("trs,ts->tr", np.linalg.inv(weights), sides))

    def pattern(self, rest: Floats) -> Floats:
        """Give the rounds' numbers along which *rest* varies most, shape ``(rounds,)``."""
        sizes = np.bincount(self.places, rest**2, len(self.inside))
        most = self.places == int(sizes.argmax())
        pattern = np.bincount(self.rounds[most], rest[most], self._height)
        for _ in range(_STEPS):
            length = float(np.sqrt((pattern**2).sum()))
            if length == 0:
                return np.zeros(self._height)
            along = np.bincount(self.places, rest * pattern[self.rounds] / length, len(self.inside))
            pattern = np.bincount(self.rounds, rest * along[self.places], self._height)
        return pattern / max(float(np.abs(pattern).max()), np.finfo(float).tiny)


def _summed(index: NDArray[np.intp], values: Floats, length: int) -> Floats:
    """Add up *values* of shape ``(cells, ...)`` by their *index*, shape ``(length, ...)``."""
    total = np.zeros((length, *values.shape[1:]))
    np.add.at(total, index, values)
    return total


def _inverse(matrix: Floats) -> Floats:
    """Invert a symmetric positive matrix by elimination, alike at any thread count."""
    both = np.hstack([matrix, np.eye(len(matrix))])
    for at in range(len(matrix)):
        both[at] /= both[at, at]
        others = np.arange(len(matrix)) != at
        both[others] -= both[others, at : at + 1] * both[at]
    return np.asarray(both[:, len(matrix) :])
