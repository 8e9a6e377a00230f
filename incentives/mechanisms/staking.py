"""Negative values that are charged: to a stake, never beyond it, and never made up.

Clipping harm to 0 pays by errors: those that go up are paid and those that go down are not.
With a stake behind each member, those that go down are charged.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import divide, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


def charges(values: Sequence[int], budget: int, stakes: Sequence[int]) -> list[int]:
    """Give what each is charged for harm: its part of all that was moved, up or down.

    A charge of ``budget * harm / sum(|values|)`` is never above the budget and moves little where
    values move little. By the sum of values itself it would jump: where harm undoes nearly all that
    was added, a little harm would cost a whole stake, and at a sum of 0 none at all.

    Args:
        values: In any unit.
        budget: Base units.
        stakes: The most that each can be charged.

    Returns:
        Whole base units, rounded down; all 0 where no value is negative.
    """
    moved = sum(map(abs, values)) or 1
    return [
        min(max(0, -value) * budget // moved, stake)
        for value, stake in zip(values, stakes, strict=True)
    ]


@mechanism(
    claims=(
        Property.WBB,
        Property.SBB,
        Property.SYM,
        Property.NULL,
        Claim(Property.ADD, (Condition.HARMLESS,)),
        Claim(Property.MONO, (Condition.HARMLESS,)),
        Property.SCALE,
    ),
    needs=(Need.CONTRIBUTIONS, Need.STAKES),
)
def signed_stakes(round_: RoundInput, /) -> Outcome:
    """Pay the budget by value, and charge harm to the stakes of those who did it.

    Nobody ends with less for being worth more, while the others' values stay as they are. What is
    collected stays in the reserve: the budget's owner bore the harm.
    Fails the unlucky: an honest member can lose some of its stake to a measurement error, so
    intervals should be narrow.

    Source: Ours.
    Cost: One pass.
    """
    values = [
        0 if name in round_.ineligible else estimate.value
        for name, estimate in zip(round_.participants, round_.contributions, strict=True)
    ]
    paid = divide(round_, list(map(Fraction, round_.counted))).payments
    return outcome(round_, paid, slashes=charges(values, round_.budget, round_.stakes))
