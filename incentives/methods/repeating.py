"""A budget split between coalitions and repeats of the training.

What a rerun with another seed would give differs by two things: the coalitions that a method
draws, and the noise of every training. More coalitions a repeat do nothing against the second,
and more repeats of the same coalitions nothing against the first. A pilot measures both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt, sqrt
from typing import TYPE_CHECKING, Final

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.games.repeats import RepeatedGame
from fedmerit.incentives.methods.catalogue import AUTO, least_budget, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

#: Repeats of the pilot, and fewest in all. An interval from two is honest, and five times as wide
#: as from many: a single degree of freedom.
LEAST_REPEATS: Final = 3
#: What :func:`plan_repeats` draws by: its variance falls as its budget grows.
SPLIT_METHOD: Final = "antithetic"
#: A split takes so many times the repeats that it was asked for, at most, of so much fewer
#: coalitions: how far a draw of coalitions may move a value is then known before it is drawn.
MOST_SPLIT: Final = 4


@dataclass(frozen=True, slots=True)
class Split:
    """How a budget is spent.

    Attributes:
        repeats: How often the game is repeated.
        coalitions: Distinct coalitions that each repeat is asked for, at most.
        between: Variance of a value over repeats, mean over the members.
        within: Variance of a value over what the method draws, times the coalitions that it
            takes; mean over the members.
    """

    repeats: int
    coalitions: int
    between: float
    within: float


def value_repeats(
    repeat: Callable[[int], Game], *, budget: int, seed: int, method: str = "antithetic"
) -> Valuation:
    """Value a noisy game by repeats of it, as many as its noise asks for.

    All repeats are asked for the same coalitions. With B of them in each of R repeats a value's
    variance is ``between / R + within / B``; R is chosen as Neyman (1934) allots draws, so that
    this is least for R B = *budget*. ``Valuation.training_errors`` hold what is between repeats.

    Args:
        repeat: Makes the game with its noise drawn from repeat 0, 1, 2, and so on; the same
            number gives the same game, of the same participants.
        budget: Pairs of a repeat and a distinct coalition that may be asked for.
        seed: What *method* draws from.
        method: A key of ``METHODS`` whose variance falls as its budget grows.

    Returns:
        Whose *evaluations* are pairs, as *budget*, and whose *reason* says how it was split.

    Raises:
        BudgetTooSmall: *budget* does not cover three repeats of the method's least budget.
        GameError: As :func:`~fedmerit.incentives.methods.value`.
    """
    games = [CachedGame(repeat(number)) for number in range(LEAST_REPEATS)]
    n = len(games[0].participants)
    least = least_budget(games[0], method, seed)
    if budget < LEAST_REPEATS * least:
        raise BudgetTooSmall(method, budget=budget, needed=LEAST_REPEATS * least, participants=n)
    pilot = value(RepeatedGame(games), method=method, budget=least, seed=seed)
    plan = split(pilot, budget=budget, least=least)
    games += [CachedGame(repeat(number)) for number in range(LEAST_REPEATS, plan.repeats)]
    valuation = value(RepeatedGame(games), method=method, budget=plan.coalitions, seed=seed)
    return replace(
        valuation,
        evaluations=sum(game.evaluations for game in games),
        reason=f"{plan.repeats} repeats of up to {plan.coalitions} coalitions: over repeats a "
        f"value varies by {sqrt(plan.between):.3g}, over draws of as many coalitions as a "
        f"repeat buys by {sqrt(plan.within / plan.coalitions):.3g}",
    )


@dataclass(frozen=True, slots=True)
class RepeatPlan:
    """How a repeated game is valued.

    Attributes:
        method: By which method.
        repeats: How often the training is repeated.
        coalitions: Distinct coalitions that each repeat is asked for, at most.
        reason: Why so, where a pilot decided; else empty.
    """

    method: str
    repeats: int
    coalitions: int
    reason: str = ""


def is_split(method: str, n: int, *, repeats: int, budget: int) -> bool:
    """Say whether :func:`plan_repeats` looks at a pilot: there is something to choose, and leave.

    Args:
        method: A key of ``METHODS``, or ``"auto"``.
        n: How many participants.
        repeats: How many repeats are asked for.
        budget: Distinct coalitions a repeat.
    """
    return method == AUTO and repeats > 1 and 2**n > budget


def plan_repeats(pilot: Game, *, method: str, budget: int, seed: int) -> RepeatPlan:
    """Say how a repeated game is valued for the price of so many coalitions in each repeat.

    A method that is named, or all coalitions where they fit, leave nothing to choose. Else
    ``"auto"`` values the *pilot* by a quarter of the budget, and spends the price by what varies
    more there, coalitions or repeats, as :func:`split` has it; what the pilot asked for is part
    of it.

    Args:
        pilot: Of as many repeats as are asked for, each a training of its own.
        method: A key of ``METHODS``, or ``"auto"``.
        budget: Distinct coalitions a repeat.
        seed: What is drawn from.

    Raises:
        BudgetTooSmall: The budget does not cover the method's least.
    """
    n, repeats = len(pilot.participants), int(getattr(pilot, "repeats", 1))
    if not is_split(method, n, repeats=repeats, budget=budget):
        return RepeatPlan(method, repeats, budget)
    needed = least_budget(pilot, SPLIT_METHOD, seed)
    if needed > budget:
        raise BudgetTooSmall(SPLIT_METHOD, budget=budget, needed=needed, participants=n)
    least = max(needed, -(-budget // MOST_SPLIT))
    looked = value(pilot, method=SPLIT_METHOD, budget=least, seed=seed)
    plan = split(looked, budget=repeats * budget, least=least)
    return RepeatPlan(
        SPLIT_METHOD,
        plan.repeats,
        plan.coalitions,
        f"{plan.repeats} trainings of up to {plan.coalitions} coalitions, for the price of "
        f"{repeats} of {budget}: in a pilot a value varied over trainings by "
        f"{sqrt(plan.between):.3g}, and over draws of so many coalitions by "
        f"{sqrt(plan.within / plan.coalitions):.3g}",
    )


def split(pilot: Valuation, *, budget: int, least: int) -> Split:
    """Split *budget* by the variances that *pilot* shows.

    Args:
        pilot: Of a repeated game.
        budget: Pairs of a repeat and a distinct coalition.
        least: Fewest coalitions a repeat.

    Returns:
        At least as many repeats as the pilot's, and *least* coalitions each.
    """
    n = len(pilot.participants)
    tried = 1 if pilot.repeat_values is None else pilot.repeat_values.shape[1]
    between = 0.0
    if pilot.repeat_values is not None:
        between = float(pilot.repeat_values.var(axis=1, ddof=1).mean())
    within = float(pilot.sampling_covariance.diagonal().mean()) * pilot.evaluations
    most = budget // least
    if within > 0:
        repeats = min(isqrt(int(min(budget * between / within, budget**2))), most)
    else:
        repeats = most
    repeats = max(repeats, tried)
    coalitions = budget // repeats
    if n < budget.bit_length() and coalitions > 2**n:
        coalitions = 2**n  # all there are: what is left buys repeats
        repeats = budget // coalitions
    return Split(repeats, coalitions, between, within)
