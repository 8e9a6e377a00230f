"""What members bring to a round besides their contribution: offers, and what came before.

A bid is for the whole offer; whoever keeps part of it back asks for that part of the cost.
Rows can be counted, so nobody can offer more of them than it declares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BidError, RewardError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game

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


#: What a first round remembers.
NOTHING_YET: Final = History()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What members bring to a round, and the settings it is decided under.

    Attributes:
        participants: Names, in the order that every list here and every payment keeps.
        rows: Rows of data that each declares.
        bids: What each offers, None for who does not; empty where nobody was asked.
        stakes: Base units that each has put down; empty where nobody had to.
        game: What coalitions are worth, of the same participants in the same order.
        reports: What each says of each task, whole numbers; empty where nobody was asked.
        updates: What each sent to training, shape ``(n, parameters)``.
        history: What earlier rounds left.
        parameters: The mechanism's settings, by name; those left out have its defaults.
    """

    participants: tuple[str, ...]
    rows: tuple[int, ...]
    bids: tuple[Bid | None, ...] = ()
    stakes: tuple[int, ...] = ()
    game: Game | None = None
    reports: tuple[tuple[int, ...], ...] = ()
    updates: NDArray[np.floating] | None = field(default=None, compare=False)
    history: History = NOTHING_YET
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))


def check_offers(offers: Offers) -> None:
    """Refuse offers, stakes, reports or parameters that do not fit the round.

    Raises:
        BidError: A member offers more rows than it declares.
        RewardError: Something has another shape, or a number that is not exact.
    """
    _check_lengths(offers)
    pairs = zip(offers.participants, offers.bids, offers.rows, strict=False)
    for name, bid, rows in pairs:
        if bid is not None and bid.capacity > rows:
            raise BidError(
                f"{name!r} offers {bid.capacity} units and declares {rows} rows",
                hint="A capacity is counted before it is bid; offer no more than that.",
            )
    if any(not isinstance(stake, int) or stake < 0 for stake in offers.stakes):
        raise RewardError(f"stakes are whole base units, not negative: {offers.stakes}")
    if offers.game is not None and offers.game.participants != offers.participants:
        raise RewardError(
            f"the game is of {offers.game.participants}, the round of {offers.participants}"
        )
    _check_exact(offers)
    reputations = offers.history.reputations
    if any(not 0 < reputation <= 1 for reputation in reputations):
        raise RewardError(f"reputations are above 0 and at most 1, not {reputations}")
    updates = offers.updates
    if updates is not None and (updates.ndim != 2 or not np.isfinite(updates).all()):  # noqa: PLR2004 - members, parameters
        raise RewardError(
            f"updates of shape {updates.shape} must be finite and one row per participant"
        )


def _check_lengths(offers: Offers) -> None:
    past = offers.history
    lists: dict[str, Sequence[object]] = {
        "bids": offers.bids,
        "stakes": offers.stakes,
        "reports": offers.reports,
        "updates": () if offers.updates is None else offers.updates.tolist(),
        "regrets": past.regrets,
        "waits": past.waits,
        "mean costs": past.mean_costs,
        "times": past.times,
        "reputations": past.reputations,
        "importances": past.importances,
    }
    for what, given in lists.items():
        if given and len(given) != len(offers.participants):
            raise RewardError(f"{len(offers.participants)} participants have {len(given)} {what}")


def _check_exact(offers: Offers) -> None:
    if len({len(answers) for answers in offers.reports}) > 1:
        raise RewardError("everybody reports on the same tasks, and here some on fewer")
    if any(not isinstance(answer, int) for answers in offers.reports for answer in answers):
        raise RewardError("reports are whole numbers: code the answers as 0, 1, 2")
    for name, setting in offers.parameters.items():
        parts = setting if isinstance(setting, tuple) else (setting,)
        if any(isinstance(part, bool) or not isinstance(part, int | Fraction) for part in parts):
            raise RewardError(
                f"{name} is {setting!r}, which is not exact",
                hint="Pass an integer, a fractions.Fraction or a tuple of integers.",
            )
