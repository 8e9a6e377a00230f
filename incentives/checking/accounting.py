"""Checks of the books: no unit lost or owed, nobody left with a loss, the budget paid out."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from fedmerit.errors import Deficit
from fedmerit.incentives.checking.results import Attempt, worst
from fedmerit.incentives.checking.takings import attempt, taken
from fedmerit.incentives.mechanisms.properties import Need, Property

if TYPE_CHECKING:
    import numpy as np

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms import Mechanism


def conserves(mechanism: Mechanism, setting: Setting, rng: np.random.Generator) -> Attempt | None:
    """Recount the money, with somebody ineligible, and run the round again."""
    out = ascii_lowercase[int(rng.integers(setting.n))]
    round_ = setting.round(ineligible=frozenset(out))
    outcome = mechanism(round_)
    amounts = (*outcome.payments, *outcome.slashes, outcome.reserve)
    lost = abs(sum(outcome.payments) + outcome.reserve - setting.budget - sum(outcome.slashes))
    odd = sum(not isinstance(amount, int) or amount < 0 for amount in amounts)
    ineligible = outcome.payments[round_.participants.index(out)]
    again = mechanism(round_).payments != outcome.payments
    otherwise = ", and the same round paid otherwise" if again else ""
    says = (
        f"with {out!r} ineligible, {lost} units were lost or made, {odd} amounts were no whole "
        f"units, {out!r} was paid {ineligible}{otherwise}"
    )
    gain = lost + odd + ineligible + again
    tried = attempt(mechanism, setting, outcome, gain, says)
    return Attempt(tried.gain, tried.says, 0.0)  # not a single unit is rounding


def harms_nobody(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Look for an honest member that ends below 0, or with a worse model than its own."""
    outcome, takings = taken(mechanism, setting)
    tries = []
    for i, taking in enumerate(takings):
        alone = 0.0
        if outcome.quality_ppm and setting.monotone:
            alone = float(1e6 * setting.worths[1 << i] / setting.worths[-1])
        says = f"honest {ascii_lowercase[i]!r} ends with {taking:.0f}, and with {alone:.0f} alone"
        tries.append(attempt(mechanism, setting, outcome, alone - taking, says))
    return worst(tries)


def stays_in_budget(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Look for dues beyond the budget, or beyond the income of what is bought."""
    round_ = setting.round()
    try:
        outcome = mechanism(round_)
    except Deficit as deficit:
        says = f"it owes {deficit.owed} and has {deficit.budget}"
        owed = float(deficit.owed - deficit.budget)
        return Attempt(owed, f"{says} [{setting.describe(mechanism.needs)}]", 1.0)
    paid = sum(outcome.payments) - sum(outcome.slashes)
    income = float(setting.budget)
    if mechanism.model.income is not None:
        works = [float(work) for work in outcome.work]
        income = mechanism.model.income(round_, works, **mechanism.settings(round_))
    says = f"it pays {paid} and takes in {income:.0f}"
    return attempt(mechanism, setting, outcome, paid - income, says)


def pays_out(mechanism: Mechanism, setting: Setting, _rng: np.random.Generator) -> Attempt | None:
    """Look for units that nobody gets where nobody's data do harm."""
    if not setting.monotone:
        return None
    if mechanism.needs & {Need.BIDS, Need.REPORTS} and Property.SBB not in mechanism.claims:
        return None  # a buyer that keeps what it need not pay breaks no promise
    outcome = mechanism(setting.round())
    if outcome.quality_ppm:
        return None
    unpaid = outcome.reserve - sum(outcome.slashes)
    return attempt(mechanism, setting, outcome, unpaid, f"{unpaid} units stay in the reserve")
