"""What members bring to a round besides their contribution: offers, and what came before.

A bid is for the whole offer; whoever keeps part of it back asks for that part of the cost.
Rows can be counted, so nobody can offer more of them than it declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import BidError, RewardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import RoundInput

#: A setting of a mechanism: exact, so that whoever recomputes a payment has the same one.
Parameter = int | Fraction | tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """One member's offer.

    Attributes:
        cost: Base units asked for all of it; a buyer's bid: what it would give for it.
        capacity: Units on offer, rows for instance; at least 1.
        quality: Points of quality of all of it, as measured by others; at least 1.
    """

    cost: int
    capacity: int = 1
    quality: int = 1

    def __post_init__(self) -> None:
        fields = (self.cost, self.capacity, self.quality)
        if any(not isinstance(number, int) for number in fields):
            raise BidError(
                f"a bid is of whole numbers, not {self}",
                hint="Ask in base units: one token of 18 decimals is 10**18 of them.",
            )
        if self.cost < 0 or self.capacity < 1 or self.quality < 1:
            raise BidError(
                f"a bid asks for 0 or more and offers 1 or more, not {self}",
                hint="Leave the bid out (None) if the member offers nothing.",
            )

    @property
    def unit_cost(self) -> Fraction:
        """Base units asked for each unit of capacity."""
        return Fraction(self.cost, self.capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a mechanism remembers of earlier rounds; empty at first.

    Attributes:
        regrets: Costs not paid back yet, of each member, in base units.
        waits: What each is owed for having waited, in base units.
        mean_costs: Of each member, over the rounds in which it had any, in base units.
        times: In how many rounds that was.
        reputations: Of each member, in (0, 1].
        importances: Shares that training assigns by agreement of updates, of each member.
    """

    regrets: tuple[Fraction, ...] = ()
    waits: tuple[Fraction, ...] = ()
    mean_costs: tuple[Fraction, ...] = ()
    times: tuple[int, ...] = ()
    reputations: tuple[Fraction, ...] = ()
    importances: tuple[Fraction, ...] = ()


def check_offers(round_: RoundInput) -> None:
    """Refuse offers, stakes, reports or parameters that do not fit the round.

    Raises:
        BidError: A member offers more rows than it declares.
        RewardError: Something has another shape, or a number that is not exact.
    """
    _check_lengths(round_)
    pairs = zip(round_.participants, round_.bids, round_.rows, strict=False)
    for name, bid, rows in pairs:
        if bid is not None and bid.capacity > rows:
            raise BidError(
                f"{name!r} offers {bid.capacity} units and declares {rows} rows",
                hint="A capacity is counted before it is bid; offer no more than that.",
            )
    if any(not isinstance(stake, int) or stake < 0 for stake in round_.stakes):
        raise RewardError(f"stakes are whole base units, not negative: {round_.stakes}")
    if round_.game is not None and round_.game.participants != round_.participants:
        raise RewardError(
            f"the game is of {round_.game.participants}, the round of {round_.participants}"
        )
    _check_exact(round_)
    reputations = round_.history.reputations
    if any(not 0 < reputation <= 1 for reputation in reputations):
        raise RewardError(f"reputations are above 0 and at most 1, not {reputations}")
    updates = round_.updates
    if updates is not None and (updates.ndim != 2 or not np.isfinite(updates).all()):  # noqa: PLR2004 - members, parameters
        raise RewardError(
            f"updates of shape {updates.shape} must be finite and one row per participant"
        )


def _check_lengths(round_: RoundInput) -> None:
    past = round_.history
    lists: dict[str, Sequence[object]] = {
        "bids": round_.bids,
        "stakes": round_.stakes,
        "reports": round_.reports,
        "updates": () if round_.updates is None else round_.updates.tolist(),
        "regrets": past.regrets,
        "waits": past.waits,
        "mean costs": past.mean_costs,
        "times": past.times,
        "reputations": past.reputations,
        "importances": past.importances,
    }
    for what, given in lists.items():
        if given and len(given) != len(round_.participants):
            raise RewardError(f"{len(round_.participants)} participants have {len(given)} {what}")


def _check_exact(round_: RoundInput) -> None:
    if len({len(each) for each in round_.reports}) > 1:
        raise RewardError("everybody reports on the same tasks, and here some on fewer")
    if any(not isinstance(said, int) for each in round_.reports for said in each):
        raise RewardError("reports are whole numbers: code the answers as 0, 1, 2")
    for name, setting in round_.parameters.items():
        parts = setting if isinstance(setting, tuple) else (setting,)
        if any(isinstance(part, bool) or not isinstance(part, int | Fraction) for part in parts):
            raise RewardError(
                f"{name} is {setting!r}, which is not exact",
                hint="Pass an integer, a fractions.Fraction or a tuple of integers.",
            )
