"""Tables to learn from: features, labels, and whose row is whose.

A cell may stay missing here; :mod:`fedmerit.federation.data.encoding` decides what a model sees.
Rows are counted from 1, without the header.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
import pandas as pd

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data.columns import (
    Choice,
    chosen,
    row_labels,
    row_owners,
    studied,
    take,
)
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.files import Sheet, read_sheet
from fedmerit.federation.data.newrows import ColumnForm, forms_of
from fedmerit.federation.data.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from fedmerit.federation.data.columns import Target

Missing = Literal["refuse", "impute"]

_TENTHS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Rows with labels, and perhaps with owners.

    Attributes:
        name: What the report calls it.
        features: One column per feature: float64 (NaN is missing) or text (None is missing).
        labels: Class numbers, or a quantity's numbers as float64, shape ``(rows,)``.
        classes: The classes' names, which class numbers are indices into; none of a quantity.
        participants: Names of the rows' owners; empty where no column says so.
        owners: Index into *participants* per row, shape ``(rows,)``; all 0 where it is empty.
        standardise: Whether numeric columns are to be standardised before training.
        notes: What was recognised, changed, left out and filled in on reading.
        label: The label column's name.
        forms: How the cells of the columns were read.

    """

    name: str
    features: pd.DataFrame
    labels: NDArray[np.int64] | NDArray[np.float64]
    classes: tuple[str, ...]
    participants: tuple[str, ...]
    owners: NDArray[np.int64]
    standardise: bool = True
    notes: tuple[str, ...] = ()
    label: str = ""

    @property
    def strata(self) -> NDArray[np.int64]:
        """What rows are dealt out by, shape ``(rows,)``: classes, or a quantity's tenths."""
        if self.classes:
            return self.labels.astype(np.int64)
        cuts = np.quantile(self.labels, np.arange(1, _TENTHS) / _TENTHS)
        return np.searchsorted(cuts, self.labels, side="right").astype(np.int64)

    forms: tuple[ColumnForm, ...] = ()


def read_table(
    path: str | Path,
    *,
    label: str,
    participant: str | None = None,
    positive: str | None = None,
    target: Target | None = None,
    missing: Missing = "refuse",
    choice: Choice | None = None,
    dialect: Dialect | None = None,
) -> Table:
    """Read a table of your own.

    Args:
        path: A file with numeric, boolean, date and text columns, one of
            :data:`~fedmerit.federation.data.files.SUFFIXES`.
        label: The column to predict.
        participant: The column that says whose row it is; None if a recipe shall deal them out.
        positive: The label to tell from all others; None to tell every label from every other.
        target: ``classes`` or ``quantity``, where the label's cells do not say it: more than 20
            different numbers are a quantity, and fewer fractions are refused.
        missing: ``refuse`` missing cells, or ``impute`` them when encoding.
        choice: Which columns to learn from; all but those that name rows, and dates, if None.
        dialect: What is known of the file; recognised if None.

    Raises:
        DataError: The table cannot be learned from; the error names all rows and columns.

    """
    if missing not in get_args(Missing):
        raise DataError(
            f"missing={missing!r} is not a choice", hint=suggestion(missing, get_args(Missing))
        )
    sheet = read_sheet(Path(path), dialect)
    return _table(
        sheet,
        label=label,
        participant=participant,
        positive=positive,
        target=target,
        choice=replace(choice or Choice(), impute=missing == "impute"),
        dialect=dialect or Dialect(),
    )


def load_builtin(name: str) -> Table:
    """Load a table that comes with the package, by its key in :data:`BUILTIN`.

    Raises:
        DataError: There is no such table.
    """
    if name not in BUILTIN:
        raise DataError(f"no shipped table is called {name!r}", hint=suggestion(name, BUILTIN))
    return BUILTIN[name]()


def heart_disease() -> Table:
    """Patients of four hospitals, diseased or not (Janosi et al.; UCI, CC BY 4.0)."""
    source = files("fedmerit.federation.data").joinpath("datasets", "heart_disease_uci.csv")
    with as_file(source) as path:
        frame = pd.read_csv(path)
    frame["num"] = np.where(frame["num"] > 0, "disease", "healthy")
    names = [name for name in frame.columns if name not in {"id", "num", "dataset"}]
    table = _table(
        Sheet(name="heart-disease", frame=frame),
        label="num",
        participant="dataset",
        positive="disease",
        target=None,
        choice=Choice(columns=tuple(names), impute=True),
        dialect=Dialect(),
    )
    return replace(table, notes=())


def digits() -> Table:
    """Handwritten digits, 8 x 8 pixels in [0, 1] (scikit-learn's copy of a UCI table)."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second that others do not need

    loaded = load_digits()
    labels = loaded.target.astype(np.int64)
    return Table(
        name="digits",
        features=pd.DataFrame(loaded.data / 16, columns=loaded.feature_names),
        labels=labels,
        classes=tuple(map(str, loaded.target_names)),
        participants=(),
        owners=np.zeros_like(labels),
        standardise=False,
        forms=tuple(ColumnForm(name=name, kind="number") for name in loaded.feature_names),
    )


#: Every shipped table, by the name scenarios use.
BUILTIN: Final[Mapping[str, Callable[[], Table]]] = MappingProxyType(
    {"heart-disease": heart_disease, "digits": digits}
)


def _table(
    sheet: Sheet,
    *,
    label: str,
    participant: str | None,
    positive: str | None,
    target: Target | None,
    choice: Choice,
    dialect: Dialect,
) -> Table:
    problems, notes = Problems(sheet.name), list(sheet.notes)
    frame, named = sheet.frame, [name for name in (label, participant) if name]
    for name in named:
        if name not in frame.columns:
            problems.add(f"{sheet.name} has no column {name!r}", suggestion(name, map(str, frame)))
    if len(set(named)) < len(named):
        problems.add(f"{label!r} is to be label and participant", "Name two different columns.")
    own = {name: frame.pop(name) for name in dict.fromkeys(named) if name in frame.columns}
    owners = np.zeros(len(frame), dtype=np.int64)
    labels: NDArray[np.int64] | NDArray[np.float64] = owners
    classes: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    if label in own:
        with problems.collecting():
            labels, classes, said = row_labels(own[label], positive, target=target, dialect=dialect)
            notes += said
    if participant in own:
        with problems.collecting():
            participants, owners, said = row_owners(own[participant], dialect=dialect)
            notes += said
    own.clear()
    if frame.columns.empty:
        problems.add(f"{sheet.name} has no columns besides {label!r}", "Add feature columns.")
    features = pd.DataFrame()
    forms: tuple[ColumnForm, ...] = ()
    with problems.collecting():
        columns = studied(frame, dialect=dialect, separator=sheet.separator)
        features, taken = take(columns, choice, problems)
        notes += taken
        forms = forms_of(chosen(columns, choice), list(map(str, features)), choice.dates)
        if features.columns.empty and columns:
            problems.add("no column is left to learn from", "Name some: columns = [...].")
    problems.check()
    return Table(
        name=sheet.name,
        features=features,
        labels=labels,
        classes=classes,
        participants=participants,
        owners=owners,
        notes=tuple(notes),
        label=label,
        forms=forms,
    )
