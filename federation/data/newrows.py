"""Rows that come later: read as the rows that a model was trained on were read.

What a column is, and how its cells are written, was recognised once, and is not recognised again:
a handful of rows would often look like something else. A cell of another form is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fedmerit.errors import suggestion
from fedmerit.federation.data.cells import as_text, missing_cells, said_missing
from fedmerit.federation.data.columns import rows_in_words
from fedmerit.federation.data.dates import as_numbers, parsed
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.files import columns_in_words, read_sheet
from fedmerit.federation.data.numbers import PLAIN, NumberForm, numbers
from fedmerit.federation.data.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.data.dates import Dates
    from fedmerit.federation.data.encoding import Encoding
    from fedmerit.federation.data.roles import Column

Kind = Literal["number", "category", "boolean", "date"]
_BOOLEANS: Final = frozenset({"True", "False"})
#: What dates are called that a file keeps as such, and how they are read out of text.
_TYPED: Final = "typed"
_AS_TEXT: Final = "ISO8601"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnForm:
    """How the cells of one column are read.

    Attributes:
        name: The column's.
        kind: What its cells are; of ``boolean`` ones case is not told apart, since every program
            writes them in its own.
        number: How its numbers are written.
        date: The format of its dates; empty where it holds none.
        dates: What its dates become.

    """

    name: str
    kind: Kind
    number: NumberForm = PLAIN
    date: str = ""
    dates: Dates = "days"

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that it gives."""
        if self.kind != "date":
            return (self.name,)
        nothing = pd.Series([], dtype="datetime64[ns]", name=self.name)
        return tuple(as_numbers(nothing, self.dates))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewRows:
    """Rows of a file, as features and as they stand there.

    Attributes:
        features: float64 (NaN is missing) and text (None is missing), as a table has them.
        frame: The file's columns.
        notes: What was recognised, filled in and not used on reading.

    """

    features: pd.DataFrame
    frame: pd.DataFrame
    notes: tuple[str, ...]


class _Cells(NamedTuple):
    """A column as it was read: its features, and which cells say nothing or something else."""

    features: dict[str, pd.Series]
    missing: NDArray[np.bool_]
    broken: NDArray[np.bool_]


def forms_of(
    columns: Iterable[Column], features: Collection[str], dates: Dates | None
) -> tuple[ColumnForm, ...]:
    """Give the forms of those *columns* that the *features* of a table come from.

    Args:
        columns: As :func:`fedmerit.federation.data.columns.chosen` gives them.
        features: Names, as :func:`fedmerit.federation.data.columns.take` gives them.
        dates: What dates became.

    """
    forms = []
    for column in columns:
        form = ColumnForm(
            name=column.name,
            kind=_kind(column),
            number=column.form,
            date=column.dates[0] if column.dates else "",
            dates=dates or "days",
        )
        if set(form.features) <= set(features):
            forms.append(form)
    return tuple(forms)


def read_rows(
    path: Path,
    forms: Sequence[ColumnForm],
    *,
    dialect: Dialect | None = None,
    impute: bool = False,
    others: Collection[str] = (),
) -> NewRows:
    """Read the rows of a file in given forms.

    Args:
        path: A file, one of :data:`~fedmerit.federation.data.files.SUFFIXES`.
        forms: Of the columns that are wanted; others are not used.
        dialect: What is known of the file.
        impute: Whether missing cells are filled in when encoding, or refused.
        others: Columns that have to be there too, and are not read here.

    Raises:
        DataError: Columns are not there, or hold cells of another form, or missing ones; names
            all of them.

    """
    dialect = dialect or Dialect()
    sheet = read_sheet(path, dialect)
    problems, notes = Problems(sheet.name), list(sheet.notes)
    features: dict[str, pd.Series] = {}
    read: dict[str, _Cells] = {}
    for form in forms:
        if form.name not in sheet.frame:
            others = [str(c) for c in sheet.frame if str(c) not in {f.name for f in forms}]
            problems.add(
                f"{sheet.name} has no column {form.name!r}",
                suggestion(form.name, others)
                if get_close_matches(form.name, others)
                else "Every column that the model was trained on has to be there.",
            )
            continue
        with problems.collecting():
            cells = _read(sheet.frame[form.name], form, dialect)
            read[form.name] = cells
            features |= cells.features
            _check(cells, form, sheet.frame[form.name], problems)
    notes += _check_missing(read, problems, impute=impute)
    for name in others:
        if name not in sheet.frame:
            problems.add(f"{sheet.name} has no column {name!r}", "It says whom a row is about.")
    wanted = {*others, *(form.name for form in forms)}
    if unused := [str(c) for c in sheet.frame if str(c) not in wanted]:
        notes.append(f"not used: {columns_in_words(unused)}")
    problems.check()
    return NewRows(features=pd.DataFrame(features), frame=sheet.frame, notes=tuple(notes))


