"""What members could do instead, one at a time, while everybody else is as before."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.participation import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.participation import Strategy
    from fedmerit.simulation.players import Entrant, Players

#: Every deviation by name, with what it is.
DEVIATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "half-effort": "takes half of the steps that it agreed to",
        "ride-free": "sends the model's last move as its own",
        "misreport": "asks for half as much again as its work costs",
        "bid-ring": "asks for half as much again, and so do its friends",
        "copy": "joins a second time with the same rows",
        "split": "joins as two, each with half of its rows",
    }
)
#: What is played where the name of a strategy is another one.
_PLAYED: Final = MappingProxyType({"copy": "honest", "split": "honest", "bid-ring": "misreport"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One member, or a ring of them, doing something else for the whole run.

    Attributes:
        kind: A key of :data:`DEVIATIONS`.
        members: Who; several only in a ring.
    """

    kind: str
    members: tuple[str, ...]

    def entrants(self, players: Players) -> tuple[Entrant, ...]:
        """Give everybody's names under it."""
        if self.kind == "copy":
            return players.copied(*self.members)
        return players.split(*self.members) if self.kind == "split" else players.entrants

    def strategy(self, *, asked: bool) -> Strategy:
        """Give what its members do under it."""
        return STRATEGIES[_PLAYED.get(self.kind, self.kind)](asked=asked)


def possible(mechanism: Mechanism, players: Players) -> Iterator[Deviation]:
    """Give every deviation that *mechanism* leaves room for, of each that may be seen to."""
    asked = Need.BIDS in mechanism.needs
    for kind in DEVIATIONS:
        if kind == "bid-ring":
            if asked and len(players.deviators) > 1:
                yield Deviation(kind=kind, members=players.deviators)
        elif asked or kind != "misreport":
            for member in players.deviators:
                yield Deviation(kind=kind, members=(member,))
