"""Nash bargaining: everyone gets what it has without the others, and a part of what is gained."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.coalitions import table
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import divide
from fedmerit.incentives.mechanisms.sharing import alone_of_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


def nash_division(
    total: Fraction, fallbacks: Sequence[Fraction], powers: Sequence[int]
) -> list[Fraction] | None:
    """Give the division that makes the product of gains over the fallbacks largest.

    Args:
        total: To be divided.
        fallbacks: What each has if they do not agree.
        powers: Exponents of the product, positive; equal ones share the gain equally.

    Returns:
        One share each, or None where the fallbacks are worth more than agreeing.
    """
    gain = total - sum(fallbacks)
    if gain < 0:
        return None
    shares = zip(fallbacks, powers, strict=True)
    return [fallback + gain * power / sum(powers) for fallback, power in shares]


@mechanism(
    claims=(Property.WBB, Property.SYM, Property.SCALE),
    needs=(Need.GAME,),
    model=Model(by_member=frozenset({"powers"})),
)
def nash_bargaining(round_: RoundInput, /, *, powers: tuple[int, ...] = ()) -> Outcome:
    """Pay each its worth alone and an equal part of what working together adds.

    Nobody is paid less than its worth alone. Who adds nothing still shares in the gain, since
    it could have refused. Where members alone are worth more than all
    together, as with similar data, there is nothing to agree on and all stays in the reserve.

    Args:
        round_: The round.
        powers: Bargaining powers in the order of participants; equal, if left out.

    Source: Nash (1950); with powers, Kalai (1977).
    Cost: n + 1 worths.
    """
    n = len(round_.participants)
    powers = powers or (1,) * n
    if len(powers) != n or min(powers) <= 0:
        raise RewardError(f"powers are positive and one per participant, not {powers}")
    worths = table(round_).worths
    everyone = int(worths[-1])
    if everyone <= 0:
        return divide(round_, [Fraction(0)] * n)
    inside = [i for i, name in enumerate(round_.participants) if name not in round_.ineligible]
    alone = [Fraction(max(0, worth), everyone) for worth in alone_of_table(worths)]
    shares = nash_division(Fraction(1), [alone[i] for i in inside], [powers[i] for i in inside])
    by_member = dict(zip(inside, shares or [], strict=bool(shares)))
    return divide(round_, [by_member.get(i, Fraction(0)) for i in range(n)])
