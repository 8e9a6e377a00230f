"""What a column is: numbers, categories, dates, or something that names single rows.

The rule for what is left out unless it is asked for. A row number counts rows from each to the
next, or is a nameless column that does so. An identifier is different in every row and is text,
or has a name such as ``id`` or ``mrn``, or is of whole numbers that fill half of their range and
yet never repeat, which no measure of so many rows does. Any other column of numbers is kept,
however many different ones it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from fedmerit.federation.data import dates as date_forms
from fedmerit.federation.data import numbers as number_forms
from fedmerit.federation.data.cells import as_text, missing_cells, naming_notes, said_missing
from fedmerit.federation.data.dialects import Dialect

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["number", "category", "date", "row number", "identifier", "text", "empty"]

#: Kinds that are no columns to learn from unless they are asked for.
LEFT_OUT: Final = frozenset({"date", "row number", "identifier", "empty"})
MAX_LEVELS: Final = 100
#: What readers call columns without a name, and columns of row names.
_NAMELESS: Final = re.compile(r"column \d+|Unnamed: ?\d+|\.\.\.\d+|row[ _.]?names?")
_HARDLY_NAMED: Final = frozenset({"X", "V1", "index", "row", "Row"})
_LAST_WORDS: Final = frozenset(
    "id ids uid uuid guid mrn nr no key identifier ssn nhs iban isbn code rowid".split()  # noqa: SIM905
)
#: So few rows may differ by chance.
_FEW: Final = 20
_COUNTED: Final = 3
_UNNAMED_STEPS: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """What a column is taken for.

    Attributes:
        name: What it is called.
        kind: What it is.
        why: The reason, for people; empty for ordinary numbers and categories.
        cells: float64 (NaN is missing), text (None is missing) or moments.
        missing: Which cells are empty or say so, shape ``(rows,)``.
        broken: Which cells say something that is no value of such a column.
        example: The first broken cell.
        levels: How many different values there are.
        notes: What was recognised.
        dates: The formats that its dates may have.
        form: How its numbers are written.

    """

    name: str
    kind: Kind
    why: str
    cells: pd.Series
    missing: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    levels: int
    example: str = ""
    notes: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    form: number_forms.NumberForm = number_forms.PLAIN


def study(
    column: pd.Series,
    *,
    dialect: Dialect | None = None,
    separator: str = ",",
    decimal: str = ".",
) -> Column:
    """Say what a column is.

    Args:
        column: As a reader gave it.
        dialect: What the user says of the file.
        separator: What parts the file's cells.
        decimal: The decimal sign that the file speaks for.

    Raises:
        DataError: It holds objects that are neither numbers nor text.

    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if column.dtype.kind in "iuf":
        values = column.astype(np.float64)
        unfit = ~np.isfinite(values.to_numpy())
        return _number(column, values.mask(unfit), unfit, np.zeros_like(unfit))
    if column.dtype.kind == "M":
        return _moments(column)
    return _text(column, dialect or Dialect(), separator, decimal)


def _text(column: pd.Series, dialect: Dialect, separator: str, decimal: str) -> Column:
    cells, name = as_text(column), str(column.name)
    missing = missing_cells(cells, dialect.missing_words)
    if missing.all():
        return Column(
            name=name,
            kind="empty",
            why="has no cell",
            cells=pd.Series(np.full(len(column), np.nan), name=name),
            missing=missing,
            broken=np.zeros_like(missing),
            levels=0,
        )
    words = missing | said_missing(cells)
    rest = cells.filter(pa.array(~words)) if words.any() else cells
    if forms := date_forms.recognised(rest):
        return _dates(column, cells, words, forms)
    fast = None
    if decimal == "." and not dialect.thousands:
        fast = number_forms.plain_numbers(rest)
    if fast is not None and len(rest):
        return _number(column, _scattered(fast, words, name), words, np.zeros_like(words))
    found = number_forms.recognised(rest, dialect, separator=separator, decimal=decimal)
    if found is None:
        return _category(column, cells, missing)
    form, unsure = found
    values = _scattered(number_forms.numbers(rest, form), words, name)
    values = values.where(np.isfinite(values))  # such as 1e400, which no float holds
    broken = np.isnan(values.to_numpy()) & ~words
    example = cells[int(np.flatnonzero(broken)[0])].as_py() if broken.any() else ""
    notes = []
    if form.words or unsure:
        more = "; decimal and thousands set another reading" if unsure else ""
        notes.append(f"column {name!r} is read with {form.words or 'a decimal point'}{more}")
    return _number(column, values, words, broken, example=example, notes=tuple(notes), form=form)


