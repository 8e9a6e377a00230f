"""Checks of the books: no unit lost or owed, nobody left with a loss, the budget paid out."""

from __future__ import annotations

from fractions import Fraction
from string import ascii_lowercase
from typing import TYPE_CHECKING

from fedmerit.errors import Deficit, RewardError, Underfunded
from fedmerit.incentives.checking.results import Attempt, money, whole
from fedmerit.incentives.checking.takings import attempt, taken
from fedmerit.incentives.mechanisms.properties import Need, Property

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism


def conserves(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Iterator[Attempt]:
    """Recount the money and the work, with somebody ineligible, and run the round again."""
    out = ascii_lowercase[int(rng.integers(setting.n))]
    round_ = setting.round(ineligible=frozenset(out))
    try:
        outcome = mechanism(round_)
    except RewardError:
        return  # refused: no money moves
    amounts = (*outcome.payments, *outcome.slashes, outcome.reserve)
    lost = abs(sum(outcome.payments) + outcome.reserve - setting.budget - sum(outcome.slashes))
    odd = sum(not isinstance(amount, int) or amount < 0 for amount in amounts)
    over = sum(
        bid is None or units > bid.capacity
        for bid, units in zip(setting.bids, outcome.work, strict=False)
        if units
    )
    ineligible = outcome.payments[round_.participants.index(out)]
    again = mechanism(round_).payments != outcome.payments
    otherwise = ", and the same round paid otherwise" if again else ""
    says = (
        f"with {out!r} ineligible, {lost} units were lost or made, {odd} amounts were no whole "
        f"units, {over} were to do more than they offer, {out!r} was paid {ineligible}{otherwise}"
    )
    gain = lost + odd + over + ineligible + again
    yield Attempt(gain, says, 0, setting=setting)  # not a single unit is rounding


def harms_nobody(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Look for an honest member that ends below 0, or with a worse model than its own.

    Only those count that could: who has no cost, no slash and no model to lose proves nothing.
    """
    outcome, takings, at_stake = taken(mechanism, setting)
    if outcome is None:
        return
    for i, taking in enumerate(takings):
        if not at_stake[i]:
            continue
        alone = Fraction(0)
        if outcome.quality_ppm and setting.monotone:
            alone = 10**6 * Fraction(setting.worths[1 << i]) / Fraction(setting.worths[-1])
        says = f"honest {ascii_lowercase[i]!r} ends with {whole(taking)}, with {whole(alone)} alone"
        yield attempt(
            mechanism, setting, outcome, alone - taking, says, units=1, part=_floats(taking)
        )


def stays_in_budget(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Look for dues beyond the budget, or beyond the income of what is bought.

    A mechanism that refuses a budget before it looks at bids owes nothing; one that finds out
    later has owed it.
    """
    round_ = setting.round()
    try:
        outcome = mechanism(round_)
    except Underfunded:
        return
    except Deficit as deficit:
        says = f"it owes {deficit.owed} and has {deficit.budget}"
        yield money(setting, mechanism, deficit.owed - deficit.budget, says, units=1)
        return
    except RewardError:
        return
    paid = sum(outcome.payments) - sum(outcome.slashes)
    income: float = setting.budget
    if mechanism.model.income is not None:
        works = [float(work) for work in outcome.work]
        income = mechanism.model.income(round_, works, **mechanism.settings(round_))
    says = f"it pays {paid} and takes in {whole(income)}"
    yield attempt(
        mechanism, setting, outcome, paid - income, says, units=setting.n, part=_floats(income)
    )


def pays_out(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Look for units that nobody gets where somebody is worth something, or offers something."""
    buys = bool(mechanism.needs & {Need.BIDS, Need.REPORTS})
    if buys and Property.SBB not in mechanism.claims:
        return  # a buyer that keeps what it need not pay breaks no promise
    if not (any(setting.bids) if buys else setting.worths[-1] > 0):
        return
    if Need.CONTRIBUTIONS in mechanism.needs and not any(setting.round().counted):
        return  # worth less than the billionths that values are recorded in
    outcome = taken(mechanism, setting).outcome
    if outcome is None or outcome.quality_ppm:
        return
    unpaid = outcome.reserve - sum(outcome.slashes)
    says = f"{unpaid} units stay in the reserve"
    yield attempt(mechanism, setting, outcome, unpaid, says, units=0)


def _floats(amount: Fraction | float) -> float:
    """Give the part of a budget that an amount worked out in floats may be off by."""
    return 1e-9 if isinstance(amount, float) else 0.0
