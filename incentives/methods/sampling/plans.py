"""Coalitions in the order that a method asks for them, whatever its budget.

A larger budget continues the list of a smaller one under the same seed, so that an
estimate can be resumed, and traced on its way, at no evaluation more than it would take.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.spreads import spread
from fedmerit.incentives.valuation import conclude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.games.cache import CachedGame
    from fedmerit.incentives.valuation import Valuation

#: Draws in one go. Not the budget's business, or what is drawn would depend on it.
_AT_ONCE: Final = 64


def subsets(rng: np.random.Generator, sizes: NDArray[np.intp], n: int) -> Coalitions:
    """Draw one coalition of each size, uniformly, shape ``(sizes, n)``."""
    ranks = rng.random((len(sizes), n)).argsort(axis=1).argsort(axis=1)
    return np.asarray(ranks < sizes[:, None])


class Plan:
    """Distinct coalitions in the order they were added, as far as a budget goes.

    Args:
        n: Participants.
        budget: Most coalitions to ask for.
        paired: Whether each comes with its complement, and so costs two. A pair is then
            written as the side that holds the first participant, and its size is that
            of the smaller side.
    """

    def __init__(self, n: int, budget: int, *, paired: bool = False) -> None:
        self._n, self._paired = n, paired
        self._most = budget // 2 if paired else budget
        self._indices: dict[bytes, int] = {}
        self.counts = np.zeros(n + 1, dtype=np.int64)

    @property
    def full(self) -> bool:
        """Whether the budget is used up."""
        return len(self._indices) >= self._most

    @property
    def room(self) -> NDArray[np.float64]:
        """How many coalitions, or pairs, there are of each size, shape ``(n + 1,)``."""
        every = np.array([float(comb(self._n, size)) for size in range(self._n + 1)])
        if self._paired:
            every[self._n // 2 + 1 :] = 0
            every[self._n // 2] /= 1 + (self._n % 2 == 0)
        return every

    def add(self, coalitions: Coalitions) -> NDArray[np.intp]:
        """Add those that are new while the budget lasts.

        Returns:
            The place of each in :attr:`coalitions`, shape ``(rows,)``, up to the first
            that the budget does not cover.
        """
        if self._paired:
            coalitions = coalitions ^ ~coalitions[:, :1]
        sizes = coalitions.sum(axis=1)
        if self._paired:
            sizes = np.minimum(sizes, self._n - sizes)
        places: list[int] = []
        for packed, size in zip(np.packbits(coalitions, axis=1), sizes, strict=True):
            key = packed.tobytes()
            if key not in self._indices:
                if self.full:
                    break
                self._indices[key] = len(self._indices)
                self.counts[size] += 1
            places.append(self._indices[key])
        return np.array(places, dtype=np.intp)

    def fill(self, rng: np.random.Generator, chances: NDArray[np.float64]) -> None:
        """Add uniform coalitions whose sizes have these *chances*, until the budget is used.

        A size all of whose coalitions are in no longer has a chance.
        """
        while not self.full:
            self.add(draw(rng, np.where(self.counts < self.room, chances, 0.0), self._n))

    @property
    def coalitions(self) -> Coalitions:
        """All that was added, shape ``(added, n)``; one side of each, if they are pairs."""
        packed = np.frombuffer(b"".join(self._indices), dtype=np.uint8)
        packed = packed.reshape(len(self._indices), -1)
        return np.unpackbits(packed, axis=1, count=self._n).astype(np.bool_)


def draw(rng: np.random.Generator, chances: NDArray[np.float64], n: int) -> Coalitions:
    """Draw a fixed number of coalitions, whose sizes have these *chances*."""
    sizes = rng.choice(len(chances), size=_AT_ONCE, p=chances / chances.sum())
    return subsets(rng, sizes, n)


def borders(n: int) -> Coalitions:
    """Give nobody, everyone, each alone and each left out, shape ``(2 * n + 2, n)``."""
    ends = np.array([[False] * n, [True] * n])
    alone = np.eye(n, dtype=np.bool_)
    return np.vstack([ends, alone, ~alone])


def folded(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the chances of pairs of complements from those of sizes, shape ``(n + 1,)``.

    A pair's size is that of its smaller side.
    """
    n = len(chances) - 1
    pairs = chances + chances[::-1]
    pairs[n // 2 + 1 :] = 0
    pairs[n // 2] /= 1 + (n % 2 == 0)
    return pairs


def averaged(
    game: Game,
    cached: CachedGame,
    total: NDArray[np.float64] | float,
    means: NDArray[np.float64],
    *,
    method: str,
    seed: int,
) -> Valuation:
    """Conclude from independent draws of every value: their mean, and its error by their spread.

    Args:
        game: The game that was valued.
        cached: What was asked of it.
        total: Sum of the draws by column, shape ``(n, columns)``.
        means: Each draw's mean over the columns, shape ``(draws, n)``.
        method: The method's key.
        seed: The seed that was used.
    """
    return conclude(
        game,
        total / np.full((means.shape[1], 1), len(means)),
        method=method,
        evaluations=cached.evaluations,
        seed=seed,
        covariance=spread(means, scale=cached.range),
        degrees=len(means) - 1,
        errors="analytic",
        scale=cached.largest,
    )
