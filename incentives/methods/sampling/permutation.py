"""Shapley values from random joining orders: alone, with their reverses, or cut short.

What a budget buys is counted in distinct coalitions: all orders start with nobody and end
with everyone, and in a small game they soon meet elsewhere too, so a budget buys more
orders than its size divided by an order's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.sampling.drawing import averaged, enumerated
from fedmerit.shuffles import permutation as shuffled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.valuation import Valuation

    Orders = NDArray[np.intp]

#: Orders in one request, which bounds memory; which are drawn does not depend on it.
_ORDERS_AT_ONCE: Final = 128
#: Share of what everyone adds to nobody, below which the rest of an order is not asked for.
_TOLERANCE: Final = 0.01
#: Bytes of the seed that the shuffle takes.
_WORD: Final = 32


def permutation(game: Game, *, budget: int, seed: int, orders: int | None = None) -> Valuation:
    """Shapley values as mean marginal contributions over independent joining orders.

    The plain estimator that others are measured against. Orders are drawn while the
    budget covers the next one even if all its coalitions are new; where it covers every
    coalition there is, the values are exact. Intervals hold what they say from a dozen
    orders on; with fewer, or where a member matters in few orders only (a voting game),
    they come out too narrow, since draws that happen to agree show no spread. With *orders*
    no more are drawn, however many more the budget would cover.

    Source: Castro, Gomez and Tejada (2009).
    Assumes: Nothing; unbiased in any game.
    Cost: At most n - 1 evaluations an order, and two for nobody and everyone.
    Choose it: As the reference; antithetic errs less but where few orders matter (votes).

    Raises:
        BudgetTooSmall: *budget* does not cover two orders, and one has no spread.
        GameError: The game breaks its contract.
    """
    n = len(game.participants)
    found = sample_orders(
        game,
        lambda order: order[None],
        method="permutation",
        budget=budget,
        seed=seed,
        first=np.array([[False] * n, [True] * n]),
        new=n - 1,
        most=orders,
    )
    drew = np.isfinite(found.sampling_degrees)
    return replace(found, orders=int(found.sampling_degrees) + 1) if drew else found


def antithetic(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from joining orders, each taken with its reverse.

    An order and its reverse make one draw, so errors are those of independent pairs.
    Exact where only pairs of participants interact. Intervals hold what they say from ten
    pairs on; with fewer, or where a member matters in few orders only (a voting game), they
    come out too narrow.

    Source: Mitchell, Cooper, Frank and Holmes (2022).
    Assumes: Nothing; unbiased in any game.
    Cost: At most 2 (n - 1) evaluations a pair, and two for nobody and everyone.
    Choose it: Where values must be unbiased and add up exactly, and n is large.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs, and one has no spread.
        GameError: The game breaks its contract.
    """
    n = len(game.participants)
    return sample_orders(
        game,
        lambda order: np.stack([order, order[::-1]]),
        method="antithetic",
        budget=budget,
        seed=seed,
        first=np.array([[False] * n, [True] * n]),
        new=2 * (n - 1),
    )


