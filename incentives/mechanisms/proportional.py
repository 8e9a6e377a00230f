"""What a run has measured, paid: by value, by its low end, alike, or by declared rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.incentives.apportionment import apportion, jefferson
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.payments import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import RoundInput


#: What any division of the whole budget by fixed weights keeps.
_ALWAYS = (Property.WBB, Property.SYM, Property.SCALE)
#: Where no value is below 0, so that none is cut.
_LINEAR = (Claim(Property.ADD, (Condition.HARMLESS,)), Claim(Property.MONO, (Condition.HARMLESS,)))
#: Rows are what is paid for: whoever can declare the same ones twice is paid for them twice.
_COUNTED = (Condition.COUNTED_ONCE,)


@mechanism(
    claims=(*_ALWAYS, *_LINEAR, Property.SBB, Property.NULL),
    needs=(Need.CONTRIBUTIONS,),
)
def proportional(round_: RoundInput, /) -> Outcome:
    """Pay the whole budget by the positive part of the value.

    Promises that nobody who harms is paid, that twice the value is twice the pay, and
    that the budget goes out to the last unit, unless nobody is worth anything.
    Fails where values are noisy: an error that lifts a worthless member above 0 is paid
    at everyone's cost, and never charged when it goes the other way. Whoever can join
    under two names may gain too: two copies together can be worth more than one.

    Source: Wang et al. (2020), who divide by positive Shapley values.
    Cost: One pass.
    """
    return _pay(round_, round_.counted)


@mechanism(
    claims=(*_ALWAYS, Property.NULL, Claim(Property.MONO, (Condition.HARMLESS,))),
    needs=(Need.CONTRIBUTIONS,),
)
def confident(round_: RoundInput, /) -> Outcome:
    """Pay by the low end of each value's interval, and keep the rest in the reserve.

    Each share is ``max(0, low) / sum(max(0, value))`` of the budget, where ``low`` is the
    value less half the width of its interval; all of it is exact.
    Promises that nobody is paid for luck, nor, to the last unit, more than *proportional*
    would. Fails small members: an honest one whose data help a little, but not clearly
    so on the validation rows at hand, is paid little or nothing. The keeper of the
    reserve likes it, and so has no reason to bring more validation rows.

    Source: Ours.
    Cost: One pass.
    """
    lows = [
        max(0, counted - estimate.half_width)
        for counted, estimate in zip(round_.counted, round_.contributions, strict=True)
    ]
    # The reserve claims what is uncertain, after everyone: ties go to the members.
    *shares, _ = _split(round_, [*lows, sum(round_.counted) - sum(lows)])
    # Two splits of one budget may round apart by a unit; caution never pays more.
    most = proportional(round_).payments
    return _outcome(round_, [min(pair) for pair in zip(shares, most, strict=True)])


@mechanism(claims=(*_ALWAYS, Property.SBB, Property.MONO, Property.ADD), needs=())
def equal(round_: RoundInput, /) -> Outcome:
    """Pay everyone alike, whatever they brought.

    Promises simplicity, and that no measurement error moves a payment. Free-riders like
    it, and so does whoever can join under two names. For comparison.

    Source: The usual baseline.
    Cost: One pass.
    """
    return _pay(round_, [int(name not in round_.ineligible) for name in round_.participants])


@mechanism(
    claims=(
        *_ALWAYS,
        Property.SBB,
        Claim(Property.SYBIL, _COUNTED),
        Claim(Property.REPLICATION, _COUNTED),
        Property.MONO,
        Property.ADD,
    ),
    needs=(Need.ROWS,),
    model=Model(merges=True),
)
def data_size(round_: RoundInput, /) -> Outcome:
    """Pay by the rows that each declares.

    Promises that no measurement error moves a payment, and that splitting one's rows over
    names gains not a base unit. Whoever declares rows that it does not have, that are
    worthless, or that another of its names declares too, likes it: nothing here looks at
    them. For comparison.

    Source: The usual baseline; the weights of McMahan et al. (2017).
    Cost: One pass.
    """
    pairs = zip(round_.participants, round_.rows, strict=True)
    weights = [0 if name in round_.ineligible else rows for name, rows in pairs]
    return _outcome(round_, jefferson(weights, round_.budget) if any(weights) else weights)


def _pay(round_: RoundInput, weights: Sequence[int]) -> Outcome:
    return _outcome(round_, _split(round_, weights))


def _split(round_: RoundInput, weights: Sequence[int]) -> list[int]:
    """Split the budget by *weights*; nobody gets anything if none is positive."""
    return apportion(weights, round_.budget) if any(weights) else [0] * len(weights)


def _outcome(round_: RoundInput, payments: Sequence[int]) -> Outcome:
    return Outcome(
        participants=round_.participants,
        budget=round_.budget,
        payments=tuple(payments),
        slashes=(0,) * len(payments),
        reserve=round_.budget - sum(payments),
    )
