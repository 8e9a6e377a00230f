"""Negative values that are charged: to a stake, never beyond it, and never made up.

Clipping harm to 0 pays by errors: those that go up are paid and those that go down are not.
With a stake behind each member the sum can be as linear as the values are.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fedmerit.incentives.apportionment import apportion
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


def signed_division(
    values: Sequence[int], budget: int, stakes: Sequence[int] | None
) -> list[Fraction]:
    """Divide *budget* by values, charging the negative ones to their stakes.

    What is collected is shared out with the budget, by positive values. Where the sum of
    values is not positive there is nothing to divide, and nobody gets or owes anything.

    Args:
        values: In any unit.
        budget: Base units.
        stakes: The most that each can be charged; None for no limit.

    Returns:
        Base units to each; they add up to the budget, or are all 0.
    """
    total, gained = sum(values), sum(value for value in values if value > 0)
    if total <= 0:
        return [Fraction(0)] * len(values)
    charged = [Fraction(max(0, -value) * budget, total) for value in values]
    if stakes is not None:
        charged = [min(owed, Fraction(stake)) for owed, stake in zip(charged, stakes, strict=True)]
    pot = Fraction(budget) + sum(charged)
    return [
        pot * Fraction(value, gained) if value > 0 else -owed
        for value, owed in zip(values, charged, strict=True)
    ]


@mechanism(
    claims=(
        Property.WBB,
        Claim(Property.SBB, (Condition.HARMLESS,)),
        Property.SYM,
        Property.NULL,
        Claim(Property.ADD, (Condition.HARMLESS,)),
        Claim(Property.MONO, (Condition.HARMLESS,)),
        Property.SCALE,
    ),
    needs=(Need.CONTRIBUTIONS, Need.STAKES),
)
def signed_stakes(round_: RoundInput, /) -> Outcome:
    """Pay by value, and charge harm to the stakes of those who did it.

    What is paid beyond the budget is what was collected, to the unit. Fails the unlucky: an
    honest member can lose its stake to a measurement error, so intervals should be narrow. A
    unit of value is worth the budget over the sum of values, so where harm undoes nearly all
    that was added, little harm costs a whole stake, and at a sum of 0 none does. Then who adds
    more can also end with less: its own part grows, and what a unit is worth falls.

    Source: Ours; after the linearity of Shapley (1953).
    Cost: One pass.
    """
    values = [
        0 if name in round_.ineligible else estimate.value
        for name, estimate in zip(round_.participants, round_.contributions, strict=True)
    ]
    shares = signed_division(values, round_.budget, round_.stakes)
    slashes = [int(-share // 1) if share < 0 else 0 for share in shares]
    # What rounding leaves of a charge below one unit is not taken, and not paid out either.
    weights = [max(Fraction(0), share) for share in shares]
    pot = round_.budget + sum(slashes)
    paid = apportion(weights, pot) if any(weights) else [0] * len(weights)
    return outcome(round_, paid, slashes=slashes)
