"""Splitting whole base units by weights, to the last unit.

Exact integers throughout: a float holds no more than 2**53 of them, and a budget of one
token of 18 decimals is past that already.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from numbers import Rational
from typing import TYPE_CHECKING, Final

from fedmerit.errors import RewardError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Above every budget: contracts hold amounts in 256 bits.
TOO_MUCH: Final = 2**256


def apportion(weights: Sequence[int | Fraction], budget: int) -> list[int]:
    """Split *budget* by *weights* with the largest-remainder method (Hamilton).

    Everyone gets the exact share rounded down; the units left over go, one each, to the
    largest remainders, ties to the earlier weight. A zero weight gets exactly 0,
    and no share is a whole unit away from the exact one. Whoever splits a weight over several
    names can gain by it, less than a unit a name; see :func:`jefferson`.

    Args:
        weights: Not negative, exact, one of them positive at least.
        budget: Base units to split, 1 to ``2**256 - 1``.

    Returns:
        Base units in the order of *weights*; they add up to *budget*.

    Raises:
        RewardError: The budget is out of range, or a weight is negative or a float, or
            no weight is positive.
    """
    scaled = _split_by(weights, budget)
    total = sum(scaled)
    shares, remainders = zip(*(divmod(budget * weight, total) for weight in scaled), strict=True)
    paid = list(shares)
    # sorted() is stable, also in reverse: equal remainders keep the participants' order.
    first = sorted(range(len(paid)), key=remainders.__getitem__, reverse=True)
    for i in first[: budget - sum(paid)]:
        paid[i] += 1
    return paid


def jefferson(weights: Sequence[int | Fraction], budget: int) -> list[int]:
    """Split *budget* by *weights* so that no weight gains a unit by being split over names.

    Unit by unit to the largest ``weight / (units so far + 1)``, ties to the larger weight and
    then to the earlier one (Jefferson, 1792; D'Hondt, 1882). Of all divisor methods this one alone
    never gives the parts of a weight more than the whole (Balinski and Young, 1982). The price of
    it: with n weights a share is never below the exact one rounded down, and may be up to n - 1
    units above that.

    Args:
        weights: As for :func:`apportion`.
        budget: Base units to split, 1 to ``2**256 - 1``.

    Returns:
        Base units in the order of *weights*; they add up to *budget*.

    Raises:
        RewardError: As :func:`apportion`.
    """
    scaled = _split_by(weights, budget)
    total = sum(scaled)
    # Nobody ends below this: at these shares no quotient is below that of weights and budget.
    paid = [budget * weight // total for weight in scaled]
    for _ in range(budget - sum(paid)):
        best = 0
        for i, weight in enumerate(scaled):
            ahead, behind = weight * (paid[best] + 1), scaled[best] * (paid[i] + 1)
            if (ahead, weight) > (behind, scaled[best]):
                best = i
        paid[best] += 1
    return paid


def check_budget(budget: int) -> None:
    """Refuse a budget that no contract could hold, or that pays nobody.

    Raises:
        RewardError: With the budget.
    """
    if not isinstance(budget, int) or not 0 < budget < TOO_MUCH:
        raise RewardError(
            f"a budget is 1 to 2**256 - 1 whole base units, not {budget!r}",
            hint="Count in base units: one token of 18 decimals is 10**18 of them.",
        )


def _split_by(weights: Sequence[int | Fraction], budget: int) -> list[int]:
    """Give *weights* as integers, once there is something to split by and to split."""
    check_budget(budget)
    scaled = _scaled(weights)
    if not any(scaled):
        raise RewardError(
            f"none of {len(scaled)} weights is positive, so nothing can be split",
            hint="Leave the budget in the reserve.",
        )
    return scaled


def _scaled(weights: Sequence[int | Fraction]) -> list[int]:
    """Scale *weights* to integers of the same proportions."""
    if odd := [weight for weight in weights if not isinstance(weight, Rational) or weight < 0]:
        raise RewardError(
            f"weights must be exact and not negative, and {odd[0]!r} is not",
            hint="Pass integers or fractions.Fraction.",
        )
    exact = [Fraction(weight) for weight in weights]
    scale = lcm(*(weight.denominator for weight in exact))
    return [int(weight * scale) for weight in exact]