def unseen(features: pd.DataFrame, encoding: Encoding) -> list[str]:
    """Say which levels no training row had, and in which rows: they count as no level at all."""
    notes = []
    for column in encoding.columns:
        if column.levels is None:
            continue
        cells = features[column.name]
        strange = (cells.notna() & ~cells.isin(column.levels)).to_numpy(dtype=np.bool_)
        if strange.any():
            shown = ", ".join(map(repr, sorted(set(cells[strange]))[:5]))
            notes.append(
                f"column {column.name!r} holds what no training row had, which counts as none of "
                f"its levels: {shown} in {rows_in_words(strange)}"
            )
    return notes


def _kind(column: Column) -> Kind:
    if column.kind == "date":
        return "date"
    if column.cells.dtype.kind == "f":
        return "number"
    return "boolean" if set(column.cells.dropna().unique()) <= _BOOLEANS else "category"


def _read(column: pd.Series, form: ColumnForm, dialect: Dialect) -> _Cells:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if form.kind in {"category", "boolean"}:
        return _categories(column, form, dialect)
    if form.kind == "date":
        return _dates(column, form, dialect)
    return _numbers(column, form, dialect)


def _numbers(column: pd.Series, form: ColumnForm, dialect: Dialect) -> _Cells:
    if column.dtype.kind in "iuf":
        values = column.astype(np.float64)
        unfit = ~np.isfinite(values.to_numpy())
        return _Cells({form.name: values.mask(unfit)}, unfit, np.zeros_like(unfit))
    cells = as_text(column)
    missing = missing_cells(cells, dialect.missing_words) | said_missing(cells)
    array = np.full(len(column), np.nan)
    array[~missing] = numbers(cells.filter(pa.array(~missing)), form.number)
    array[np.isinf(array)] = np.nan  # such as 1e400, which no float holds
    broken = np.isnan(array) & ~missing
    return _Cells({form.name: pd.Series(array, name=form.name)}, missing, broken)


def _categories(column: pd.Series, form: ColumnForm, dialect: Dialect) -> _Cells:
    cells = as_text(column)
    if form.kind == "boolean":
        cells = pc.utf8_capitalize(cells)
    missing = missing_cells(cells, dialect.missing_words)
    values = np.array(cells.to_pylist(), dtype=object)
    values[missing] = None
    levels = pd.Series(values, dtype=object, name=column.name)
    return _Cells({str(column.name): levels}, missing, np.zeros_like(missing))


def _dates(column: pd.Series, form: ColumnForm, dialect: Dialect) -> _Cells:
    if column.dtype.kind == "M":
        moments = column.dt.tz_convert(None) if getattr(column.dtype, "tz", None) else column
        missing = column.isna().to_numpy()
        broken = np.zeros_like(missing)
    else:
        cells = as_text(column)
        missing = missing_cells(cells, dialect.missing_words) | said_missing(cells)
        texts = pd.Series(cells.to_pandas(), dtype=object).mask(missing)
        moments = parsed(texts, _AS_TEXT if form.date == _TYPED else form.date)
        broken = moments.isna().to_numpy() & ~missing
    return _Cells(as_numbers(moments.rename(form.name), form.dates), missing, broken)


def _check(cells: _Cells, form: ColumnForm, column: pd.Series, problems: Problems) -> None:
    """Note cells of another form than the column's."""
    if not cells.broken.any():
        return
    example = column.to_numpy()[int(np.flatnonzero(cells.broken)[0])]
    if form.kind == "date":
        due = f"dates as {'2026-03-09' if form.date in {_TYPED, _AS_TEXT} else form.date}"
    else:
        due = f"numbers with {form.number.words or 'a decimal point'}"
    problems.add(
        f"column {form.name!r} holds {example!r} in {rows_in_words(cells.broken)}, and the model "
        f"was trained on {due}",
        "Write these cells as the training rows had them.",
    )


def _check_missing(read: dict[str, _Cells], problems: Problems, *, impute: bool) -> list[str]:
    """Note which cells are missing, or refuse them."""
    empty = {name: cells.missing for name, cells in read.items() if cells.missing.any()}
    if not empty:
        return []
    shown = "; ".join(f"column {name!r}: {rows_in_words(gone)}" for name, gone in empty.items())
    if not impute:
        problems.add(
            f"empty, infinite or non-numeric cells in {shown}",
            "Fill these cells in: the model was trained on rows without missing ones.",
        )
    return [f"missing cells are filled in, as in training: {shown}"]
