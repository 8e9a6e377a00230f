"""Random joining orders, and what everyone adds on joining in each.

What a budget buys is counted in distinct coalitions: all orders start with nobody and end
with everyone, and in a small game they soon meet elsewhere too, so a budget buys more
orders than its size divided by an order's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.sampling.plans import averaged
from fedmerit.shuffles import permutation as shuffled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.valuation import Valuation

    Orders = NDArray[np.intp]

#: Orders in one request, which bounds memory; which are drawn does not depend on it.
_ORDERS_AT_ONCE: Final = 128
#: Bytes of the seed that the shuffle takes.
_WORD: Final = 32


def sample_orders(
    game: Game,
    orders_of: Callable[[Orders], Orders],
    *,
    method: str,
    budget: int,
    seed: int,
    first: Coalitions | None = None,
    new: int | None = None,
    most: int | None = None,
) -> Valuation:
    """Average marginal contributions over independent sets of joining orders.

    Args:
        game: The game.
        orders_of: Gives the orders of one draw, shape ``(orders, n)``, from a uniform one.
        method: The method's key.
        budget: Most distinct coalitions.
        seed: Of the orders, below 2**256.
        first: Coalitions to ask for before any draw; nobody and everyone if none are named.
        new: Most coalitions that a draw adds to those; n - 1 an order if not said.
        most: Draws, however many more the budget covers; None for all that it does.

    Raises:
        BudgetTooSmall: *budget* does not cover two draws.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    width = len(orders_of(np.arange(n)))
    first = np.array([[False] * n, [True] * n]) if first is None else first
    new = width * (n - 1) if new is None else new
    needed = min(len(first) + 2 * new, 2**n)
    if budget < needed:
        raise BudgetTooSmall(method, budget=budget, needed=needed, participants=n)
    cached.lookup(first)
    total, means = 0.0, np.empty((0, n))
    most = budget if most is None else most
    while sets := affordable(cached, budget, drawn=len(means), width=width, new=new, most=most):
        uniform = drawn_orders(seed, len(means), sets, n)
        orders = np.concatenate([orders_of(order) for order in uniform])
        ranks = np.argsort(orders, axis=1)
        draws = marginals(cached, ranks).reshape(sets, width, n, -1).mean(axis=1)
        total = total + draws.sum(axis=0)
        means = np.vstack([means, draws.mean(axis=2)])
    return averaged(game, cached, total, means, method=method, seed=seed)


def drawn_orders(seed: int, first: int, count: int, n: int) -> Orders:
    """Give joining orders *first* to ``first + count - 1`` of *seed*, shape ``(count, n)``."""
    words = seed.to_bytes(_WORD, "big")
    return np.array([shuffled(words, first + index, n) for index in range(count)], dtype=np.intp)


def alone(order: Orders) -> Orders:
    """Give *order* by itself, shape ``(1, n)``: one draw of :func:`sample_orders`."""
    return order[None]


def with_reverse(order: Orders) -> Orders:
    """Give *order* and its reverse, shape ``(2, n)``."""
    return np.stack([order, order[::-1]])


def affordable(
    cached: CachedGame, budget: int, *, drawn: int, width: int, new: int, most: int
) -> int:
    """Give how many more draws fit for certain, in one request; *most* of them in all."""
    at_once = min(max(_ORDERS_AT_ONCE // width, 1), most - drawn)
    return min(at_once, (budget - cached.evaluations) // new)


def marginals(
    cached: CachedGame, ranks: NDArray[np.intp], stops: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Give what each participant adds on joining in each order, by column of the game.

    Args:
        cached: The game.
        ranks: How many join before each participant, shape ``(orders, n)``.
        stops: After how many joiners each order stops, shape ``(orders,)``; or none does.

    Returns:
        Shape ``(orders, n, columns)``, participants in the game's order.
    """
    orders, n = ranks.shape
    joined = np.minimum(np.arange(n + 1), n if stops is None else stops[:, None])
    grown = ranks[:, None, :] < joined[..., None]  # [o, k] holds the first k to join
    worths = cached.lookup(grown.reshape(-1, n)).reshape(orders, n + 1, -1)
    steps = np.diff(worths, axis=1)
    return np.asarray(np.take_along_axis(steps, ranks[:, :, None], axis=1))
