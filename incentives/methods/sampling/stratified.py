"""Shapley values from worths sorted by coalition size and by who is in.

A value is the mean over sizes of what joining a coalition of that size adds, so each size
can be sampled on its own, and the smallest and the largest taken whole. One worth serves
every participant: those in it, and those left out.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.exact import enumerated
from fedmerit.incentives.methods.sampling.orders import sample_orders
from fedmerit.incentives.methods.sampling.plans import Plan, borders, folded
from fedmerit.incentives.methods.sampling.strata import Strata
from fedmerit.incentives.methods.traits import Concept, valuation_method
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.valuation import Valuation

#: Chance of a size, against the likeliest, that hardly weighs; it is drawn last.
_LEAST: Final = 1e-9


@valuation_method("stratified", concept=Concept.SHAPLEY)
def stratified(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from joining orders in sets that put everyone once in every place.

    One stratum is one participant joining at one place, and a draw gives each stratum one
    marginal contribution: a random order and all its rotations. Differences between
    places, which dominate where worths saturate, leave no error. Intervals hold what they
    say from four draws on; with fewer they come out too narrow.

    Source: Maleki et al. (2013); Castro, Gomez, Molina and Tejada (2017).
    Assumes: Nothing; unbiased in any game.
    Cost: At most n (n - 3) evaluations a draw, and 2 n + 2 before the first.
    Choose it: Where values must add up exactly and n is small; svarm mostly errs less.

    Raises:
        BudgetTooSmall: *budget* does not cover two draws, and one has no spread.
        GameError: The game breaks its contract.
    """
    if known := enumerated(game, method="stratified", budget=budget, seed=seed):
        return known
    n = len(game.participants)
    rotations = (np.arange(n)[:, None] + np.arange(n)) % n if n else np.empty((0, 0), np.intp)
    return sample_orders(
        game,
        lambda order: order[rotations],
        method="stratified",
        budget=budget,
        seed=seed,
        first=borders(n),
        new=n * max(n - 3, 0),
    )


