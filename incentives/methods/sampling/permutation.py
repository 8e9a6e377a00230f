"""Shapley values from random joining orders: alone, with their reverses, or cut short."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.exact import enumerated
from fedmerit.incentives.methods.sampling.orders import (
    affordable,
    alone,
    drawn_orders,
    marginals,
    sample_orders,
    with_reverse,
)
from fedmerit.incentives.methods.sampling.plans import averaged
from fedmerit.incentives.methods.traits import Concept, valuation_method
from fedmerit.incentives.spreads import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

#: Share of what everyone adds to nobody, below which the rest of an order is not asked for.
_TOLERANCE: Final = 0.01


@valuation_method("permutation", concept=Concept.SHAPLEY)
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
    if known := enumerated(game, method="permutation", budget=budget, seed=seed):
        return known
    valuation = sample_orders(
        game, alone, method="permutation", budget=budget, seed=seed, most=orders
    )
    return replace(valuation, orders=int(valuation.sampling_degrees) + 1)


@valuation_method("antithetic", concept=Concept.SHAPLEY)
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
    if known := enumerated(game, method="antithetic", budget=budget, seed=seed):
        return known
    return sample_orders(game, with_reverse, method="antithetic", budget=budget, seed=seed)


@valuation_method("tmc", concept=Concept.SHAPLEY)
def truncated(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from joining orders that stop once little is left to add (TMC).

    An order stops where the worth is within 1% of what everyone adds to nobody, and who
    would have joined later is credited nothing. That is biased: late joiners are
    undervalued, values add up only to within that 1%, and errors say nothing of it. Where
    everyone adds nothing to nobody, no order stops. Else intervals hold what they say from a
    dozen orders on, as for permutation.

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
    tolerance = abs(everyone - nobody) * _TOLERANCE
    if tolerance <= ROUNDING * cached.largest:
        tolerance = -1.0  # a share of nothing: any worth would be near enough by chance
    total, means = 0.0, np.empty((0, n))
    while orders := affordable(cached, budget, drawn=len(means), width=1, new=n - 1, most=budget):
        ranks = np.argsort(drawn_orders(seed, len(means), orders, n), axis=1)
        stops = _stops(cached, ranks, everyone, tolerance)
        draws = marginals(cached, ranks, stops)
        total = total + draws.sum(axis=0)
        means = np.vstack([means, draws.mean(axis=2)])
    return averaged(game, cached, total, means, method="tmc", seed=seed)


def _stops(
    cached: CachedGame, ranks: NDArray[np.intp], everyone: float, tolerance: float
) -> NDArray[np.intp]:
    """Give after how many joiners each order stops, shape ``(orders,)``.

    All orders grow in step, for games that are quicker asked for many at once.
    """
    orders, n = ranks.shape
    stops = np.full(orders, n)
    going = np.arange(orders)
    for joined in range(n):
        far = np.abs(cached.worth(ranks[going] < joined) - everyone) > tolerance
        stops[going[~far]] = joined
        going = going[far]
    return stops
