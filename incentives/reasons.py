"""Why each is paid what it is: one reason a member, and parts that add up to its payment."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms import MECHANISMS
from fedmerit.incentives.mechanisms.properties import Need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.payments import Outcome, RoundInput


class Reason(StrEnum):
    """Why a member is paid, or is not; :data:`WHY` says each in words."""

    PAID = "paid"
    HARMFUL = "harmful"
    WORTHLESS = "worthless"
    ZERO_UPDATES = "zero-updates"
    UNUSABLE_UPDATES = "unusable-updates"
    KEPT_SECRET = "kept-secret"  # noqa: S105 - a reason
    OFFER_UNOPENED = "offer-unopened"
    INELIGIBLE = "ineligible"
    NOT_BOUGHT = "not-bought"
    UNCERTAIN = "uncertain"
    ROUNDED_AWAY = "rounded-away"
    RULE = "rule"


#: What each reason says, for people; it completes "paid nothing: ".
WHY: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.PAID: "paid",
        Reason.HARMFUL: "the model is better without it",
        Reason.WORTHLESS: "it adds nothing",
        Reason.ZERO_UPDATES: "it sent only zeros, the model as it came",
        Reason.UNUSABLE_UPDATES: "no update of it could be used",
        Reason.KEPT_SECRET: "it did not show in time what it had sealed",
        Reason.OFFER_UNOPENED: "it did not open its offer",
        Reason.INELIGIBLE: "it was left out before the division",
        Reason.NOT_BOUGHT: "its offer was not bought",
        Reason.UNCERTAIN: "its value cannot be told from nothing",
        Reason.ROUNDED_AWAY: "its share is below one base unit",
        Reason.RULE: "the rule pays it nothing",
    }
)


class PayPart(NamedTuple):
    """One step on the way to a payment.

    Attributes:
        label: What it is.
        amount: Base units; below 0 where it takes away.
    """

    label: str
    amount: int


class Explanation(NamedTuple):
    """Why one member is paid what it is.

    Attributes:
        reason: In a word.
        parts: They add up to the payment, to the base unit.
    """

    reason: Reason
    parts: tuple[PayPart, ...]


def explanations(
    round_: RoundInput,
    outcome: Outcome,
    *,
    mechanism: str,
    ineligible: Mapping[str, Reason] = MappingProxyType({}),
) -> tuple[Explanation, ...]:
    """Give every member's reason, and its payment step by step.

    Args:
        round_: What was decided.
        outcome: How.
        mechanism: By which rule.
        ineligible: Why members were left out beforehand, where that is known.

    Raises:
        RewardError: The outcome is not of this round, or no mechanism has this name.
    """
    if (round_.participants, round_.budget) != (outcome.participants, outcome.budget):
        raise RewardError(
            f"the outcome pays {outcome.participants} out of {outcome.budget}, "
            f"the round is of {round_.participants} and {round_.budget}"
        )
    rule = MECHANISMS.get(mechanism)
    if rule is None:
        raise RewardError(f"no mechanism is called {mechanism!r}")
    known = {name: ineligible.get(name, Reason.INELIGIBLE) for name in round_.ineligible}
    return tuple(
        Explanation(
            _reason(round_, outcome, rule, known, i),
            tuple(_parts(round_, outcome, rule, known, i)),
        )
        for i in range(len(round_.participants))
    )


def _reason(
    round_: RoundInput, outcome: Outcome, rule: Mechanism, known: Mapping[str, Reason], i: int
) -> Reason:
    if outcome.payments[i]:
        return Reason.PAID
    if (reason := known.get(round_.participants[i])) is not None:
        return reason
    estimate = round_.contributions[i]
    unasked = bool(round_.bids) and round_.bids[i] is None
    if estimate.value <= 0 and (unasked or rule.needs & {Need.CONTRIBUTIONS, Need.GAME}):
        return Reason.HARMFUL if estimate.value else Reason.WORTHLESS
    if Need.BIDS in rule.needs:
        return Reason.NOT_BOUGHT
    if rule.name == "confident" and estimate.value <= estimate.half_width:
        return Reason.UNCERTAIN
    first = _first(round_, rule, i)
    return Reason.ROUNDED_AWAY if 0 < first < 1 else Reason.RULE


def _parts(
    round_: RoundInput, outcome: Outcome, rule: Mechanism, known: Mapping[str, Reason], i: int
) -> Iterator[PayPart]:
    """Give the parts; the last is what is left, so that they always add up."""
    left = outcome.payments[i]
    for label, amount in _told(round_, outcome, rule, known, i):
        if whole := round(amount):
            yield PayPart(label, whole)
            left -= whole
    if left:
        yield PayPart(_last(rule, left), left)


def _told(
    round_: RoundInput, outcome: Outcome, rule: Mechanism, known: Mapping[str, Reason], i: int
) -> Iterator[tuple[str, Fraction]]:
    """Give the parts of which a rule of this kind says how they come about."""
    if Need.BIDS in rule.needs:
        if (bid := round_.bids[i] if round_.bids else None) is not None:
            yield _asked(outcome, bid, i)
        return
    first = _first(round_, rule, i)
    yield _FIRST.get(rule.name, "its value, at one price for all"), first
    if (reason := known.get(round_.participants[i])) is not None:
        yield f"left out: {WHY[reason]}", -first
        return
    if first < 0:
        yield "below zero counts as nothing", -first
        return
    if rule.name == "confident":
        doubt = _price(round_) * round_.contributions[i].half_width
        yield "less half the width of its interval", -doubt
        if first < doubt:
            yield "below zero counts as nothing", doubt - first


def _asked(outcome: Outcome, bid: Bid, i: int) -> tuple[str, Fraction]:
    """Give what was asked for the part that is bought."""
    work = outcome.work[i] if outcome.work else Fraction(bid.capacity)
    if outcome.payments[i]:
        return "what it asked for what is bought", bid.unit_cost * work
    return "nothing is bought of it", Fraction(0)


#: What rules start from that do not look at values.
_FIRST: Final[Mapping[str, str]] = MappingProxyType(
    {"equal": "the same for everyone", "data-size": "its share of the declared rows"}
)


def _first(round_: RoundInput, rule: Mechanism, i: int) -> Fraction:
    """Give what the plainest division of the budget would pay, in base units; harm below 0."""
    if rule.name == "equal":
        weights = [int(name not in round_.ineligible) for name in round_.participants]
    elif rule.name == "data-size":
        pairs = zip(round_.participants, round_.rows, strict=True)
        weights = [0 if name in round_.ineligible else rows for name, rows in pairs]
    else:
        return _price(round_) * round_.contributions[i].value
    return Fraction(round_.budget * weights[i], sum(weights) or 1)


def _price(round_: RoundInput) -> Fraction:
    """Give the base units that a billionth of value is paid, if all that counts is paid for."""
    total = sum(round_.counted)
    return Fraction(round_.budget, total) if total else Fraction(0)


def _last(rule: Mechanism, left: int) -> str:
    if abs(left) <= 1:
        return "rounding to whole base units"
    if Need.BIDS in rule.needs:
        return "what the rule's price adds" if left > 0 else "what the rule's price takes off"
    return f"what {rule.name} does otherwise"
