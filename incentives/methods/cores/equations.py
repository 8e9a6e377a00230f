"""Linear equations whose right sides are left open, solved without BLAS.

Where a solution concept says which coalitions bind, the values follow from equations like
``x1 + x2 + e = w({1, 2})``. Solved for any worths w, they give the values as weights on
worths, and those weights serve every validation row alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Coefficients smaller than this are what rounding left of a zero; whole ones are 0 or 1.
_NOTHING: Final = 1e-10


class Equations:
    """Equations in *unknowns* unknowns, kept in reduced form (Gauss and Jordan).

    A right side is a weighted sum of terms, known by whole numbers: ``{term: weight}``.

    Attributes:
        left: Coefficients, shape ``(rank, unknowns)``; each row has a pivot column of its
            own, 1 there and 0 in the other rows.
    """

    def __init__(self, unknowns: int) -> None:
        self.left = np.zeros((0, unknowns))
        self._right = np.zeros((0, 0))
        self._places: dict[int, int] = {}
        self._pivots: list[int] = []

    @property
    def rank(self) -> int:
        """Equations that say something new."""
        return len(self.left)

    def add(self, left: NDArray[np.float64], right: dict[int, float]) -> bool:
        """Add one equation, and say whether the others had not fixed its left side.

        An equation whose left side they do fix is dropped, whatever its right side. Pivots
        are sought among all unknowns but the last; in the last only if no other is left.
        """
        row, side = left.astype(np.float64), self._side(right)
        for at, pivot in enumerate(self._pivots):
            factor = row[pivot]
            row = row - factor * self.left[at]
            side = side - factor * self._right[at]
        row[np.abs(row) < _NOTHING] = 0.0
        if not row.any():
            return False
        pivot = int(np.abs(row[:-1]).argmax()) if row[:-1].any() else len(row) - 1
        row, side = row / row[pivot], side / row[pivot]
        factors = self.left[:, [pivot]]
        self.left = np.vstack([self.left - factors * row, row])
        self.left[np.abs(self.left) < _NOTHING] = 0.0
        self._right = np.vstack([self._right - factors * side, side])
        self._pivots.append(pivot)
        return True

    def take_last(self) -> dict[int, float] | None:
        """Remove the equation that fixes the last unknown; give what it equals, if any does."""
        last = self.left.shape[1] - 1
        if last not in self._pivots or self.left[self._pivots.index(last), :-1].any():
            return None
        at = self._pivots.index(last)
        side = self._terms(self._right[at])
        keep = [row for row in range(self.rank) if row != at]
        self.left, self._right = self.left[keep], self._right[keep]
        del self._pivots[at]
        return side

    def rights(self) -> list[dict[int, float]]:
        """Give the right side of each equation of :attr:`left`."""
        return [self._terms(side) for side in self._right]

    def solution(self) -> list[dict[int, float]]:
        """Give what each unknown equals, once every unknown has its pivot."""
        order = np.argsort(self._pivots)
        return [self._terms(self._right[at]) for at in order]

    def undecided(self) -> NDArray[np.float64]:
        """Give directions in which the unknowns can still move, shape ``(moves, unknowns)``."""
        free = [column for column in range(self.left.shape[1]) if column not in self._pivots]
        moves = np.zeros((len(free), self.left.shape[1]))
        for move, column in zip(moves, free, strict=True):
            move[column] = 1.0
            move[self._pivots] = -self.left[:, column]
        return moves

    def _side(self, right: dict[int, float]) -> NDArray[np.float64]:
        for term in right:
            self._places.setdefault(term, len(self._places))
        grown = len(self._places) - self._right.shape[1]
        self._right = np.pad(self._right, ((0, 0), (0, grown)))
        side = np.zeros(len(self._places))
        for term, weight in right.items():
            side[self._places[term]] = weight
        return side

    def _terms(self, side: NDArray[np.float64]) -> dict[int, float]:
        return {
            term: float(side[place])
            for term, place in self._places.items()
            if abs(side[place]) > _NOTHING
        }


def plug_in(right: dict[int, float], worths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give a right side's number for *worths*, terms along the first axis."""
    total = np.zeros(worths.shape[1:])
    for term, weight in right.items():
        total = total + weight * worths[term]
    return total
