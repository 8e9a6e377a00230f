"""Where formulas meet money: everything is paid through here, in whole base units.

Formulas are exact wherever they can be: fractions of whole numbers, and roots to far below a
unit. A float is rounded to a trillionth of the largest amount beside it before it can decide.
What leaves goes through one ``apportion``, less than a unit from what is due.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, isfinite, isqrt, log10, sqrt
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fedmerit.errors import Deficit, RewardError
from fedmerit.incentives.apportionment import apportion
from fedmerit.incentives.payments import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import RoundInput

#: What a formula may be worked out in.
Number = TypeVar("Number", float, Fraction)

#: Floats are rounded to this part of the largest amount that they may come to.
_FINEST: Final = 10**12
#: Bits behind the point of an exact root.
_BITS: Final = 64


def exact(number: float | Fraction, most: Fraction | int) -> Fraction:
    """Give *number* as a fraction, a float rounded to a trillionth of *most*.

    Raises:
        RewardError: It is not finite.
    """
    fraction = _finite(number)
    if not isinstance(number, float):
        return fraction
    return round(fraction * _FINEST / most) * Fraction(most) / _FINEST


def root(square: Number) -> Number:
    """Give a square root; of a fraction, to 2**-64 of a unit and to 63 bits of the root."""
    if isinstance(square, float):
        return sqrt(square)
    above, below = square.numerator, square.denominator
    bits = _BITS + max(0, below.bit_length() - above.bit_length())
    return Fraction(isqrt((above << 2 * bits) // below), 1 << bits)


def divide(round_: RoundInput, weights: Sequence[float | Fraction], **more: Any) -> Outcome:  # noqa: ANN401 - fields of Outcome
    """Pay the whole budget by *weights*, the negative and those of the ineligible as 0.

    Where nobody's weight is positive, all stays in the reserve.
    """
    largest = _power_of_ten(max((abs(w) for w in weights if isinstance(w, float)), default=0.0))
    counted = [
        Fraction(0) if name in round_.ineligible else max(Fraction(0), exact(weight, largest))
        for name, weight in zip(round_.participants, weights, strict=True)
    ]
    paid = apportion(counted, round_.budget) if any(counted) else [0] * len(counted)
    return outcome(round_, paid, **more)


def pay(round_: RoundInput, dues: Sequence[float | Fraction], **more: Any) -> Outcome:  # noqa: ANN401 - fields of Outcome
    """Pay what each is due, to less than a unit; the reserve has the rest.

    Args:
        round_: The round.
        dues: Base units, not negative.
        more: What else the outcome says.

    Raises:
        Deficit: Together they are more than the budget.
    """
    amounts = [exact(due, round_.budget) for due in dues]
    rest = round_.budget - sum(amounts)
    rounded = Fraction(len(dues), 1 << _BITS // 2)
    if any(isinstance(due, float) for due in dues):
        rounded += Fraction(len(dues) * round_.budget, _FINEST)
    if rest < -rounded:
        raise Deficit(owed=ceil(sum(amounts)), budget=round_.budget)
    # The reserve claims last: of equal remainders the members' come first.
    *paid, _ = apportion([*amounts, max(Fraction(0), rest)], round_.budget)
    return outcome(round_, paid, **more)


def outcome(round_: RoundInput, payments: Sequence[int], **more: Any) -> Outcome:  # noqa: ANN401 - fields of Outcome
    """Book *payments*, with what is left of the budget in the reserve."""
    slashes = more.pop("slashes", (0,) * len(payments))
    return Outcome(
        participants=round_.participants,
        budget=round_.budget,
        payments=tuple(payments),
        slashes=tuple(slashes),
        reserve=round_.budget + sum(slashes) - sum(payments),
        **more,
    )


def _power_of_ten(number: float) -> Fraction:
    """Give the one above *number*, so that decimal fractions are read as what they say."""
    if not isfinite(number):
        _finite(number)
    return Fraction(10) ** (floor(log10(number)) + 1) if number else Fraction(1)


def _finite(number: float | Fraction) -> Fraction:
    if isinstance(number, float) and not isfinite(number):
        raise RewardError(
            f"a payment came out as {number}",
            hint="Look for a cost, a worth or a parameter of 0 that is divided by.",
        )
    return Fraction(number)
