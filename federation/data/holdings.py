"""Who holds which rows of a table, and how each participant behaves.

A scenario may add participants that the table does not have: without rows, with a slice of
somebody's, who then no longer has them, or with a copy of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.behaviours import Behaviour, Honest
from fedmerit.federation.data.partition import LEAST_ROWS, Partition
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.data.tables import Table

    #: Row numbers in the table by participant, in the participants' final order.
    Holdings = dict[str, NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """How a participant of the table behaves, or a participant the table does not have."""

    name: str
    """A participant of the table, or a new name."""
    behaviour: Behaviour = field(default_factory=Honest)
    """What it does with its rows and updates."""
    rows_from: str | None = None
    """A new member's rows are taken out of this participant's."""
    row_count: int = 0
    """How many rows it takes."""
    copy_of: str | None = None
    """A new member trains on a copy of this participant's training rows, and measures nobody."""
    declared_rows: int | None = None
    """The data size it claims; its training rows if absent, or the others' mean if it has none."""
    from_round: int = 1
    """The first round that it is there in."""
    until_round: int | None = None
    """The last; None is to the end."""


def deal(
    table: Table, *, partition: Partition | None, roles: Sequence[Role], seed: int
) -> tuple[Holdings, dict[str, Role]]:
    """Give each participant's rows and its role.

    Args:
        table: The rows.
        partition: How to deal them out; None where the table says whose they are.
        roles: Participants that behave in their own way, or that the table does not have.
        seed: The scenario's seed.

    Raises:
        DataError: A participant would have no rows that it needs.

    """
    held = _dealt(table, partition, seed)
    return held, _with_roles(held, roles, seed)


def _dealt(table: Table, partition: Partition | None, seed: int) -> Holdings:
    if partition is None and not table.participants:
        raise DataError(
            f"{table.name} does not say whose rows are whose",
            hint="Name its participant column, or choose a partition recipe.",
        )
    if partition is None:
        names, owners = table.participants, table.owners
    elif table.participants:
        raise DataError(
            f"{table.name} says whose rows are whose, and a partition recipe is given too",
            hint="Leave one of the two out.",
        )
    else:
        names = tuple(f"{partition.prefix}-{k + 1}" for k in range(partition.participants))
        owners = partition.deal(table.strata, seed=seed)
    return {name: np.flatnonzero(owners == index) for index, name in enumerate(names)}


def _with_roles(held: Holdings, roles: Sequence[Role], seed: int) -> dict[str, Role]:
    """Give everyone's role, and move rows between participants in place."""
    behaving = {name: Role(name=name) for name in held}
    table_names = tuple(held)
    given: set[str] = set()
    for role in roles:
        if role.name in given:
            raise DataError(f"two members are called {role.name!r}", hint="Rename one of them.")
        given.add(role.name)
        behaving[role.name] = role
        if role.copy_of is not None:
            _check_source(held, role, role.copy_of, table_names)
            held[role.name] = held[role.copy_of][:0]
        elif role.rows_from is not None:
            held[role.name] = _slice(held, role, table_names, seed)
        elif role.name not in held:
            if role.behaviour.needs_rows:
                raise DataError(
                    f"the member {role.name!r} has no rows", hint=suggestion(role.name, table_names)
                )
            held[role.name] = np.empty(0, dtype=np.int64)
    for role in roles:  # copies come last, of what the slices have left
        if role.copy_of is not None:
            held[role.name] = held[role.copy_of]
    return behaving


def _slice(held: Holdings, role: Role, names: tuple[str, ...], seed: int) -> NDArray[np.int64]:
    """Take a new member's rows out of another's."""
    source = str(role.rows_from)
    _check_source(held, role, source, names)
    most = len(held[source]) - LEAST_ROWS
    if not LEAST_ROWS <= role.row_count <= most:
        raise DataError(
            f"{role.name!r} cannot take {role.row_count} of {source!r}'s {len(held[source])} rows",
            hint=f"Take between {LEAST_ROWS} and {most}.",
        )
    stream = generator(seed, "federation", "slice", role.name)
    taken = np.sort(stream.choice(held[source], role.row_count, replace=False))
    held[source] = np.setdiff1d(held[source], taken)
    return taken


def _check_source(held: Holdings, role: Role, source: str, names: tuple[str, ...]) -> None:
    """Refuse a new member whose rows would come from two places, or from nobody."""
    if role.name in held:
        raise DataError(
            f"{role.name!r} has rows of its own and cannot take others",
            hint="Give the new member a name that the table does not have.",
        )
    if role.rows_from is not None and role.copy_of is not None:
        raise DataError(
            f"{role.name!r} takes from {role.rows_from!r} and is a copy of {role.copy_of!r}",
            hint="Leave one of 'rows_from' and 'copy_of' out.",
        )
    if source not in names:
        raise DataError(f"no participant is called {source!r}", hint=suggestion(source, names))
