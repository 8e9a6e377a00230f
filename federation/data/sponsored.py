"""A test table that the sponsor holds: no member owns a row that values are measured on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fedmerit.errors import DataError
from fedmerit.federation.data.columns import Choice
from fedmerit.federation.data.files import read_sheet
from fedmerit.federation.data.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.data.dialects import Dialect
    from fedmerit.federation.data.tables import Missing, Table


def read_test_table(
    path: Path,
    table: Table,
    *,
    positive: str | None = None,
    missing: Missing = "refuse",
    choice: Choice | None = None,
    dialect: Dialect | None = None,
) -> Table:
    """Read a table of test rows that fits the one that members train on.

    Args:
        path: Its file.
        table: What members train on.
        positive: As for that table.
        missing: Likewise.
        choice: Likewise; what it leaves out of the one is left out of the other.
        dialect: What is known of the file; recognised if None.

    Returns:
        Its rows, with the columns and the classes of *table*.

    Raises:
        DataError: It cannot be read, has other columns, or a class that nobody trains on.

    """
    wanted = list(map(str, table.features.columns))
    known = {*map(str, read_sheet(path, dialect).frame.columns)}
    # Of parts of a date the table knows no column of that name: "seen year" comes out of "seen".
    sources = {name if name in known else _source(name, known) for name in wanted}
    if absent := sorted({n for n in wanted if n not in known and _source(n, known) not in known}):
        raise DataError(
            f"the test table {path.name} has no column {', '.join(map(repr, absent))}",
            hint="It must have every column that members learn from, under the same name.",
        )
    taken = replace(choice or Choice(), columns=tuple(sorted(sources)), ignore=())
    found = read_table(
        path,
        label=table.label,
        positive=positive if table.classes else None,
        target="classes" if table.classes else "quantity",
        missing=missing,
        choice=taken,
        dialect=dialect,
    )
    for name in wanted:
        kinds = [each.features[name].dtype.kind == "f" for each in (table, found)]
        if kinds[0] != kinds[1]:
            raise DataError(
                f"column {name!r} holds {'numbers' if kinds[0] else 'text'} in {table.name} and "
                f"{'numbers' if kinds[1] else 'text'} in the test table {path.name}",
                hint="Write it alike in both.",
            )
    return replace(
        found,
        features=found.features[wanted],
        labels=_renumbered(found, table),
        classes=table.classes,
    )


def joined(table: Table, test: Table) -> Table:
    """Put test rows below the members' rows, where nobody owns them."""
    features = pd.concat([table.features, test.features], ignore_index=True)
    return replace(
        table,
        features=features.astype(table.features.dtypes.to_dict()),
        labels=np.concatenate([table.labels, test.labels]),
        notes=(*table.notes, *(f"test table: {note}" for note in test.notes)),
    )


def shared_rows(
    trained: list[tuple[NDArray[np.float32], NDArray[np.generic]]],
    tested: tuple[NDArray[np.float32], NDArray[np.generic]],
) -> int:
    """Count the test rows that are, to the last column and the label, a row somebody trains on."""
    held = {key for part in trained for key in _keys(*part)}
    return sum(key in held for key in _keys(*tested))


def _keys(features: NDArray[np.float32], labels: NDArray[np.generic]) -> list[bytes]:
    return [row.tobytes() + label.tobytes() for row, label in zip(features, labels, strict=True)]


def _source(name: str, known: set[str]) -> str:
    return next((each for each in sorted(known) if name.startswith(f"{each} ")), name)


def _renumbered(test: Table, table: Table) -> NDArray[np.int64] | NDArray[np.float64]:
    """Give labels as indices into the classes of the members' table."""
    if not table.classes:
        return test.labels
    if unmet := [name for name in test.classes if name not in table.classes]:
        raise DataError(
            f"the test table {test.name} has the class {', '.join(map(repr, unmet))}, which "
            f"{table.name} does not have",
            hint=f"Its classes are {', '.join(map(repr, table.classes))}.",
        )
    places = np.array([table.classes.index(name) for name in test.classes], dtype=np.int64)
    return places[test.labels.astype(np.int64)]
