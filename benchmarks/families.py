"""Games whose Shapley values are known in closed form, at any number of participants."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    #: Coalitions ``(rows, n)`` to worths ``(rows,)``.
    Worth = Callable[[NDArray[np.bool_]], NDArray[np.float64]]


@dataclass(frozen=True)
class Known:
    """A game beside its true Shapley values, shape ``(n,)``."""

    participants: tuple[str, ...]
    formula: Worth
    truth: NDArray[np.float64]

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give the worth of each row."""
        return self.formula(coalitions)


def unanimity(n: int, rng: np.random.Generator) -> Known:
    """A sum of 5 n unanimity games: each team shares its dividend evenly.

    Team sizes fall off geometrically, as interactions do in practice; dividends are normal.
    """
    sizes = np.minimum(rng.geometric(0.3, 5 * n), n)
    teams = np.zeros((5 * n, n), dtype=bool)
    for team, size in zip(teams, sizes, strict=True):
        team[rng.permutation(n)[:size]] = True
    dividends = rng.normal(size=5 * n)
    members = teams.T.astype(np.float64)

    def worth(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray((coalitions @ members == sizes) @ dividends, dtype=np.float64)

    return Known(_names(n), worth, members @ (dividends / sizes))


def airport(n: int, rng: np.random.Generator) -> Known:
    """Who needs the longest runway sets the cost (Littlechild and Owen, 1973)."""
    costs = rng.uniform(size=n)
    order = np.argsort(costs)
    truth = np.empty(n)
    truth[order] = np.cumsum(np.diff(costs[order], prepend=0) / np.arange(n, 0, -1))

    def worth(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray((coalitions * costs).max(axis=1))

    return Known(_names(n), worth, truth)


def voting(n: int, rng: np.random.Generator) -> Known:
    """Weighted voting with a quota of half the votes; values by counting swings.

    The number of coalitions of each size and weight comes from a generating function
    (Mann and Shapley, 1962), in floats: they are sums of positive terms.
    """
    weights = rng.integers(1, 21, size=n)
    quota = int(weights.sum()) // 2 + 1
    truth = np.array([_swings(np.delete(weights, i), int(weights[i]), quota) for i in range(n)])

    def worth(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(coalitions @ weights >= quota, dtype=np.float64)

    return Known(_names(n), worth, truth)


def saturating(n: int, rng: np.random.Generator) -> Known:
    """1 - exp(-sum of gains), with noise of 1% that belongs to the coalition.

    The values are those without noise. The noise is a fixed function of the coalition, so
    that one asked for twice answers the same.
    """
    gains = rng.gamma(2.0, 1.5 / n, size=n)
    # The multilinear extension, integrated along its diagonal (Owen, 1972).
    nodes, shares = np.polynomial.legendre.leggauss(64)
    at = (nodes[:, None] + 1) / 2
    stays = 1 - at * (1 - np.exp(-gains))
    alone = 1 - np.exp(-gains)
    truth = (shares[:, None] / 2 * stays.prod(axis=1, keepdims=True) / stays * alone).sum(axis=0)
    keys = rng.normal(size=n)

    def worth(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        noise = np.sin(1e6 * (coalitions @ keys)) * coalitions.any(axis=1)
        return np.asarray(1 - np.exp(-(coalitions @ gains)) + 0.01 * noise)

    return Known(_names(n), worth, truth)


#: Each family makes a game of n participants from a generator.
FAMILIES: Final[Mapping[str, Callable[[int, np.random.Generator], Known]]] = MappingProxyType(
    {"unanimity": unanimity, "airport": airport, "voting": voting, "saturating": saturating}
)


def _swings(others: NDArray[np.int64], weight: int, quota: int) -> float:
    """Give the Shapley-Shubik index of one voter among *others*."""
    n = len(others) + 1
    shares = np.zeros((n, quota))  # [s, w]: the share of all orders' beginnings that weigh w
    shares[0, 0] = 1.0
    for number, vote in enumerate(others, start=1):
        # Of the coalitions of size s among the first `number`, a share s / number has the last.
        joined = np.zeros_like(shares)
        joined[1:, vote:] = shares[:-1, : max(0, quota - vote)]
        sizes = np.arange(n)[:, None]
        shares = shares * np.maximum(number - sizes, 0) / number + joined * sizes / number
    return float(shares[:, max(0, quota - weight) :].sum() / n)


def _names(n: int) -> tuple[str, ...]:
    return tuple(f"p{i}" for i in range(n))
