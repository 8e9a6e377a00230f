"""What members end with: pay less slashes less the cost of the work; or the model they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.incentives.checking.results import Attempt, money, quality

if TYPE_CHECKING:
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.payments import Outcome, RoundInput


def taken(
    mechanism: Mechanism, setting: Setting, told: RoundInput | None = None
) -> tuple[Outcome, list[float]]:
    """Run *mechanism*, and give the outcome and what each member truly ends with.

    Args:
        mechanism: To be run.
        setting: The truth: costs are those of its bids.
        told: What the round is told instead of the truth.
    """
    round_ = told or setting.round()
    outcome = mechanism(round_)
    if outcome.quality_ppm:
        return outcome, [float(quality) for quality in outcome.quality_ppm]
    nets = [pay - slash for pay, slash in zip(outcome.payments, outcome.slashes, strict=True)]
    if not outcome.work:
        return outcome, [float(net) for net in nets]
    work = [float(units) for units in outcome.work]
    takings = []
    for i, (net, bid) in enumerate(zip(nets, setting.bids, strict=True)):
        cost = mechanism.work_cost(round_, bid, work[i]) if bid is not None else 0.0
        benefit = 0.0
        if mechanism.model.benefit is not None:
            benefit = mechanism.model.benefit(round_, work, i, **mechanism.settings(round_))
        takings.append(net - cost + benefit)
    return outcome, takings


def attempt(
    mechanism: Mechanism, setting: Setting, outcome: Outcome, gain: float, says: str
) -> Attempt:
    """Make an attempt in the unit that *outcome* is in."""
    return (quality if outcome.quality_ppm else money)(setting, mechanism, gain, says)
