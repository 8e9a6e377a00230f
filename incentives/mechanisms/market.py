"""What the auctions share: who bids, and settings that can be."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from fedmerit.errors import RewardError, Underfunded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.payments import RoundInput


def entered(round_: RoundInput) -> dict[int, Bid]:
    """Give the bids that count, by the member's position: all but those of the ineligible."""
    pairs = zip(round_.participants, round_.bids, strict=True)
    return {
        i: bid
        for i, (name, bid) in enumerate(pairs)
        if bid is not None and name not in round_.ineligible
    }


def spread(round_: RoundInput, by_member: Mapping[int, float | Fraction]) -> list[float | Fraction]:
    """Give one number per participant, 0 for those that *by_member* leaves out."""
    return [by_member.get(i, Fraction(0)) for i in range(len(round_.participants))]


def whole_work(round_: RoundInput, winners: Iterable[int]) -> tuple[Fraction, ...]:
    """Give the work of winners who deliver all that they offer."""
    won = set(winners)
    return tuple(
        Fraction(bid.capacity if bid is not None and i in won else 0)
        for i, bid in enumerate(round_.bids)
    )


def refuse_short(round_: RoundInput, most: Fraction) -> None:
    """Refuse a budget that may not cover what is owed, whatever is bid.

    To refuse only once the bids are known would pay whoever bids so that it is not refused.

    Raises:
        Underfunded: The budget is below *most*.
    """
    if round_.budget < most:
        raise Underfunded(owed=ceil(most), budget=round_.budget)


def at_least(least: int | Fraction, /, **settings: int | Fraction) -> None:
    """Refuse settings below *least*.

    Raises:
        RewardError: With the setting and its value.
    """
    for name, setting in settings.items():
        if setting < least:
            raise RewardError(f"{name} must be {least} or more, and is {setting}")


def positive(**settings: int | Fraction) -> None:
    """Refuse settings that are 0 or less.

    Raises:
        RewardError: With the setting and its value.
    """
    for name, setting in settings.items():
        if setting <= 0:
            raise RewardError(f"{name} must be above 0, and is {setting}")
