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
    from fedmerit.simulation.cast import Cast, Entrant

#: Every deviation by name, with what it is.
DEVIATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "half-effort": "takes half of the steps that it agreed to",
        "ride-free": "sends the model's last move as its own",
        "misreport": "asks for half as much again as its work costs",
        "copy": "joins a second time with the same rows",
        "split": "joins as two, each with half of its rows",
    }
)
#: Those that take a second name.
SYBIL: Final = frozenset({"copy", "split"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One member, doing something else for the whole run.

    Attributes:
        kind: A key of :data:`DEVIATIONS`.
        member: Who.
    """

    kind: str
    member: str

    def entrants(self, cast: Cast) -> tuple[Entrant, ...]:
        """Give everybody's names under it."""
        if self.kind == "copy":
            return cast.copied(self.member)
        return cast.split(self.member) if self.kind == "split" else cast.entrants

    def strategy(self, *, asked: bool) -> Strategy:
        """Give what the member does under it."""
        kind = "honest" if self.kind in SYBIL else self.kind
        return STRATEGIES[kind](asked=asked)


def possible(mechanism: Mechanism, cast: Cast) -> Iterator[Deviation]:
    """Give every deviation that *mechanism* leaves room for, of each that may be seen to."""
    for kind in DEVIATIONS:
        if kind == "misreport" and Need.BIDS not in mechanism.needs:
            continue
        for member in cast.deviators:
            yield Deviation(kind=kind, member=member)
