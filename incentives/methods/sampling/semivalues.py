"""Values that weigh coalition sizes otherwise than Shapley's does, and need not add up.

A semivalue is a mean of marginal contributions (Dubey, Neyman and Weber, 1981). How much
those to coalitions of each size count is what tells one from another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import betaln, gammaln

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.sampling.plans import Plan
from fedmerit.incentives.methods.sampling.stratified import by_size
from fedmerit.incentives.methods.traits import valuation_method
from fedmerit.incentives.spreads import spread
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

#: The two parameters of :func:`beta_shapley`, as its authors recommend for noisy data.
_ALPHA: Final = 16.0
_BETA: Final = 1.0
#: Draws in one go. Not the budget's business, or what is drawn would depend on it.
_AT_ONCE: Final = 64


@valuation_method("banzhaf")
def banzhaf(game: Game, *, budget: int, seed: int) -> Valuation:
    """Banzhaf values: what each adds to a coalition drawn at random from all there are.

    Each worth counts for all who are in and against all who are out (maximum sample
    reuse). Coalitions are drawn with their complements, no pair twice. Of all semivalues
    this one's ranks stand the most noise in the worths; values do not add up to anything.
    Intervals hold what they say from three pairs on, ranks from fifteen.

    Source: Banzhaf (1965); Wang and Jia (2023).
    Assumes: Nothing; unbiased in any game.
    Cost: Any even budget, from 4 on, to the last pair; exact at 2**n.
    Choose it: Where ranks matter, and worths are noisy.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs, and one has no spread.
        GameError: The game breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    needed = min(4, 2**n)
    if budget < needed:
        raise BudgetTooSmall("banzhaf", budget=budget, needed=needed, participants=n)
    if 2**n <= budget:
        joining = np.exp(_log_choose(n) - (n - 1) * np.log(2))
        return _exactly(cached, game, joining, method="banzhaf", seed=seed)
    plan, rng = Plan(n, budget, paired=True), generator(seed, "valuation", "banzhaf")
    while not plan.full:
        plan.add(rng.random((_AT_ONCE, n)) < 1 / 2)
    sides = plan.coalitions
    worths = cached.lookup(np.vstack([sides, ~sides])).reshape(2, len(sides), -1)
    gaps, signs = worths[0] - worths[1], np.where(sides, 1.0, -1.0)
    drawn = spread(signs * gaps.mean(axis=1)[:, None], scale=cached.range)
    return conclude(
        game,
        np.einsum("ki,kc->ic", signs, gaps) / len(sides),
        method="banzhaf",
        evaluations=cached.evaluations,
        seed=seed,
        covariance=drawn * (1 - len(sides) / 2 ** (n - 1)),
        degrees=len(sides) - 1,
        errors="analytic",
        scale=cached.largest,
    )


@valuation_method("beta-shapley")
def beta_shapley(game: Game, *, budget: int, seed: int) -> Valuation:
    """Beta(16, 1) Shapley values: what each adds to a coalition, small ones first.

    A coalition's density is drawn from a beta distribution with mean 1/17; Beta(1, 1)
    would give Shapley values. Estimated as by ``svarm``, with sizes drawn by how much
    they count, and with intervals that hold from the same budgets on. Values do not add up
    to the worth of everyone.

    Source: Kwon and Zou (2022).
    Assumes: Nothing; unbiased in any game.
    Cost: Any budget, from about 2 n (ln n + 1) evaluations on; exact at 2**n.
    Choose it: To find mislabelled or noisy data, which show in small coalitions.

    Raises:
        BudgetTooSmall: *budget* does not give everyone a worth at each size.
        GameError: The game breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    others = np.arange(n)
    logs = betaln(others + _BETA, n - 1 - others + _ALPHA) - betaln(_ALPHA, _BETA)
    joining = np.exp(_log_choose(n) + logs)
    if 2**n <= budget:
        return _exactly(cached, game, joining, method="beta-shapley", seed=seed)
    return by_size(game, joining, method="beta-shapley", budget=budget, seed=seed)


@valuation_method("individual", at_once=True)
def individual(game: Game, *, budget: int, seed: int) -> Valuation:
    """What each participant alone is worth more than nobody; n + 1 evaluations.

    Takes no account of what others bring: two members with the same data are both worth
    all of it.

    Source: None; the usual baseline beside leave-one-out.
    Assumes: That participants neither repeat nor complete each other.
    Cost: n + 1 evaluations.
    Choose it: As a first look, and as the upper bound where worths saturate.

    Raises:
        BudgetTooSmall: *budget* is below ``n + 1``.
        GameError: The game breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    if budget < n + 1:
        raise BudgetTooSmall("individual", budget=budget, needed=n + 1, participants=n)
    worths = cached.lookup(np.eye(n + 1, n, k=-1, dtype=np.bool_))
    by_column = worths[1:] - worths[0]
    return conclude(
        game,
        by_column,
        method="individual",
        evaluations=n + 1,
        seed=seed,
        scale=cached.largest,
    )


def _exactly(
    cached: CachedGame, game: Game, joining: NDArray[np.float64], *, method: str, seed: int
) -> Valuation:
    """Add all marginal contributions up, those to coalitions of each size as *joining* says."""
    n = len(joining)
    coalitions = every_coalition(n)
    weights = joining / np.exp(_log_choose(n))
    sizes = coalitions.sum(axis=1)
    joins, stays = np.append(0.0, weights), np.append(-weights, 0.0)
    worths = cached.lookup(coalitions)
    by_column = np.array(
        [
            (np.where(is_member, joins[sizes], stays[sizes])[:, None] * worths).sum(axis=0)
            for is_member in coalitions.T
        ]
    )
    return conclude(
        game,
        by_column,
        method=method,
        evaluations=cached.evaluations,
        seed=seed,
        scale=cached.largest,
    )


def _log_choose(n: int) -> NDArray[np.float64]:
    """Give the logarithm of how many coalitions of others there are, by size, ``(n,)``."""
    sizes = np.arange(n)
    return np.asarray(gammaln(n) - gammaln(sizes + 1) - gammaln(n - sizes))
