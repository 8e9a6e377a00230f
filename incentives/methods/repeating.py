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
from fedmerit.incentives.methods.catalogue import least_budget, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

#: Repeats of the pilot, and fewest in all: two would leave a single degree of freedom.
_PILOT: Final = 3


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
    games = [CachedGame(repeat(number)) for number in range(_PILOT)]
    n = len(games[0].participants)
    least = least_budget(games[0], method, seed)
    if budget < _PILOT * least:
        raise BudgetTooSmall(method, budget=budget, needed=_PILOT * least, participants=n)
    pilot = value(RepeatedGame(games), method=method, budget=least, seed=seed)
    plan = split(pilot, budget=budget, least=least)
    games += [CachedGame(repeat(number)) for number in range(_PILOT, plan.repeats)]
    valuation = value(RepeatedGame(games), method=method, budget=plan.coalitions, seed=seed)
    return replace(
        valuation,
        evaluations=sum(game.evaluations for game in games),
        reason=f"{plan.repeats} repeats of up to {plan.coalitions} coalitions: over repeats a "
        f"value varies by {sqrt(plan.between):.3g}, over draws of as many coalitions as a "
        f"repeat buys by {sqrt(plan.within / plan.coalitions):.3g}",
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
