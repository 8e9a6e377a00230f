"""A table of rounds by coalitions, completed where nobody looked.

What a coalition adds in a round is taken as a product: a few numbers of the round times a
few of the coalition. Both are fitted in turns (alternating least squares) to the cells that
are known. A coalition's numbers are drawn towards the sum of its members', so that one which
no round shows is what its members add up to, and a round's towards those of all rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions

#: Numbers per round and per coalition: one more for every ten rounds, up to so many.
_MOST_NUMBERS: Final = 3
_ROUNDS_A_NUMBER: Final = 10
#: Pull towards what is expected unseen, where known cells are about 1 in size.
_PULL: Final = 0.01
_TURNS: Final = 60
#: Passes from coalitions to members and back, in the last fit.
_PASSES: Final = 30


@dataclass(frozen=True, slots=True)
class Cells:
    """What is known of the table.

    Attributes:
        rounds: Each cell's round, shape ``(cells,)``.
        places: Each cell's coalition, a row of *members*, shape ``(cells,)``.
        added: What the coalition adds to nobody there, shape ``(cells, columns)``.
        members: All coalitions of the table, shape ``(coalitions, n)``.
        height: How many rounds there are.
    """

    rounds: NDArray[np.intp]
    places: NDArray[np.intp]
    added: NDArray[np.float64]
    members: Coalitions
    height: int


def completed_sums(cells: Cells, rng: np.random.Generator) -> NDArray[np.float64]:
    """Add up each coalition's cells over all rounds, known ones as they are.

    The rounds' numbers are fitted to means over columns; given those, everything is linear
    in the cells, so that the columns' sums have the means' sums as their mean.

    Args:
        cells: What is known.
        rng: Where the rounds' numbers start.

    Returns:
        Shape ``(coalitions, columns)``.
    """
    means = cells.added.mean(axis=1, keepdims=True)
    scale = float(np.sqrt((means**2).mean())) if len(means) else 0.0
    if scale == 0:
        return np.zeros((len(cells.members), cells.added.shape[1]))
    fit = _Fit(cells)
    rank = min(_MOST_NUMBERS, 1 + cells.height // _ROUNDS_A_NUMBER)
    of_rounds = rng.normal(0, 0.1, size=(cells.height, rank))
    of_rounds[:, 0] = 1.0
    factors = np.zeros((len(cells.members), rank, 1))
    for _ in range(_TURNS):
        factors = fit.factors(of_rounds, means / scale, factors)
        of_rounds = fit.rounds(factors[:, :, 0], means[:, 0] / scale)
    factors = np.zeros((len(cells.members), rank, cells.added.shape[1]))
    for _ in range(_PASSES):
        factors = fit.factors(of_rounds, cells.added, factors)
    sums = (factors * of_rounds.sum(axis=0)[:, None]).sum(axis=1)
    fitted = (factors[cells.places] * of_rounds[cells.rounds][:, :, None]).sum(axis=1)
    np.add.at(sums, cells.places, cells.added - fitted)
    return np.asarray(sums)


class _Fit:
    """One step each for the coalitions' numbers and the rounds'."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._known = np.unique(cells.places)
        self._inside = cells.members.astype(np.float64)
        shown = self._inside[self._known]
        overlaps = np.einsum("ci,cj->ij", shown, shown)
        self._to_members = np.einsum(
            "ij,cj->ic", _inverse(overlaps + _PULL * np.eye(len(overlaps))), shown
        )

    def factors(
        self,
        of_rounds: NDArray[np.float64],
        added: NDArray[np.float64],
        before: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Give the coalitions' numbers, shape ``(coalitions, rank, columns)``."""
        cells, rank = self._cells, of_rounds.shape[1]
        of_members = np.einsum("ic,crk->irk", self._to_members, before[self._known])
        expected = np.einsum("ci,irk->crk", self._inside, of_members)
        seen = of_rounds[cells.rounds]
        weights = np.broadcast_to(_PULL * np.eye(rank), (len(cells.members), rank, rank)).copy()
        np.add.at(weights, cells.places, seen[:, :, None] * seen[:, None, :])
        sides = _PULL * expected
        np.add.at(sides, cells.places, seen[:, :, None] * added[:, None, :])
        return np.asarray(np.einsum("crs,csk->crk", np.linalg.inv(weights), sides))

    def rounds(
        self, factors: NDArray[np.float64], added: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give the rounds' numbers, shape ``(rounds, rank)``."""
        cells, rank = self._cells, factors.shape[1]
        seen = factors[cells.places]
        weights = np.broadcast_to(_PULL * np.eye(rank), (cells.height, rank, rank)).copy()
        np.add.at(weights, cells.rounds, seen[:, :, None] * seen[:, None, :])
        sides = np.zeros((cells.height, rank))
        sides[:, 0] = _PULL
        np.add.at(sides, cells.rounds, seen * added[:, None])
        return np.asarray(np.einsum("trs,ts->tr", np.linalg.inv(weights), sides))


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert a symmetric positive matrix by elimination, alike at any thread count."""
    both = np.hstack([matrix, np.eye(len(matrix))])
    for at in range(len(matrix)):
        both[at] /= both[at, at]
        others = np.arange(len(matrix)) != at
        both[others] -= both[others, at : at + 1] * both[at]
    return np.asarray(both[:, len(matrix) :])
