"""Who takes part: members with their own rows, and the rows they pool for validation.

A member's rows are split by label before its behaviour acts, and the behaviour acts on both
parts: a member whose labels are wrong hands in wrong validation rows too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import DataError
from fedmerit.federation.data.encoding import fit
from fedmerit.federation.data.holdings import Role, deal
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.behaviours import Behaviour, Rows
    from fedmerit.federation.data.encoding import Encoding
    from fedmerit.federation.data.newrows import ColumnForm
    from fedmerit.federation.data.partition import Partition
    from fedmerit.federation.data.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One participant as training sees it.

    Attributes:
        name: Its name.
        features: Its training rows, shape ``(rows, columns)``.
        labels: Their classes, shape ``(rows,)``.
        declared_rows: What its updates weigh in FedAvg.
        behaviour: What it does with its updates.
        span: The first and the last round that it is there in; None is to the end.

    """

    name: str
    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    declared_rows: int
    behaviour: Behaviour
    span: tuple[int, int | None] = (1, None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Federation:
    """Everything training and valuation need to know of the data.

    Attributes:
        name: The table's name.
        members: In the one order that every later result keeps.
        classes: The classes' names; a label is an index into them.
        feature_names: The columns' names.
        validation_features: Pooled validation rows, shape ``(rows, columns)``.
        validation_labels: Their classes, shape ``(rows,)``.
        validation_owners: Index of the member that brought each row, shape ``(rows,)``.
        notes: What was recognised, changed, left out and filled in when the table was read.
        encoding: How a table's rows became features; None where features are given as they are.
        forms: How the table's cells were read.

    """

    name: str
    members: tuple[Member, ...]
    classes: tuple[str, ...]
    feature_names: tuple[str, ...]
    validation_features: NDArray[np.float32]
    validation_labels: NDArray[np.int64]
    validation_owners: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    encoding: Encoding | None = None
    forms: tuple[ColumnForm, ...] = ()

    @property
    def participants(self) -> tuple[str, ...]:
        """The members' names."""
        return tuple(member.name for member in self.members)


def federate(
    table: Table,
    *,
    seed: int,
    partition: Partition | None = None,
    validation_share: float = 0.3,
    roles: Sequence[Role] = (),
) -> Federation:
    """Deal a table out to members, and split off their validation rows.

    Args:
        table: The rows.
        seed: The scenario's seed.
        partition: How to deal the rows out; None where the table says whose they are.
        validation_share: Share of each member's rows that is pooled for validation.
        roles: Participants that behave in their own way, or that the table does not have.

    Raises:
        DataError: Nobody could train on what comes out.

    """
    if not 0 < validation_share < 1:
        raise DataError(
            f"validation_share must be above 0 and below 1, got {validation_share}",
            hint="0.3 leaves 7 of 10 rows for training.",
        )
    held, behaving = deal(table, partition=partition, roles=roles, seed=seed)
    parts = {
        name: _split(
            table.labels, rows, validation_share, generator(seed, "federation", "split", name)
        )
        for name, rows in held.items()
    }
    for name, role in behaving.items():
        if role.copy_of is not None:
            parts[name] = parts[role.copy_of][0], held[name][:0]
    encoding = fit(
        table.features, [training for training, _ in parts.values()], standardise=table.standardise
    )
    matrix = encoding.apply(table.features)

    def prepared(name: str, part: int, purpose: str) -> Rows:
        rows = parts[name][part]
        stream = generator(seed, "behaviours", "prepare", name, purpose)
        taken = matrix[rows], table.labels[rows]
        return behaving[name].behaviour.prepare(taken, len(table.classes), stream)

    validation = [prepared(name, 1, "validation") for name in held]
    federation = Federation(
        name=table.name,
        members=_members({name: prepared(name, 0, "training") for name in held}, behaving),
        classes=table.classes,
        feature_names=encoding.names,
        validation_features=np.concatenate([features for features, _ in validation]),
        validation_labels=np.concatenate([labels for _, labels in validation]),
        validation_owners=np.repeat(
            np.arange(len(validation)), [len(labels) for _, labels in validation]
        ),
        notes=table.notes,
        encoding=encoding,
        forms=table.forms,
    )
    _check_learnable(federation)
    return federation


def _split(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    share: float,
    stream: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give training and validation rows; of a class with two rows or more, one each at least."""
    training, validation = [rows[:0]], [rows[:0]]
    for label in np.unique(labels[rows]):
        shuffled = stream.permutation(rows[labels[rows] == label])
        count = min(max(1, round(share * len(shuffled))), len(shuffled) - 1)
        validation.append(shuffled[:count])
        training.append(shuffled[count:])
    return np.sort(np.concatenate(training)), np.sort(np.concatenate(validation))


def _members(prepared: dict[str, Rows], behaving: dict[str, Role]) -> tuple[Member, ...]:
    sizes = [len(labels) for _, labels in prepared.values() if len(labels)]
    typical = max(1, round(sum(sizes) / max(1, len(sizes))))
    members = []
    for name, (features, labels) in prepared.items():
        role = behaving[name]
        declared = role.declared_rows if role.declared_rows is not None else len(labels) or typical
        if declared < 1:
            raise DataError(
                f"{name!r} declares {declared} rows", hint="Declare 1 or more, or leave it out."
            )
        members.append(
            Member(
                name=name,
                features=features,
                labels=labels,
                declared_rows=declared,
                behaviour=role.behaviour,
                span=(role.from_round, role.until_round),
            )
        )
    return tuple(members)


def _check_learnable(federation: Federation) -> None:
    """Refuse a federation in which a class or all validation rows are missing."""
    labels = np.concatenate([member.labels for member in federation.members])
    counts = np.bincount(labels, minlength=len(federation.classes))
    absent = [name for name, count in zip(federation.classes, counts, strict=True) if not count]
    if absent:
        raise DataError(
            f"nobody has a training row of class {', '.join(map(repr, absent))}",
            hint="Add rows of it, or merge it with another class.",
        )
    if not len(federation.validation_labels):
        raise DataError("no member has a validation row", hint="Raise validation_share.")