def _scattered(numbers: NDArray[np.float64], words: NDArray[np.bool_], name: str) -> pd.Series:
    values = np.full(len(words), np.nan) if words.any() else numbers
    if words.any():
        values[~words] = numbers
    return pd.Series(values, name=name)


def _number(
    column: pd.Series,
    values: pd.Series,
    missing: NDArray[np.bool_],
    broken: NDArray[np.bool_],
    *,
    example: str = "",
    notes: tuple[str, ...] = (),
    form: number_forms.NumberForm = number_forms.PLAIN,
) -> Column:
    name, array = str(column.name), values.to_numpy()
    kind: Kind = "number"
    why, levels = "", int(pd.Series(array).nunique())
    if not missing.any() and not broken.any() and (array == np.floor(array)).all():
        kind, why = _counts(array, name, levels)
    elif missing.all():
        kind, why = "empty", "has no number"
    return Column(
        name=name,
        kind=kind,
        why=why,
        cells=values,
        missing=missing,
        broken=broken,
        levels=levels,
        example=example,
        notes=notes,
        form=form,
    )


def _counts(values: NDArray[np.float64], name: str, levels: int) -> tuple[Kind, str]:
    """Say whether whole numbers count rows, or name them."""
    rows = len(values)
    if rows > _COUNTED and (why := _counts_rows(values, name, levels)):
        return "row number", why
    if levels < rows or rows <= _COUNTED:
        return "number", ""
    if named_as_identifier(name):
        return "identifier", "is different in every row, and called so"
    if rows >= _FEW and 2 * rows >= values.max() - values.min() + 1:
        return "identifier", "never repeats a number, though it fills half of their range"
    return "number", ""


def _counts_rows(values: NDArray[np.float64], name: str, levels: int) -> str:
    """Say why a column is one of row numbers; nothing if it is none."""
    steps = np.diff(values)
    if (steps == 1).all() or (steps == -1).all():
        return "counts the rows"
    nameless = _NAMELESS.fullmatch(name) is not None
    counting = np.mean(steps == 1) >= _UNNAMED_STEPS  # from the start again in each part
    if (nameless and levels == len(values)) or ((nameless or name in _HARDLY_NAMED) and counting):
        return "counts rows, as its name says nothing else"
    return ""


def named_as_identifier(name: str) -> bool:
    """Say whether a column's name ends as identifiers' do."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-zäöüß]+|\d+", name)
    return bool(words) and words[-1].lower() in _LAST_WORDS


def _moments(column: pd.Series) -> Column:
    missing = column.isna().to_numpy()
    plain = column.dt.tz_convert(None) if getattr(column.dtype, "tz", None) else column
    return Column(
        name=str(column.name),
        kind="date",
        why="holds dates",
        cells=plain,
        missing=missing,
        broken=np.zeros_like(missing),
        levels=int(column.nunique()),
        dates=("typed",),
    )


def _dates(
    column: pd.Series, cells: pa.Array, missing: NDArray[np.bool_], forms: tuple[str, ...]
) -> Column:
    texts = pd.Series(cells.to_pandas(), name=column.name).mask(missing)
    return Column(
        name=str(column.name),
        kind="date",
        why="holds dates" if len(forms) == 1 else "holds dates, of days and months in either order",
        cells=date_forms.parsed(texts, forms[0]),
        missing=missing,
        broken=np.zeros_like(missing),
        levels=int(texts.nunique()),
        dates=forms,
    )


def _category(column: pd.Series, cells: pa.Array, missing: NDArray[np.bool_]) -> Column:
    name = str(column.name)
    coded = cells.dictionary_encode()
    names = np.array(coded.dictionary.to_pylist(), dtype=object)
    codes = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    values = names[codes]
    values[missing] = None
    present = sorted({level for level in names.tolist() if level not in (None, "")})
    counts = np.bincount(codes[~missing], minlength=len(names))
    levels, rows = int((counts > 0).sum()), int((~missing).sum())
    kind: Kind = "category"
    why, notes = "", []
    if levels == rows and rows >= _FEW:
        kind, why = "identifier", "is different in every row"
    elif levels > MAX_LEVELS:
        kind, why = "text", f"has {levels} different values"
    else:
        notes += naming_notes(name, [each for each in names[counts > 0].tolist() if each])
    digits = [level for level in present if re.match(r"\W*\d", level)]
    if kind == "category" and 2 * len(digits) > levels:
        notes.append(f"column {name!r} is taken for categories, such as {digits[0]!r}")
    return Column(
        name=name,
        kind=kind,
        why=why,
        cells=pd.Series(values, dtype=object, name=name),
        missing=missing,
        broken=np.zeros_like(missing),
        levels=levels,
        notes=tuple(notes),
    )
