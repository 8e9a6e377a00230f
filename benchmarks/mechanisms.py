"""How long mechanisms take: the core at 10, 14 and 18 members, markets at a thousand.

One thread; games are drawn, and their worths are at hand, so that what is timed is the mechanism.

    python benchmarks/mechanisms.py
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits

from fedmerit.incentives import MECHANISMS, Estimate, RoundInput
from fedmerit.incentives.offers import Bid
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Members through each division of a game, and through each market.
SIZES: Final = (10, 14, 18)
THOUSAND: Final = 1000
DIVISIONS: Final = ("shapley", "banzhaf", "least-core", "nucleolus")
MARKETS: Final = (
    "uniform-price",
    "reputation-price",
    "proportional-share",
    "online",
    "first-score",
    "second-score",
    "msensing",
    "pvcg",
    "contract",
    "tullock",
    "posted-price",
    "local-accuracy",
    "cycle-market",
    "accuracy-shaping",
)


class Saturating:
    """Data whose worth saturates, and in which some pairs complement each other."""

    def __init__(self, n: int, seed: int) -> None:
        rng = generator(seed, "benchmarks", "mechanisms", n)
        self.participants = tuple(f"m{i}" for i in range(n))
        self._gains = rng.gamma(2.0, 1.5 / n, n)
        self._pairs = np.triu(rng.uniform(0, 0.2 / n, (n, n)), 1)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give the worth of each row."""
        inside = coalitions.astype(np.float64)
        together = ((inside @ self._pairs) * inside).sum(axis=1)
        return np.asarray(1 - np.exp(-(inside @ self._gains)) + together)


class Coverage:
    """Tasks that members cover, each worth the same."""

    def __init__(self, n: int, tasks: int, seed: int) -> None:
        rng = generator(seed, "benchmarks", "mechanisms", "coverage")
        self.participants = tuple(f"m{i}" for i in range(n))
        self._covers = (rng.random((n, tasks)) < 3 / tasks).astype(np.float32)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give the worth of each row."""
        covered = coalitions.astype(np.float32) @ self._covers > 0
        return np.asarray(covered.sum(axis=1), dtype=np.float64)


def division(n: int) -> RoundInput:
    """Give a round of *n* members and their game."""
    game = Saturating(n, 0)
    return RoundInput(
        participants=game.participants,
        contributions=(Estimate(0, 0),) * n,
        rows=(1,) * n,
        budget=10**18,
        game=game,
    )


def market(n: int) -> RoundInput:
    """Give a round of *n* members with an offer each."""
    rng = generator(0, "benchmarks", "mechanisms", "market")
    game = Coverage(n, 60, 0)
    capacities = rng.integers(1, 20, n).tolist()
    bids = tuple(
        Bid(cost=int(cost) * capacity, capacity=capacity, quality=int(quality))
        for cost, capacity, quality in zip(
            rng.integers(10**4, 10**6, n), capacities, rng.integers(1, 10, n), strict=True
        )
    )
    return RoundInput(
        participants=game.participants,
        contributions=(Estimate(0, 0),) * n,
        rows=tuple(capacities),
        budget=10**12,
        bids=bids,
        game=game,
    )


def timed(name: str, round_: RoundInput) -> float:
    """Give the seconds that one round takes."""
    start = perf_counter()
    MECHANISMS[name](round_)
    return perf_counter() - start


def rows() -> Iterator[tuple[str, int, float]]:
    """Give each mechanism, its members and its seconds."""
    for n in SIZES:
        round_ = division(n)
        for name in DIVISIONS:
            yield name, n, timed(name, round_)
    round_ = market(THOUSAND)
    for name in MARKETS:
        yield name, THOUSAND, timed(name, round_)


def main() -> None:
    """Print one table."""
    print("| mechanism | members | seconds |")
    print("|---|---|---|")
    with threadpool_limits(1):
        for name, n, seconds in rows():
            print(f"| {name} | {n:,} | {seconds:.2g} |", flush=True)


if __name__ == "__main__":
    main()
