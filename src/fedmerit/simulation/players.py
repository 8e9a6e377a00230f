"""Who takes part in a simulation, and in which ways each of them can."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.federation import Honest, StaleRider, UnderEffort
from fedmerit.federation.data.content import content_of, counted_rows, shared_rows
from fedmerit.incentives.participation import QUARTERS
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.federation import Federation, Member
    from fedmerit.federation.data.content import Content
    from fedmerit.simulation.settings import Simulation

#: How far costs of a row spread about their mean, as a part of it.
_SPREAD: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """One name under which somebody takes part.

    Attributes:
        name: What mechanisms know it by.
        owner: Whose it is; a member may have several.
        rows: It declares.
        cost: Base units that a round's full work costs the owner.
        claim: Base units that it says so; whoever works for nothing says what others would.
        columns: Of the training, by quarters of the work; 0 sends the last move again.
        content: Its rows' digests, which tell copies.
    """

    name: str
    owner: str
    rows: int
    cost: int
    claim: int
    columns: Mapping[int, int]
    content: Content


def counted(entrants: Sequence[Entrant]) -> tuple[int, ...]:
    """Give everybody's rows, those that several of them hold counted once; at least 1 each."""
    shared = shared_rows([entrant.content for entrant in entrants])
    rows = counted_rows([entrant.rows for entrant in entrants], shared)
    return tuple(max(1, each) for each in rows)


class Players:
    """Everybody, and every way to take part, as columns of one training.

    Args:
        federation: The members.
        behaviours: What the scenario has some of them do, by name; copies included.
        settings: Costs and deviators.
        budget: Base units of a round.
        seed: The scenario's.

    Attributes:
        columns: Members as the training takes them.
        entrants: Everybody under its own name, in order.
        guilty: Those that do not do what was agreed, by name.
        deviators: Honest members with rows that will be seen to deviate.
    """

    def __init__(
        self,
        federation: Federation,
        behaviours: Mapping[str, str],
        settings: Simulation,
        *,
        budget: int,
        seed: int,
    ) -> None:
        self.columns: list[Member] = []
        self.guilty = frozenset(behaviours)
        claims = _claims(federation.members, budget, settings.cost, seed)
        self.entrants = tuple(
            self._entrant(member, member.name, claim if len(member.labels) else 0, claim)
            for member, claim in zip(federation.members, claims, strict=True)
        )
        honest = [m.name for m in federation.members if m.name not in behaviours]
        drawn = generator(seed, "simulation", "deviators").permutation(honest)
        self.deviators = tuple(map(str, drawn[: settings.deviators]))
        self._taken = {member.name for member in federation.members}
        self._again: dict[str, tuple[Entrant, ...]] = {}
        self._halves: dict[str, tuple[Entrant, ...]] = {}
        for member, entrant in zip(federation.members, self.entrants, strict=True):
            if member.name in self.deviators:
                self._again[member.name] = self._copied(member, entrant)
                self._halves[member.name] = self._halved(member, entrant, seed)

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody's own names."""
        return tuple(entrant.name for entrant in self.entrants)

    def copied(self, name: str) -> tuple[Entrant, ...]:
        """Give everybody where *name* takes part a second time with the same rows."""
        return self._with(name, self._again[name])

    def split(self, name: str) -> tuple[Entrant, ...]:
        """Give everybody where *name* takes part as two, each with half of its rows."""
        return self._with(name, self._halves[name])

    def _with(self, name: str, instead: Sequence[Entrant]) -> tuple[Entrant, ...]:
        everyone = ((e,) if e.name != name else tuple(instead) for e in self.entrants)
        return tuple(entrant for group in everyone for entrant in group)

    def _entrant(self, member: Member, owner: str, cost: int, claim: int) -> Entrant:
        ways = {0: replace(member, behaviour=StaleRider())}
        for quarters in range(1, QUARTERS):
            lazy = UnderEffort(quarters / QUARTERS, otherwise=member.behaviour)
            ways[quarters] = replace(member, behaviour=lazy)
        ways[QUARTERS] = member
        columns = {}
        for quarters, way in ways.items():
            columns[quarters] = len(self.columns)
            self.columns.append(way)
        return Entrant(
            name=member.name,
            owner=owner,
            rows=member.declared_rows,
            cost=cost,
            claim=claim,
            columns=columns,
            content=content_of(member.features, member.labels),
        )

    def _free(self, name: str) -> str:
        """Give *name* to somebody's second entry, or one like it that nobody has."""
        while name in self._taken:
            name = f"{name} again"
        self._taken.add(name)
        return name

    def _copied(self, member: Member, entrant: Entrant) -> tuple[Entrant, ...]:
        second = replace(member, name=self._free(f"{member.name} again"))
        again = self._entrant(second, member.name, 0, entrant.claim)
        return entrant, again

    def _halved(self, member: Member, entrant: Entrant, seed: int) -> tuple[Entrant, ...]:
        order = generator(seed, "simulation", "halves", member.name).permutation(len(member.labels))
        halves = []
        # A row cannot be split: its owner stays one.
        parts = [rows for rows in np.array_split(order, 2) if len(rows)]
        for number, rows in enumerate(parts, start=1):
            half = replace(
                member,
                name=self._free(f"{member.name}, part {number}"),
                features=member.features[rows],
                labels=member.labels[rows],
                declared_rows=len(rows),
                behaviour=Honest(),
            )
            cost = (entrant.cost + len(parts) - number) // len(parts)
            halves.append(self._entrant(half, member.name, cost, cost))
        return tuple(halves)


def _claims(members: Sequence[Member], budget: int, share: float, seed: int) -> list[int]:
    """Draw what a round's work costs each: by its rows, and by half as much more or less.

    Of those that have no rows it is what their work would cost if they did any.
    """
    total = sum(member.declared_rows for member in members)
    factors = [
        generator(seed, "simulation", "cost", member.name).uniform(1 - _SPREAD, 1 + _SPREAD)
        for member in members
    ]
    return [
        int(budget * share * member.declared_rows / total * factor)
        for member, factor in zip(members, factors, strict=True)
    ]