def truncated(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from joining orders that stop once little is left to add (TMC).

    An order stops where the worth is within 1% of what everyone adds to nobody, and who
    would have joined later is credited nothing. That is biased: late joiners are
    undervalued, values add up only to within that 1%, and errors say nothing of it. Else
    intervals hold what they say from a dozen orders on, as for permutation.

    Source: Ghorbani and Zou (2019).
    Assumes: Worths that saturate, so that what is cut off is small.
    Cost: At most n - 1 evaluations an order, fewer the sooner worths saturate.
    Choose it: Where a few participants already reach the worth of everyone.

    Raises:
        BudgetTooSmall: *budget* does not cover two orders, and one has no spread.
        GameError: The game breaks its contract.
    """
    if known := enumerated(game, method="tmc", budget=budget, seed=seed):
        return known
    cached = CachedGame(game)
    n = len(cached.participants)
    if budget < 2 * n:
        raise BudgetTooSmall("tmc", budget=budget, needed=2 * n, participants=n)
    nobody, everyone = cached.worth(np.array([[False] * n, [True] * n]))
    total, means = 0.0, np.empty((0, n))
    while orders := _affordable(cached, budget, drawn=len(means), width=1, new=n - 1, most=budget):
        ranks = np.argsort(drawn_orders(seed, len(means), orders, n), axis=1)
        kept = _kept(cached, ranks, everyone, abs(everyone - nobody) * _TOLERANCE)
        draws = _marginals(cached, ranks, kept)
        total = total + draws.sum(axis=0)
        means = np.vstack([means, draws.mean(axis=2)])
    return averaged(game, total, means, method="tmc", evaluations=cached.evaluations, seed=seed)


def sample_orders(
    game: Game,
    orders_of: Callable[[Orders], Orders],
    *,
    method: str,
    budget: int,
    seed: int,
    first: Coalitions,
    new: int,
    most: int | None = None,
) -> Valuation:
    """Average marginal contributions over independent sets of joining orders.

    Args:
        game: The game.
        orders_of: Gives the orders of one draw, shape ``(orders, n)``, from a uniform one.
        method: The method's key.
        budget: Most distinct coalitions.
        seed: Of the orders, below 2**256.
        first: Coalitions to ask for before any draw.
        new: Most coalitions that a draw adds to those.
        most: Draws, however many more the budget covers; None for all that it does.
    """
    if known := enumerated(game, method=method, budget=budget, seed=seed):
        return known
    cached = CachedGame(game)
    n = len(cached.participants)
    needed = min(len(first) + 2 * new, 2**n)
    if budget < needed:
        raise BudgetTooSmall(method, budget=budget, needed=needed, participants=n)
    cached.lookup(first)
    width = len(orders_of(np.arange(n)))
    total, means = 0.0, np.empty((0, n))
    most = budget if most is None else most
    while sets := _affordable(cached, budget, drawn=len(means), width=width, new=new, most=most):
        uniform = drawn_orders(seed, len(means), sets, n)
        orders = np.concatenate([orders_of(order) for order in uniform])
        ranks = np.argsort(orders, axis=1)
        draws = _marginals(cached, ranks).reshape(sets, width, n, -1).mean(axis=1)
        total = total + draws.sum(axis=0)
        means = np.vstack([means, draws.mean(axis=2)])
    return averaged(game, total, means, method=method, evaluations=cached.evaluations, seed=seed)


def drawn_orders(seed: int, first: int, count: int, n: int) -> Orders:
    """Give joining orders *first* to ``first + count - 1`` of *seed*, shape ``(count, n)``."""
    words = seed.to_bytes(_WORD, "big")
    return np.array([shuffled(words, first + index, n) for index in range(count)], dtype=np.intp)


def _affordable(
    cached: CachedGame, budget: int, *, drawn: int, width: int, new: int, most: int
) -> int:
    """Give how many more draws fit for certain, in one request; *most* of them in all."""
    at_once = min(max(_ORDERS_AT_ONCE // width, 1), most - drawn)
    return min(at_once, (budget - cached.evaluations) // new)


def _kept(
    cached: CachedGame, ranks: NDArray[np.intp], everyone: float, tolerance: float
) -> NDArray[np.intp]:
    """Give after how many joiners each order stops, shape ``(orders,)``.

    All orders grow in step, for games that are quicker asked for many at once.
    """
    orders, n = ranks.shape
    kept = np.full(orders, n)
    going = np.arange(orders)
    for joined in range(n):
        far = np.abs(cached.worth(ranks[going] < joined) - everyone) > tolerance
        kept[going[~far]] = joined
        going = going[far]
    return kept


def _marginals(
    cached: CachedGame, ranks: NDArray[np.intp], kept: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Give what each participant adds on joining in each order, by column of the game.

    Args:
        cached: The game.
        ranks: How many join before each participant, shape ``(orders, n)``.
        kept: After how many joiners each order stops, shape ``(orders,)``; or none does.

    Returns:
        Shape ``(orders, n, columns)``, participants in the game's order.
    """
    orders, n = ranks.shape
    joined = np.minimum(np.arange(n + 1), n if kept is None else kept[:, None])
    grown = ranks[:, None, :] < joined[..., None]  # [o, k] holds the first k to join
    worths = cached.lookup(grown.reshape(-1, n)).reshape(orders, n + 1, -1)
    steps = np.diff(worths, axis=1)
    return np.asarray(np.take_along_axis(steps, ranks[:, :, None], axis=1))
