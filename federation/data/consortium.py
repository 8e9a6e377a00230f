"""Who takes part: members with their own rows, and the rows they pool for validation.

A member's rows are split by label before its behaviour acts, and the behaviour acts on both
parts: a member whose labels are wrong hands in wrong validation rows too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from fedmerit.errors import DataError
from fedmerit.federation.data import copies
from fedmerit.federation.data.encoding import fit
from fedmerit.federation.data.holdings import Role, deal
from fedmerit.federation.data.quantities import quantity_of
from fedmerit.federation.data.sponsored import joined, shared_rows
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.behaviours import Behaviour, Rows
    from fedmerit.federation.data.encoding import Encoding
    from fedmerit.federation.data.newrows import ColumnForm
    from fedmerit.federation.data.partition import Partition
    from fedmerit.federation.data.quantities import Labels, Quantity
    from fedmerit.federation.data.tables import Table

#: How validation rows are drawn.
Split = Literal["rows", "content"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One participant as training sees it.

    Attributes:
        name: Its name.
        features: Its training rows, shape ``(rows, columns)``.
        labels: Their classes, int64, or a quantity as :class:`Quantity` standardises it, float32;
            shape ``(rows,)``.
        declared_rows: What its updates weigh in FedAvg.
        behaviour: What it does with its updates.
        span: The first and the last round that it is there in; None is to the end.

    """

    name: str
    features: NDArray[np.float32]
    labels: Labels
    declared_rows: int
    behaviour: Behaviour
    span: tuple[int, int | None] = (1, None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Federation:
    """Everything training and valuation need to know of the data.

    Attributes:
        name: The table's name.
        members: In the one order that every later result keeps.
        classes: The classes' names, which class labels are indices into; none of a quantity.
        feature_names: The columns' names.
        validation_features: Pooled validation rows, shape ``(rows, columns)``.
        validation_labels: As the members' labels, shape ``(rows,)``.
        validation_owners: Index of the member that brought each row, shape ``(rows,)``; as many as
            there are members where the row is the sponsor's.
        notes: What was recognised, changed, left out and filled in when the table was read.
        quantity: What is predicted where it is no class.
        encoding: How a table's rows became features; None where features are given as they are.
        forms: How the table's cells were read.

    """

    name: str
    members: tuple[Member, ...]
    classes: tuple[str, ...]
    feature_names: tuple[str, ...]
    validation_features: NDArray[np.float32]
    validation_labels: Labels
    validation_owners: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    encoding: Encoding | None = None
    forms: tuple[ColumnForm, ...] = ()
    quantity: Quantity | None = None

    @property
    def outputs(self) -> int:
        """What a model says of a row: a score for each class, or one number."""
        return len(self.classes) or 1

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
    split: Split = "rows",
    test: Table | None = None,
) -> Federation:
    """Deal a table out to members, and split off their validation rows.

    Args:
        table: The rows.
        seed: The scenario's seed.
        partition: How to deal the rows out; None where the table says whose they are.
        validation_share: Share of each member's rows that is pooled for validation.
        roles: Participants that behave in their own way, or that the table does not have.
        split: Whether every row is drawn for itself (``rows``), or rows that repeat, within a
            member or across members, all fall on one side (``content``).
        test: The sponsor's own rows, which alone are measured on; None to pool members' rows.

    Raises:
        DataError: Nobody could train on what comes out.

    """
    if not 0 < validation_share < 1:
        raise DataError(
            f"validation_share must be above 0 and below 1, got {validation_share}",
            hint="0.3 leaves 7 of 10 rows for training.",
        )
    held, behaving = deal(table, partition=partition, roles=roles, seed=seed)
    strata = table.strata if table.classes else np.zeros(len(table.labels), dtype=np.int64)
    alike = copies.contents(table.features, table.labels)
    sides = None
    if split == "content":
        stream = generator(seed, "federation", "split", "contents")
        sides = copies.repeated_sides(alike, strata, held.values(), validation_share, stream)
    parts = {
        name: (np.sort(rows), rows[:0])
        if test
        else _split(
            strata, rows, validation_share, generator(seed, "federation", "split", name), sides
        )
        for name, rows in held.items()
    }
    for name, role in behaving.items():
        if role.copy_of is not None:
            parts[name] = parts[role.copy_of][0], held[name][:0]
    training = [training for training, _ in parts.values()]
    count = len(table.labels)
    if test is not None:
        table = joined(table, test)
    encoding = fit(table.features, training, standardise=table.standardise)
    matrix = encoding.apply(table.features)
    quantity, labels = _labels(table, training)

    def prepared(name: str, part: int, purpose: str) -> Rows:
        rows = parts[name][part]
        stream = generator(seed, "behaviours", "prepare", name, purpose)
        taken = matrix[rows], labels[rows]
        return behaving[name].behaviour.prepare(taken, len(table.classes), stream)

    validation = [prepared(name, 1, "validation") for name in held]
    trained = {name: prepared(name, 0, "training") for name in held}
    notes = table.notes
    if test is not None:
        validation.append((matrix[count:], labels[count:]))
        if shared := shared_rows([*trained.values()], validation[-1]):
            of = f"{shared:,} of the {len(test.labels):,} test rows"
            notes += (f"{of} are, to the model, members' training rows",)
    federation = Federation(
        name=table.name,
        members=_members(trained, behaving),
        classes=table.classes,
        feature_names=encoding.names,
        validation_features=np.concatenate([features for features, _ in validation]),
        validation_labels=np.concatenate([labels for _, labels in validation]),
        validation_owners=np.repeat(
            np.arange(len(validation)), [len(labels) for _, labels in validation]
        ),
        notes=(
            *notes,
            *copies.notes(copies.shared_rows(alike, held), held, copies.leaked_rows(alike, parts)),
        ),
        quantity=quantity,
        encoding=encoding,
        forms=table.forms,
    )
    _check_learnable(federation)
    return federation


