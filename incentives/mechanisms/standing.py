"""Reputation: a memory of who helped, which selects and weighs the members of later rounds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import at_least
from fedmerit.incentives.mechanisms.properties import Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import divide

if TYPE_CHECKING:
    from fedmerit.incentives.payments import Outcome, RoundInput

#: No reputation falls below this, so that everyone can earn it back.
_LEAST: Final = Fraction(1, 1000)


def next_reputation(reputation: Fraction, memory: Fraction, *, helped: bool) -> Fraction:
    """Give a reputation after a round: a moving average of having helped."""
    return max(_LEAST, memory * reputation + (1 - memory) * helped)


@mechanism(
    claims=(Property.WBB, Property.SYM, Property.NULL, Property.SCALE),
    needs=(Need.CONTRIBUTIONS, Need.HISTORY),
)
def reputation(
    round_: RoundInput,
    /,
    *,
    memory: Fraction = Fraction(4, 5),
    start: Fraction = Fraction(1, 2),
    least: Fraction = Fraction(1, 4),
) -> Outcome:
    """Pay by value times reputation, and only those whose reputation is high enough.

    Each round moves reputations towards 1 for whoever added something, towards 0 for others,
    and the next one pays by them. A bad record costs a member until it is mended; but a new
    name starts afresh, so *start* must not be worth more than what names cost.

    Args:
        round_: The round; reputations are those of its history.
        memory: How much of a reputation a round leaves as it was, 0 to 1.
        start: Reputation of members without a history.
        least: Reputation below which a member is not selected.

    Source: In the style of Kang, Xiong, Niyato, Xie and Zhang (2019).
    Cost: One pass.
    """
    if not (0 <= memory <= 1 and 0 < start <= 1):
        raise RewardError(f"memory and start are parts of 1, and are {memory} and {start}")
    at_least(0, least=least)
    before = round_.history.reputations or (start,) * len(round_.participants)
    pairs = list(zip(before, round_.counted, strict=True))
    weights = [trust * counted if trust >= least else Fraction(0) for trust, counted in pairs]
    after = tuple(next_reputation(trust, memory, helped=counted > 0) for trust, counted in pairs)
    return divide(round_, weights, history=replace(round_.history, reputations=after))
