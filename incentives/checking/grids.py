"""Small grids, tried from end to end: no draw that misses, and ties of every kind."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.checking.accounting import harms_nobody
from fedmerit.incentives.checking.results import whole
from fedmerit.incentives.checking.takings import attempt, ends_with, taken
from fedmerit.incentives.mechanisms.properties import Need, Property

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.incentives.checking.results import Attempt
    from fedmerit.incentives.checking.samplers import Sampler
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism

    #: What each of three asks, in steps; None for nothing.
    Profile = tuple[int | None, ...]

#: Bidders; what two of them may be worth.
_BIDDERS: Final = 3
_WORTHS: Final = (-1.0, 0.0, 1.0, 2.0)
#: Draws until one has as many members.
_DRAWS: Final = 60


def small_games(setting: Setting) -> Iterator[Setting]:
    """Give every game of two members whose worths are -1 to 2, with the setting's first two."""
    if setting.n > 1:
        for one, two, both in product(_WORTHS, repeat=3):
            game = np.array([0.0, one, two, both])
            yield replace(setting.regrouped([0, 1], game), budget=2 * 10**6)


def every_bid(
    mechanism: Mechanism, claim: Property, draw: Sampler, rng: np.random.Generator, steps: int
) -> Iterator[Attempt]:
    """Let three ask for 0 to *steps* parts of a cost, or stay away, and each lie from each to each.

    Args:
        mechanism: To be tried.
        claim: Truthfulness, or that nobody ends below 0.
        draw: Draws what else there is: capacities, qualities, the budget.
        rng: Of that draw.
        steps: The dearest ask, in steps.
    """
    if Need.BIDS not in mechanism.needs or claim not in {Property.DSIC, Property.IR}:
        return
    drawn = (draw(rng) for _ in range(_DRAWS))
    setting = next((s for s in drawn if s.n >= _BIDDERS and all(s.bids)), None)
    if setting is None:
        return
    setting = setting.regrouped(range(_BIDDERS), setting.worths[: 2**_BIDDERS])
    costs = [bid.cost for bid in setting.bids if bid is not None]
    step = max(1, 2 * max(costs) // max(1, steps))
    for budget in (setting.budget, 2 * step, 8 * step):
        yield from _of_grid(mechanism, claim, replace(setting, budget=budget), step, steps)


def _of_grid(
    mechanism: Mechanism, claim: Property, setting: Setting, step: int, steps: int
) -> Iterator[Attempt]:
    asks: tuple[int | None, ...] = (None, *range(steps + 1))
    truths = {profile: _asking(setting, profile, step) for profile in product(asks, repeat=3)}
    if claim is Property.IR:
        for truth in truths.values():
            yield from harms_nobody(mechanism, truth, np.random.default_rng(0))
        return
    rounds = {profile: truth.round() for profile, truth in truths.items()}
    ended = {profile: taken(mechanism, truth) for profile, truth in truths.items()}
    for profile, truth in truths.items():
        for who, lie in product(range(_BIDDERS), asks):
            if profile[who] is None or lie == profile[who]:
                continue
            lied = (*profile[:who], lie, *profile[who + 1 :])
            outcome = ended[lied].outcome
            if outcome is None:
                continue  # a lie that is refused gains nothing
            ends = ends_with(mechanism, truth, rounds[lied], outcome, who)
            honest = ended[profile].takings[who]
            says = (
                f"{ascii_lowercase[who]!r} ends with {whole(ends)} instead of {whole(honest)} by "
                f"asking {'for nothing' if lie is None else lie * step}"
            )
            yield attempt(mechanism, truth, outcome, ends - honest, says, units=2)


def _asking(setting: Setting, profile: Profile, step: int) -> Setting:
    bids = tuple(
        bid and (None if ask is None else replace(bid, cost=ask * step))
        for bid, ask in zip(setting.bids, profile, strict=True)
    )
    return replace(setting, bids=bids)