def _labels(table: Table, training: Sequence[NDArray[np.int64]]) -> tuple[Quantity | None, Labels]:
    """Give the labels as models meet them, and the scale of a quantity."""
    if table.classes:
        return None, table.labels.astype(np.int64)
    values = table.labels.astype(np.float64)
    quantity = quantity_of(table.label, values, training)
    return quantity, quantity.standardised(values)


def _split(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    share: float,
    stream: np.random.Generator,
    sides: NDArray[np.int8] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give training and validation rows; of a class with two rows or more, one each at least.

    Rows that repeat fall where *sides* says, if it says so, and the others make up the share.
    """
    if sides is not None:
        return _split_by_content(labels, rows, share, stream, sides)
    training, validation = [rows[:0]], [rows[:0]]
    for label in np.unique(labels[rows]):
        shuffled = stream.permutation(rows[labels[rows] == label])
        count = min(max(1, round(share * len(shuffled))), len(shuffled) - 1)
        validation.append(shuffled[:count])
        training.append(shuffled[count:])
    return np.sort(np.concatenate(training)), np.sort(np.concatenate(validation))


def _split_by_content(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    share: float,
    stream: np.random.Generator,
    sides: NDArray[np.int8],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    validation = [rows[sides[rows] == 1]]
    for label in np.unique(labels[rows]):
        own = rows[labels[rows] == label]
        shuffled = stream.permutation(own[sides[own] < 0])
        due = min(max(1, round(share * len(own))), len(own) - 1)
        missing = due - int((sides[own] == 1).sum())
        validation.append(shuffled[: max(0, missing)])
    held_out = np.sort(np.concatenate(validation))
    return np.setdiff1d(rows, held_out), held_out


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
    if federation.classes:
        _check_classes(federation)
    if not len(federation.validation_labels):
        raise DataError("no member has a validation row", hint="Raise validation_share.")


def _check_classes(federation: Federation) -> None:
    labels = np.concatenate([member.labels for member in federation.members])
    counts = np.bincount(labels, minlength=len(federation.classes))
    absent = [name for name, count in zip(federation.classes, counts, strict=True) if not count]
    if absent:
        raise DataError(
            f"nobody has a training row of class {', '.join(map(repr, absent))}",
            hint="Add rows of it, or merge it with another class.",
        )
