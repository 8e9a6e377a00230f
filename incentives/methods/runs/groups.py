"""Values when only sums of random groups are visible, as under secure aggregation.

A group is the player, and its members share its value evenly. Members who differ meet in
different groups, so that over many groupings the values tell them apart, more faintly the
larger the groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives.game import RoundsGame, check_participants
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.games.rounds import MappedGame, parts
from fedmerit.incentives.measures import rank_correlation
from fedmerit.incentives.methods.enumeration import every_coalition, shapley_of_table
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.runs.fedsv import add_up
from fedmerit.incentives.methods.sampling.permutation import antithetic
from fedmerit.incentives.methods.traits import Reads, valuation_method
from fedmerit.incentives.spreads import spread
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.valuation import Valuation

#: Groupings that the budget must cover for each to be valued exactly.
_EXACT_GROUPINGS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class PrivacyPoint:
    """What hiding members in groups of one size costs in accuracy.

    Attributes:
        group_size: Fewest members of a group.
        values: The members' values, shape ``(n,)``.
        rank_correlation: Spearman's, with the values of individuals; 0 if all are alike.
        relative_error: Mean squared error, in units of the individuals' mean square.
        evaluations: Distinct coalitions that it took.
    """

    group_size: int
    values: NDArray[np.float64]
    rank_correlation: float
    relative_error: float
    evaluations: int


@valuation_method("group-shapley", reads=Reads.GROUPS)
def grouped(game: Game, *, budget: int, seed: int, group_size: int = 2) -> Valuation:
    """Shapley values of random groups, shared evenly within each, over many groupings.

    Only unions of whole groups are asked for, and no group has fewer than *group_size*
    members. A game with rounds is grouped anew in each, once, so that no member's update is
    in two different sums; any other game is grouped again and again, which hides members
    only where each grouping is trained for itself, since sums of the same updates over
    different groups can be solved for the updates. Values are drawn towards equal shares,
    and errors are those of the grouping alone; with rounds they come from how members' shares
    differ from round to round. Intervals hold what they say from five groupings on.

    Source: Ma, Cao and Xiong (2021).
    Assumes: That a member is worth what the groups it joins are worth per head.
    Cost: Of g groups, 2**g - 2 evaluations a grouping, or 2 (g - 1) where that is too many.
    Choose it: Where an aggregator sees sums only; larger groups hide more and tell less.

    Args:
        game: What to value.
        budget: Distinct coalitions; with rounds, distinct pairs of round and coalition.
        seed: Of the groupings.
        group_size: Fewest members of a group.

    Raises:
        BudgetTooSmall: *budget* covers fewer than two groupings, or, with rounds, less than
            two pairs of orders of the groups of each.
        GameError: *group_size* is not from 1 to n, or the game breaks its contract.
    """
    check_participants(game.participants)
    n = len(game.participants)
    if not 1 <= group_size <= n:
        raise GameError(
            f"groups of {group_size} cannot be made of {n} participants",
            hint=f"Choose a group_size from 1 to {n}; in groups of one nobody is hidden, and any "
            "other method does as well.",
        )
    if not isinstance(game, RoundsGame):
        return _regrouped(game, group_size, budget=budget, seed=seed)
    rounds, present = parts(game, "group-shapley")
    rng = generator(seed, "valuation", "group-shapley")
    played: list[tuple[Game, NDArray[np.float64]]] = []
    for round_, here in zip(rounds, present, strict=True):
        if here.any():
            groups = grouping(rng, here, group_size)
            played.append((MappedGame(round_, groups), groups / groups.sum(axis=1)[:, None]))
    return add_up("group-shapley", rounds[0], played, budget=budget, seed=seed, vary=True)


def privacy_curve(
    game: Game, *, budget: int, seed: int, sizes: Sequence[int]
) -> tuple[PrivacyPoint, ...]:
    """Show what groups of each size cost in accuracy.

    Values are held against those of individuals: exact if *budget* covers all coalitions,
    else from pairs of joining orders, as good as *budget* makes them.

    Args:
        game: What to value.
        budget: Distinct coalitions, for the individuals and for each size.
        seed: Of all draws.
        sizes: Group sizes, in the order they come back.

    Raises:
        BudgetTooSmall: As :func:`grouped`, or for the individuals.
        GameError: As :func:`grouped`.
    """
    check_participants(game.participants)
    fits = 2 ** len(game.participants) <= budget
    truth = (exact if fits else antithetic)(game, budget=budget, seed=seed).values
    points = []
    for size in sizes:
        valuation = grouped(game, budget=budget, seed=seed, group_size=size)
        error = float(((valuation.values - truth) ** 2).mean())
        square = float((truth**2).mean())
        points.append(
            PrivacyPoint(
                group_size=size,
                values=valuation.values,
                rank_correlation=rank_correlation(valuation.values, truth) or 0.0,
                relative_error=error / square if square > 0 else error,
                evaluations=valuation.evaluations,
            )
        )
    return tuple(points)


def grouping(
    rng: np.random.Generator, present: NDArray[np.bool_], group_size: int
) -> NDArray[np.bool_]:
    """Draw groups of those present, none smaller than *group_size* where that can be.

    Returns:
        One row per group, shape ``(groups, n)``; members left over join the first groups.
    """
    order = rng.permutation(np.flatnonzero(present))
    groups = np.zeros((max(1, len(order) // group_size), len(present)), dtype=np.bool_)
    groups[np.arange(len(order)) % len(groups), order] = True
    return groups


def _regrouped(game: Game, group_size: int, *, budget: int, seed: int) -> Valuation:
    """Value many groupings of one game."""
    cached = CachedGame(game)
    n = len(cached.participants)
    groups = n // group_size
    cheap, dear = 2 * (groups - 1), 2**groups - 2
    needed = min(2 + 2 * cheap, 2 + 2 * dear, 2**n)
    if budget < needed:
        raise BudgetTooSmall("group-shapley", budget=budget, needed=needed, participants=n)
    cost = dear if 2 + _EXACT_GROUPINGS * dear <= budget else cheap
    everyone = np.ones(n, dtype=np.bool_)
    cached.lookup(np.array([~everyone, everyone]))
    rng = generator(seed, "valuation", "group-shapley")
    total = np.zeros((n, 1))
    means: list[NDArray[np.float64]] = []
    # Of one group there is one grouping; of more, as many as are sure to fit.
    while len(means) < (2 if groups == 1 else budget) and (
        min(cost, 2**n - cached.evaluations) <= budget - cached.evaluations
    ):
        members = grouping(rng, everyone, group_size)
        of_groups = (_all_of if cost == dear else _pair_of)(cached, members, rng)
        shares = members / members.sum(axis=1)[:, None]
        draw = np.einsum("gi,gc->ic", shares, of_groups)
        total = total + draw
        means.append(draw.mean(axis=1))
    if cached.evaluations < budget:
        cached.ask_again()
    return conclude(
        game,
        total / len(means),
        method="group-shapley",
        evaluations=cached.evaluations,
        seed=seed,
        # Of one group there is one grouping, which leaves nothing to chance.
        covariance=spread(np.array(means), scale=cached.range) if groups > 1 else np.zeros((n, n)),
        degrees=len(means) - 1,
        errors="analytic",
        scale=cached.largest,
    )


def _all_of(
    cached: CachedGame, members: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Give the groups' exact values by column, shape ``(groups, columns)``."""
    del rng  # nothing is drawn
    chosen = every_coalition(len(members))
    worths = cached.lookup(np.asarray((chosen[:, :, None] & members).any(axis=1)))
    return np.stack([shapley_of_table(column) for column in worths.T], axis=1)


def _pair_of(
    cached: CachedGame, members: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Give what each group adds in one order and its reverse, shape ``(groups, columns)``."""
    order = rng.permutation(len(members))
    total: NDArray[np.float64] | float = 0.0
    for joining in (order, order[::-1]):
        joined = np.logical_or.accumulate(members[joining], axis=0)
        grown: Coalitions = np.vstack([np.zeros_like(members[:1]), np.asarray(joined)])
        total = total + np.diff(cached.lookup(grown), axis=0)[np.argsort(joining)]
    return np.asarray(total) / 2
