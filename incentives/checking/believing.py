"""Checks of truth on average: what a lie gains over many draws of the others.

A lie here is a habit, say to ask for a tenth more whenever the own cost is high. It is kept up
over many independent draws of everybody's types. What counts is the low end of its mean gain
by an empirical Bernstein bound, since a lie that nearly always gains a little, and rarely loses
much, has a spread that a few draws do not show.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.checking.results import Attempt
from fedmerit.incentives.checking.strategic import ASKS
from fedmerit.incentives.checking.takings import taken
from fedmerit.incentives.mechanisms.properties import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedmerit.incentives.checking.samplers import Sampler
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism
    from fedmerit.incentives.payments import RoundInput

    #: What the first member tells instead of the truth.
    Habit = Callable[[Setting], RoundInput]

#: Log of twice the odds against a bound that does not hold: 1000 to 1.
_LOG: Final = float(np.log(2000))
#: Quarters of the first member's costs, each of which may have its own habit.
_BINS: Final = 4


def is_truthful_on_average(
    mechanism: Mechanism, sampler: Sampler, rng: np.random.Generator, draws: int
) -> Iterator[Attempt]:
    """Let the first member keep up each lie over *draws* settings."""
    settings = [sampler(rng) for _ in range(draws)]
    honest = np.array([float(taken(mechanism, setting).takings[0]) for setting in settings])
    for name, habit in _habits(mechanism):
        lied = [taken(mechanism, setting, habit(setting)).takings[0] for setting in settings]
        gains = np.array(list(map(float, lied))) - honest
        for where, chosen in _parts(mechanism, settings):
            some = gains[chosen]
            gain = float(some.mean()) - _slack(some, float(np.ptp(honest)))
            says = (
                f"to {name}{where} gains {some.mean():.0f} a round on average of {len(some)}, and "
                f"hardly less than {gain:.0f}"
            )
            yield Attempt(gain, says, 4)


def _slack(gains: np.ndarray[tuple[int], np.dtype[np.float64]], most: float) -> float:
    """Give how far a mean may lie above the true one (Maurer and Pontil, 2009).

    Args:
        gains: Independent draws.
        most: How far they can lie apart, seen or not.
    """
    n = len(gains)
    return float(np.sqrt(2 * gains.var(ddof=1) * _LOG / n) + 7 * most * _LOG / (3 * (n - 1)))


def _habits(mechanism: Mechanism) -> Iterator[tuple[str, Habit]]:
    if Need.BIDS in mechanism.needs:
        for part in ASKS:
            yield f"ask for {part:g} times the cost", _asking(part)
    if Need.REPORTS in mechanism.needs:
        yield "say 0 of every task", lambda setting: _saying(setting, lambda _: 0)
        yield "say 1 of every task", lambda setting: _saying(setting, lambda _: 1)
        yield "say the opposite", lambda setting: _saying(setting, lambda signal: 1 - signal)


def _asking(part: float) -> Habit:
    def told(setting: Setting) -> RoundInput:
        bid = setting.bids[0]
        lie = bid and replace(bid, cost=round(bid.cost * part))
        return setting.round(bids=(lie, *setting.bids[1:]))

    return told


def _saying(setting: Setting, says: Callable[[int], int]) -> RoundInput:
    told = tuple(says(signal) for signal in setting.reports[0])
    return setting.round(reports=(told, *setting.reports[1:]))


def _parts(
    mechanism: Mechanism, settings: list[Setting]
) -> Iterator[tuple[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
    """Give all draws, then those of each quarter of the first member's costs."""
    yield "", np.ones(len(settings), dtype=np.bool_)
    costs = np.array([bid.cost if (bid := setting.bids[0]) else 0 for setting in settings])
    edges = np.quantile(costs, np.linspace(0, 1, _BINS + 1))
    for low, high in pairwise(edges.tolist()):
        chosen = (costs >= low) & (costs <= high)
        if Need.BIDS in mechanism.needs and chosen.sum() > len(settings) / (2 * _BINS):
            yield f" where it is {low:.0f} to {high:.0f}", chosen
