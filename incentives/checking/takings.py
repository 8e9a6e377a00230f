"""What members end with: pay less slashes less the cost of the work; or the model they get."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from fedmerit.errors import RewardError
from fedmerit.incentives.checking.results import Attempt, money, quality

if TYPE_CHECKING:
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism
    from fedmerit.incentives.payments import Outcome, RoundInput


class Taken(NamedTuple):
    """What came of a round.

    Attributes:
        outcome: None if the mechanism refused it: then nobody works or is paid.
        takings: What each member truly ends with.
        at_stake: Whether each could end with a loss: by work, by a slash, or by a worse model.
    """

    outcome: Outcome | None
    takings: list[Fraction | float]
    at_stake: list[bool]


def taken(mechanism: Mechanism, setting: Setting, told: RoundInput | None = None) -> Taken:
    """Run *mechanism*, and give the outcome and what each member truly ends with.

    Args:
        mechanism: To be run.
        setting: The truth: costs are those of its bids.
        told: What the round is told instead of the truth.
    """
    round_ = told or setting.round()
    try:
        outcome = mechanism(round_)
    except RewardError:
        return Taken(None, [Fraction(0)] * setting.n, [False] * setting.n)
    if outcome.quality_ppm:
        return Taken(outcome, list(map(Fraction, outcome.quality_ppm)), [True] * setting.n)
    costs = [_cost(mechanism, setting, round_, outcome, i) for i in range(setting.n)]
    return Taken(
        outcome,
        [ends_with(mechanism, setting, round_, outcome, i) for i in range(setting.n)],
        [bool(cost > 0 or slash) for cost, slash in zip(costs, outcome.slashes, strict=True)],
    )


def ends_with(
    mechanism: Mechanism, setting: Setting, round_: RoundInput, outcome: Outcome, member: int
) -> Fraction | float:
    """Give the money that *member*, whose costs are those of *setting*, ends with.

    Args:
        mechanism: That decided.
        setting: The truth.
        round_: What was told.
        outcome: What was decided.
        member: By position.
    """
    net = Fraction(outcome.payments[member] - outcome.slashes[member])
    cost = _cost(mechanism, setting, round_, outcome, member)
    return net - cost + _benefit(mechanism, round_, outcome, member)


def attempt(
    mechanism: Mechanism,
    setting: Setting,
    outcome: Outcome,
    gain: Fraction | float,
    says: str,
    *,
    units: int,
    **more: Any,  # noqa: ANN401 - of money()
) -> Attempt:
    """Make an attempt in the unit that *outcome* is in."""
    if outcome.quality_ppm:
        return quality(setting, gain, says, outside=more.get("outside", frozenset()))
    return money(setting, mechanism, gain, says, units=units, **more)


def _cost(
    mechanism: Mechanism, setting: Setting, round_: RoundInput, outcome: Outcome, member: int
) -> Fraction | float:
    bid = setting.bids[member]
    if bid is None:
        return Fraction(0)
    if mechanism.model.sunk:
        return Fraction(bid.cost)
    return mechanism.work_cost(round_, bid, outcome.work[member]) if outcome.work else Fraction(0)


def _benefit(
    mechanism: Mechanism, round_: RoundInput, outcome: Outcome, member: int
) -> Fraction | float:
    if mechanism.model.benefit is None or not outcome.work:
        return Fraction(0)
    work = [float(units) for units in outcome.work]
    return mechanism.model.benefit(round_, work, member, **mechanism.settings(round_))