@valuation_method("svarm", concept=Concept.SHAPLEY)
def svarm(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values as differences of mean worths, with and without each, at each size.

    Sizes 0, 1, n - 1 and n are taken whole. Of the others, coalitions that give every
    participant a worth with and one without at each size come first, then random ones,
    none twice; sizes are drawn in proportion to how much their error weighs. Intervals hold
    what they say from half as many again as the least budget on.

    Source: Kolpaczki, Bengs, Muschalik and Huellermeier (2024), Stratified SVARM.
    Assumes: Nothing; unbiased in any game. Values need not add up exactly.
    Cost: Any budget, from about 2 n (ln n + 1) evaluations on, to the last one.
    Choose it: Where worths depend on size above all, as with data that saturate.

    Raises:
        BudgetTooSmall: *budget* does not cover the coalitions that come first.
        GameError: The game breaks its contract.
    """
    if known := enumerated(game, method="svarm", budget=budget, seed=seed):
        return known
    joining = np.full(len(game.participants), 1 / max(len(game.participants), 1))
    return by_size(game, joining, method="svarm", budget=budget, seed=seed)


@valuation_method("complementary", concept=Concept.SHAPLEY)
def complementary(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values as mean differences of a coalition and its complement, by size.

    What a coalition is worth beyond its complement counts for all its members, and
    against all others. The pairs of sizes 0 and 1 are taken whole; of the others, pairs
    that serve every participant at each size come first, then random ones, none twice.
    Intervals hold what they say from half as many again as the least budget on.

    Source: Zhang, Sun, Liu, Xiong, Pei and Ren (2023).
    Assumes: Nothing; unbiased in any game. Values need not add up exactly.
    Cost: Any even budget, from about 2 n (ln n + 1) evaluations on, to the last pair.
    Choose it: To compare with published results; svarm is about as good, and takes odd budgets.

    Raises:
        BudgetTooSmall: *budget* does not cover the pairs that come first.
        GameError: The game breaks its contract.
    """
    if known := enumerated(game, method="complementary", budget=budget, seed=seed):
        return known
    cached = CachedGame(game)
    n = len(cached.participants)
    needed = min(len(borders(n)) + _served_by(n), 2**n)
    if budget < needed:
        raise BudgetTooSmall("complementary", budget=budget, needed=needed, participants=n)
    plan, rng = Plan(n, budget, paired=True), generator(seed, "valuation", "complementary")
    plan.add(borders(n))
    for size in range(2, n - 1):
        plan.add(_serving(rng, size, n))
    plan.fill(rng, folded(_allocation(np.full(n, 1 / n))))
    sides = plan.coalitions
    worths = cached.lookup(np.vstack([sides, ~sides])).reshape(2, len(sides), -1)
    sizes = sides.sum(axis=1)[:, None]
    strata = Strata(
        labels=np.where(sides, sizes, n - sizes),
        signs=np.where(sides, 1.0, -1.0),
        weights=np.full(n + 1, 1 / n),
        sizes=np.array([0.0] + [comb(n - 1, size - 1) for size in range(1, n + 1)]),
    )
    covariance, degrees = strata.spread((worths[0] - worths[1]).mean(axis=1))
    return conclude(
        game,
        strata.values(worths[0] - worths[1]),
        method="complementary",
        evaluations=cached.evaluations,
        seed=seed,
        covariance=covariance,
        degrees=degrees,
        errors="analytic",
        scale=cached.largest,
    )


def by_size(
    game: Game, joining: NDArray[np.float64], *, method: str, budget: int, seed: int
) -> Valuation:
    """Estimate a semivalue from worths by size and by who is in.

    Args:
        game: The game.
        joining: How much a marginal contribution to a coalition of each size counts, all
            coalitions of that size together, shape ``(n,)``; they add up to 1.
        method: The method's key, and the name of its random stream.
        budget: Most distinct coalitions; fewer than there are.
        seed: Of the stream.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    needed = min(len(borders(n)) + _served_by(n), 2**n)
    if budget < needed:
        raise BudgetTooSmall(method, budget=budget, needed=needed, participants=n)
    plan, rng = Plan(n, budget), generator(seed, "valuation", method)
    plan.add(borders(n))
    for size in range(2, n - 1):
        plan.add(_serving(rng, size, n))
        # Of other draws, since a coalition and its complement are no independent pair.
        plan.add(~_serving(rng, size, n))
    plan.fill(rng, _allocation(joining))
    coalitions = plan.coalitions
    worths = cached.lookup(coalitions)
    without = coalitions.sum(axis=1)[:, None] - coalitions  # members besides oneself
    strata = Strata(
        labels=np.where(coalitions, without, n + without),
        signs=np.where(coalitions, 1.0, -1.0),
        weights=np.tile(joining, 2),
        sizes=np.tile([float(comb(n - 1, size)) for size in range(n)], 2),
    )
    covariance, degrees = strata.spread(worths.mean(axis=1))
    return conclude(
        game,
        strata.values(worths),
        method=method,
        evaluations=cached.evaluations,
        seed=seed,
        covariance=covariance,
        degrees=degrees,
        errors="analytic",
        scale=cached.largest,
    )


def _serving(rng: np.random.Generator, size: int, n: int) -> Coalitions:
    """Draw coalitions of one size that everyone is in one or two of."""
    starts = np.minimum(np.arange(0, n, size), n - size)[:, None]
    ranks = np.argsort(rng.permutation(n))
    return np.asarray((ranks >= starts) & (ranks < starts + size))


def _served_by(n: int) -> int:
    """Give the most coalitions that it takes to serve everyone at each size."""
    return 2 * sum(-(-n // size) for size in range(2, n - 1))


def _allocation(joining: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each size's chance, by how much its error weighs, shape ``(n + 1,)``.

    As Neyman (1934) allots draws, were worths of all sizes equally spread: a worth of
    size s serves a member with chance s / n. No size is left out altogether.
    """
    n = len(joining)
    chances = np.zeros(n + 1)
    inner = np.arange(2, n - 1)
    chances[inner] = joining[inner - 1] * np.sqrt(n / inner)
    chances[inner] += joining[inner] * np.sqrt(n / (n - inner))
    chances[inner] = np.maximum(chances[inner], chances.max() * _LEAST)
    return chances
