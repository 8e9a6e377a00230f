"""Shapley values from random joining orders, each taken with its reverse.

What a budget buys is counted in distinct coalitions: all orders start with nobody and end
with everyone, and in a small game they soon meet elsewhere too, so a budget buys more
orders than its size divided by an order's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.cache import CachedGame
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

#: Pairs in one request, which bounds memory; which pairs are drawn does not depend on it.
_PAIRS_AT_ONCE: Final = 64


def permutation(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from antithetic pairs of joining orders; an unbiased reference.

    An order and its reverse make one draw, so errors are those of independent pairs
    (Mitchell et al., 2022). Pairs are drawn while the budget covers the next one even
    if all its coalitions are new, and at most *budget* of them, which matters only in
    games so small that pairs become free.

    Normal intervals hold what they say from some thirty pairs on; with fewer, or where a
    member matters in few orders only (a voting game), they come out too narrow.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs, and one has no spread.
        GameError: The game breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    needed = min(2 + 2 * _new_at_most(n), 2**n)
    if budget < needed:
        raise BudgetTooSmall("permutation", budget=budget, needed=needed, participants=n)
    cached.lookup(np.array([[False] * n, [True] * n]))
    rng = generator(seed, "valuation", "permutation")
    total, means = 0.0, np.empty((0, n))
    while pairs := _affordable(cached, budget, drawn=len(means)):
        orders = np.array([rng.permutation(n) for _ in range(pairs)])
        draws = (_marginals(cached, orders) + _marginals(cached, orders[:, ::-1])) / 2
        total = total + draws.sum(axis=0)
        means = np.vstack([means, draws.mean(axis=2)])
    return conclude(
        game,
        total / np.full((n, 1), len(means)),
        method="permutation",
        evaluations=cached.evaluations,
        seed=seed,
        sampling_errors=means.std(axis=0, ddof=1) / np.sqrt(len(means)),
    )


def _new_at_most(n: int) -> int:
    """Give the most coalitions a pair adds to those of nobody and everyone."""
    return 2 * (n - 1)


def _affordable(cached: CachedGame, budget: int, *, drawn: int) -> int:
    """Give how many more pairs fit for certain, in one request."""
    n = len(cached.participants)
    most = min(_PAIRS_AT_ONCE, budget - drawn)
    if 2**n <= budget:  # even all coalitions fit
        return most
    return min(most, (budget - cached.evaluations) // _new_at_most(n))


def _marginals(cached: CachedGame, orders: NDArray[np.intp]) -> NDArray[np.float64]:
    """Give what each participant adds on joining in each order, by column of the game.

    Args:
        cached: The game.
        orders: Permutations of the participants, shape ``(pairs, n)``.

    Returns:
        Shape ``(pairs, n, columns)``, participants in the game's order.
    """
    pairs, n = orders.shape
    ranks = np.argsort(orders, axis=1)
    grown = ranks[:, None, :] < np.arange(n + 1)[:, None]  # [p, k] holds the first k to join
    worths = cached.lookup(grown.reshape(-1, n)).reshape(pairs, n + 1, -1)
    steps = np.diff(worths, axis=1)
    return np.asarray(np.take_along_axis(steps, ranks[:, :, None], axis=1))
