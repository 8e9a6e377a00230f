"""What every mechanism takes and gives, in integers.

Values enter as whole billionths of the metric and leave as base units, so that anyone
who reads the recorded integers recomputes the same payments, on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import RewardError
from fedmerit.incentives.apportionment import check_budget
from fedmerit.incentives.offers import NOTHING_YET, History, Offers, check_offers
from fedmerit.notebooks import html_table
from fedmerit.units import NANO, PPM

if TYPE_CHECKING:
    from fedmerit.incentives.valuation import Valuation


@dataclass(frozen=True, slots=True)
class Estimate:
    """One participant's value, as it is recorded.

    Attributes:
        value: Billionths of the metric; may be negative.
        half_width: Half of the value's interval, in billionths of the metric; 0 if
            nothing is uncertain.
    """

    value: int
    half_width: int

    def __post_init__(self) -> None:
        is_whole = isinstance(self.value, int) and isinstance(self.half_width, int)
        if not is_whole or self.half_width < 0:
            raise RewardError(
                f"an estimate is two integers, the half width not negative, and not {self}",
                hint="Make them from a valuation with estimates(valuation).",
            )


def estimates(valuation: Valuation, *, confidence: float = 0.95) -> tuple[Estimate, ...]:
    """Round values and the half widths of their intervals to whole billionths, halves to even.

    The rounding is of the float's exact binary value, so it is the same everywhere.

    Args:
        valuation: What a method answered.
        confidence: Of the intervals: the share of them meant to hold the true value.

    Raises:
        RewardError: A value or an error is not finite, as with one validation row only.
        GameError: *confidence* is not strictly between 0 and 1.
    """
    finite = np.isfinite(valuation.values) & np.isfinite(valuation.standard_errors)
    if not finite.all():
        name = valuation.participants[int((~finite).argmax())]
        raise RewardError(
            f"the value of {name!r} or its error is not finite",
            hint="Measure the game on two validation rows or more.",
        )
    low, high = valuation.interval(confidence).T
    pairs = zip(valuation.values.tolist(), ((high - low) / 2).tolist(), strict=True)
    return tuple(Estimate(_nano(value), _nano(half_width)) for value, half_width in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundInput(Offers):
    """Everything a mechanism may look at: what members offer, and these.

    Attributes:
        contributions: What each is worth, and how sure that is.
        budget: Base units to pay out or hold back.
        ineligible: Members who are paid nothing, whatever they are worth on paper; for
            instance because their every update was zero.
        order: Places of the participants in the order in which equals are served: whose ask
            of two like ones is taken, who gets the unit that cannot be split. As listed if empty,
            so whoever can choose its place should not know this order.
    """

    contributions: tuple[Estimate, ...]
    budget: int
    ineligible: frozenset[str] = frozenset()
    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_budget(self.budget)
        n = len(self.participants)
        if not n or len(set(self.participants)) < n:
            raise RewardError(f"participants must be unique, and one at least: {self.participants}")
        if len(self.contributions) != n or len(self.rows) != n:
            raise RewardError(
                f"{n} participants have {len(self.contributions)} contributions "
                f"and {len(self.rows)} counts of rows"
            )
        if any(not isinstance(count, int) or count < 0 for count in self.rows):
            raise RewardError(f"rows are whole counts, not negative: {self.rows}")
        if unknown := sorted(self.ineligible.difference(self.participants)):
            raise RewardError(f"ineligible are {unknown}, who do not take part")
        if self.order and sorted(self.order) != list(range(n)):
            raise RewardError(f"an order has each of {n} places once, and is {self.order}")
        check_offers(self)

    @property
    def counted(self) -> tuple[int, ...]:
        """The positive part of each value, 0 for the ineligible; billionths."""
        return tuple(
            0 if name in self.ineligible else max(0, estimate.value)
            for name, estimate in zip(self.participants, self.contributions, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a mechanism decided. No unit appears or vanishes.

    Attributes:
        participants: Names, in the order of the round.
        budget: Base units that went in.
        payments: Base units to each.
        slashes: Base units taken from the stake of each.
        reserve: Base units that nobody gets this round.
        work: What each is to deliver, in units of its bid's capacity; empty where the
            mechanism buys nothing.
        quality_ppm: How good a model each receives, in millionths of the best; empty where
            everyone receives the same.
        history: What the next round has to know.
    """

    participants: tuple[str, ...]
    budget: int
    payments: tuple[int, ...]
    slashes: tuple[int, ...]
    reserve: int
    work: tuple[Fraction, ...] = ()
    quality_ppm: tuple[int, ...] = ()
    history: History = NOTHING_YET

    def _repr_html_(self) -> str:
        """Show the payments in a notebook, in base units."""
        rows = [
            (name, f"{paid:,}", f"{slashed:,}")
            for name, paid, slashed in zip(
                self.participants, self.payments, self.slashes, strict=True
            )
        ]
        caption = f"of {self.budget:,} base units, {self.reserve:,} in reserve"
        return html_table(caption, ("participant", "payment", "slash"), rows)

    def __post_init__(self) -> None:
        amounts = (*self.payments, *self.slashes, self.reserve)
        if any(not isinstance(amount, int) or amount < 0 for amount in amounts):
            raise RewardError(f"amounts are whole base units, not negative: {self}")
        if not len(self.participants) == len(self.payments) == len(self.slashes):
            raise RewardError(f"every participant needs one payment and one slash: {self}")
        if any(
            listed and len(listed) != len(self.payments) for listed in (self.work, self.quality_ppm)
        ):
            raise RewardError(f"work and quality are of every participant or of none: {self}")
        if sum(self.payments) + self.reserve != self.budget + sum(self.slashes):
            raise RewardError(
                f"payments {sum(self.payments)} + reserve {self.reserve} is not "
                f"budget {self.budget} + slashes {sum(self.slashes)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutStep:
    """How one participant's payment came about, in the order one reads it.

    Attributes:
        participant: The name.
        value: Billionths of the metric.
        positive: The value, or 0 if it is negative.
        ineligible: Whether the member is paid nothing for another reason.
        counted: The positive part, or 0 if ineligible.
        counted_ppm: Its share of everybody's counted part, in millionths.
        payment: Base units.
        payment_ppm: The payment's share of the budget, in millionths.
    """

    participant: str
    value: int
    positive: int
    ineligible: bool
    counted: int
    counted_ppm: int
    payment: int
    payment_ppm: int


def explain(round_: RoundInput, outcome: Outcome) -> tuple[PayoutStep, ...]:
    """Show the way from each value to its payment, for people; shares round half to even.

    Where *counted_ppm* and *payment_ppm* differ, the mechanism weighed something else
    than the values: their intervals, the data sizes, or nothing.

    Raises:
        RewardError: The outcome is not of this round.
    """
    if (round_.participants, round_.budget) != (outcome.participants, outcome.budget):
        raise RewardError(
            f"the outcome pays {outcome.participants} out of {outcome.budget}, "
            f"the round is of {round_.participants} and {round_.budget}"
        )
    counted = round_.counted
    total = sum(counted)
    return tuple(
        PayoutStep(
            participant=name,
            value=round_.contributions[i].value,
            positive=max(0, round_.contributions[i].value),
            ineligible=name in round_.ineligible,
            counted=counted[i],
            counted_ppm=_ppm(counted[i], total),
            payment=outcome.payments[i],
            payment_ppm=_ppm(outcome.payments[i], outcome.budget),
        )
        for i, name in enumerate(round_.participants)
    )


def _nano(number: float) -> int:
    return round(Fraction(number) * NANO)


def _ppm(part: int, total: int) -> int:
    return round(Fraction(part * PPM, total)) if total else 0
