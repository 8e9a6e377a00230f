"""A test table that the sponsor holds: no member owns a row that values are measured on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data.columns import row_labels
from fedmerit.federation.data.newrows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.data.dialects import Dialect
    from fedmerit.federation.data.tables import Table


def read_test_table(
    path: Path,
    table: Table,
    *,
    positive: str | None = None,
    impute: bool = False,
    dialect: Dialect | None = None,
) -> Table:
    """Read a table of test rows in the forms that the members' table was read in.

    Args:
        path: Its file.
        table: What members train on.
        positive: As for that table.
        impute: Whether missing cells are filled in when encoding, or refused.
        dialect: What is known of the file; recognised if None.

    Returns:
        Its rows, with the columns and the classes of *table*.

    Raises:
        DataError: It cannot be read, has other columns or cells of another form, or a class that
            nobody trains on.

    """
    try:
        found = read_rows(path, table.forms, dialect=dialect, impute=impute)
        labels, classes, notes = _labels(path.name, found.frame, table, positive, dialect)
    except DataError as error:
        raise DataError(f"the test table: {error}", hint=error.hint) from error
    return replace(
        table,
        name=path.name,
        features=found.features[list(table.features.columns)],
        labels=_renumbered(path.name, labels, classes, table),
        owners=np.zeros(len(labels), dtype=np.int64),
        notes=(*found.notes, *notes),
    )


def _labels(
    name: str, frame: pd.DataFrame, table: Table, positive: str | None, dialect: Dialect | None
) -> tuple[NDArray[np.int64] | NDArray[np.float64], tuple[str, ...], list[str]]:
    if table.label not in frame:
        raise DataError(
            f"{name} has no column {table.label!r}",
            hint=suggestion(table.label, list(map(str, frame))),
        )
    return row_labels(
        frame[table.label],
        positive if table.classes else None,
        target="classes" if table.classes else "quantity",
        dialect=dialect,
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


def _renumbered(
    name: str,
    labels: NDArray[np.int64] | NDArray[np.float64],
    classes: tuple[str, ...],
    table: Table,
) -> NDArray[np.int64] | NDArray[np.float64]:
    """Give labels as indices into the classes of the members' table."""
    if not table.classes:
        return labels
    if unmet := [each for each in classes if each not in table.classes]:
        raise DataError(
            f"the test table {name} has the class {', '.join(map(repr, unmet))}, which "
            f"{table.name} does not have",
            hint=f"Its classes are {', '.join(map(repr, table.classes))}.",
        )
    places = np.array([table.classes.index(each) for each in classes], dtype=np.int64)
    return places[labels.astype(np.int64)]
