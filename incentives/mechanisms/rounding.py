"""The edge between real-valued formulas and money: everything is paid through here.

Formulas may be floats. What leaves is whole base units, through one ``apportion``; the last
bits of a float, which differ between platforms, are rounded off before they can decide.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, Final

from fedmerit.errors import Deficit, RewardError
from fedmerit.incentives.apportionment import apportion
from fedmerit.incentives.payments import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import RoundInput

#: Floats are rounded to this part of the largest amount that they may come to.
_FINEST: Final = 10**12


def exact(number: float | Fraction, most: int) -> Fraction:
    """Give *number* as a fraction, a float rounded to a millionth of a millionth of *most*.

    Raises:
        RewardError: It is not finite.
    """
    fraction = _finite(number)
    if not isinstance(number, float):
        return fraction
    return Fraction(round(fraction * _FINEST / most) * most, _FINEST)


def divide(round_: RoundInput, weights: Sequence[float | Fraction], **more: Any) -> Outcome:  # noqa: ANN401 - fields of Outcome
    """Pay the whole budget by *weights*, the negative and the ineligible as 0.

    Where nobody's weight is positive, all stays in the reserve.
    """
    largest = ceil(max(abs(_finite(weight)) for weight in weights)) or 1
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
    if rest < -Fraction(len(dues) * round_.budget, _FINEST):
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


def _finite(number: float | Fraction) -> Fraction:
    if isinstance(number, float) and not isfinite(number):
        raise RewardError(
            f"a payment came out as {number}",
            hint="Look for a cost, a worth or a parameter of 0 that is divided by.",
        )
    return Fraction(number)
