"""The columns of a table to learn from: features, labels, and whose row is whose."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data import numbers as number_forms
from fedmerit.federation.data.cells import as_text, missing_cells, naming_notes
from fedmerit.federation.data.dates import as_numbers, has_times, parsed
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.files import columns_in_words, tidy
from fedmerit.federation.data.naming import united
from fedmerit.federation.data.problems import Problems
from fedmerit.federation.data.roles import (
    LEFT_OUT,
    MAX_LEVELS,
    study,
)
from fedmerit.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.data.dates import Dates
    from fedmerit.federation.data.roles import Column

#: What a label column is taken for where its numbers do not say it.
Target = Literal["classes", "quantity"]

_SHOWN: Final = 5
_MAX_NUMERIC_CLASSES: Final = 20
_MAX_LISTED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which columns to learn from, and how their cells are taken."""

    columns: tuple[str, ...] = ()
    """These and no others; if empty, all that are not left out by default."""
    ignore: tuple[str, ...] = ()
    """None of these."""
    dates: Dates | None = None
    """How dates become numbers; None leaves them out."""
    impute: bool = False
    """Whether missing cells are filled in when encoding, or refused."""
    section: str = "[data]"
    """Where a scenario names the columns, for what notes and errors propose."""


def studied(
    frame: pd.DataFrame, *, dialect: Dialect | None = None, separator: str = ","
) -> list[Column]:
    """Say of each column what it is, in the frame's order.

    Args:
        frame: Emptied on the way, so that a large table is in memory only once.
        dialect: What is known of the file.
        separator: What parts its cells.

    Raises:
        DataError: Columns hold what is neither number, date nor text.
    """
    dialect = dialect or Dialect()
    texts = [as_text(frame[c]) for c in frame if isinstance(frame[c].dtype, pd.StringDtype)]
    decimal = number_forms.decimal_of_file(texts, dialect, separator)
    problems = Problems("the table")
    found: list[Column] = []
    del texts
    # Taken out at once: of thousands of columns, each pop would move all others.
    waiting = [frame[name] for name in reversed(frame.columns.tolist())]
    if waiting:
        frame.columns = pd.Index([""] * len(waiting))
        del frame[""]  # all that are called so
    while waiting:
        with problems.collecting():
            column = waiting.pop()
            found.append(study(column, dialect=dialect, separator=separator, decimal=decimal))
            del column
            pa.default_memory_pool().release_unused()  # or it keeps what a column took
    problems.check()
    return found


def take(
    columns: Sequence[Column], choice: Choice, problems: Problems
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give the columns to learn from, float64 (NaN is missing) and text (None is missing) only.

    Args:
        columns: As :func:`studied` gives them, without labels and owners.
        choice: Which to take.
        problems: Hears of all that cannot be learned from, with the rows.

    Returns:
        The features, and notes on what was left out, recognised and filled in.

    """
    _check_choice(columns, choice, problems)
    left = [c for c in columns if _left_out(c, choice)]
    taken = chosen(columns, choice)
    features: dict[str, pd.Series] = {}
    notes = [note for column in taken for note in column.notes]
    if choice.dates == "parts" and (timed := [c.name for c in taken if _has_times(c)]):
        notes.append(
            f"times of day in {columns_in_words(timed)} are no part that is learned from; "
            f'dates = "days" keeps them'
        )
    for column in taken:
        with problems.collecting():
            features = united(features, _taken(column, choice), column.name)
    _check_cells(taken, choice, problems)
    if left:
        notes.append(_left_in_words(columns, left, choice))
        problems.remark(notes[-1])
    if filled := [c for c in taken if c.missing.any()]:
        counts = ", ".join(f"{int(c.missing.sum()):,} in {c.name!r}" for c in filled[:_MAX_LISTED])
        notes.append(f"missing cells are filled in: {counts}")
    return pd.DataFrame(features), tuple(notes)


def chosen(columns: Sequence[Column], choice: Choice) -> list[Column]:
    """Give the columns to learn from, as they are in the file."""
    unwanted, asked = set(choice.ignore), set(choice.columns)
    return [
        c
        for c in columns
        if not (_left_out(c, choice) or c.name in unwanted or (asked and c.name not in asked))
    ]


def row_labels(
    column: pd.Series,
    positive: str | None,
    *,
    target: Target | None = None,
    dialect: Dialect | None = None,
) -> tuple[NDArray[np.int64] | NDArray[np.float64], tuple[str, ...], list[str]]:
    """Number a label column's classes in sorted order, or 0 and 1 where *positive* is given.

    More than 20 different numbers are a quantity unless *target* or *positive* says otherwise.

    Args:
        column: The labels.
        positive: The label to tell from all others; None to tell every one from every other.
        target: ``classes`` or ``quantity``; None to go by what the column holds.
        dialect: What the user says of the file.

    Returns:
        Class numbers, shape ``(rows,)``, the classes' names, and notes. Of a quantity, its numbers
        and no names.

    Raises:
        DataError: The column holds neither classes nor a quantity, or only one of them.

    """
    codes, levels = _levels(column, dialect, "Remove these rows, or label them.")
    values = _numbers(levels)
    if positive is not None and positive not in levels:
        raise DataError(
            f"no row of the label column {column.name!r} is {positive!r}",
            hint=suggestion(positive, levels),
        )
    if len(levels) < 2:  # noqa: PLR2004 - two is what telling apart takes
        raise DataError(
            f"every row of the label column {column.name!r} is {levels[0]!r}",
            hint="There is nothing to learn; choose another label column or add rows.",
        )
    if target == "quantity" or (positive is None and target is None and _many_numbers(values)):
        return _quantity(str(column.name), positive, levels, codes), (), []
    if positive is None and target is None:
        _check_classes(str(column.name), codes, values)
    order = np.argsort(values, kind="stable") if np.isfinite(values).all() else None
    names = [levels[k] for k in order] if order is not None else sorted(levels)
    classes = tuple(names)
    if positive is not None:
        classes = (f"not {positive}", positive)
    place = {name: index for index, name in enumerate(names)}
    numbers = [int(name == positive) if positive is not None else place[name] for name in levels]
    notes = naming_notes(str(column.name), levels)
    return np.array(numbers, dtype=np.int64)[codes], classes, notes


def row_owners(
    column: pd.Series, *, dialect: Dialect | None = None
) -> tuple[tuple[str, ...], NDArray[np.int64], list[str]]:
    """Number the participants that a column names, in order of their first rows.

    Returns:
        Their names, each row's index into them, shape ``(rows,)``, and notes.

    Raises:
        DataError: A row is nobody's, a participant has no row, or there is only one.

    """
    participant = str(column.name)
    codes, names = _levels(column, dialect, "Say whose these rows are, or remove them.")
    if isinstance(column.dtype, pd.CategoricalDtype):
        absent = sorted({str(each).strip() for each in column.cat.categories} - set(names))
        if absent:
            raise DataError(
                f"participants without rows: {', '.join(absent)}",
                hint="Remove them from the column's categories, or add their rows.",
            )
    if len(names) < 2:  # noqa: PLR2004 - two is what a federation is
        raise DataError(
            f"the participant column {participant!r} names only {names[0]!r}",
            hint="A federation needs two participants or more; name another column, or a recipe.",
        )
    if unfit := [name for name in names if not printable(name)]:
        raise DataError(
            f"the participant column {participant!r} names {unfit[0]!r}, which cannot be read",
            hint="A name is text without control or invisible characters.",
        )
    return tuple(names), codes, naming_notes(participant, names)


def rows_in_words(marked: NDArray[np.bool_]) -> str:
    """Name the marked rows, counted from 1: ``rows 2, 5, 7 and 40 more``."""
    rows = np.flatnonzero(marked) + 1
    shown = ", ".join(map(str, rows[:_SHOWN]))
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def _levels(
    column: pd.Series, dialect: Dialect | None, hint: str
) -> tuple[NDArray[np.int64], list[str]]:
    """Give each row's index into the names that appear, in order of their first rows."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if column.dtype.kind == "f":
        texts = [_whole(cell) for cell in column.tolist()]
        cells = pa.array(texts, pa.large_string())
    else:
        cells = as_text(tidy(column)[0])
    empty = missing_cells(cells, (dialect or Dialect()).missing_words)
    if empty.any():
        raise DataError(
            f"column {column.name!r} has empty cells: {rows_in_words(empty)}", hint=hint
        )
    coded = cells.dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), coded.dictionary.to_pylist()


def _whole(cell: float) -> str | None:
    if np.isnan(cell):
        return None
    return str(int(cell)) if float(cell).is_integer() else str(cell)


def _numbers(levels: list[str]) -> NDArray[np.float64]:
    """Give labels as numbers, infinite where they say so and NaN where they are none."""
    cells = pa.array(levels, pa.large_string())
    found = number_forms.recognised(cells, Dialect(), separator=",", decimal=".")
    form = found[0] if found else number_forms.PLAIN
    values = np.array(number_forms.numbers(cells, form))
    for index, level in enumerate(levels):
        if level.lower().lstrip("+-") in {"inf", "infinity"}:
            values[index] = np.inf
    return values


def _check_classes(name: str, codes: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    """Refuse labels that are a quantity."""
    fractions = ~(values == np.floor(values)) | np.isinf(values)
    if not np.isnan(values).any() and fractions.any():
        raise DataError(
            f"the label column {name!r} holds fractions, so no classes "
            f"({rows_in_words(fractions[codes])})",
            hint='Set target = "quantity" below [data] to predict numbers, or target = "classes" '
            "if they are classes; or name the positive class.",
        )


def _quantity(
    name: str, positive: str | None, levels: list[str], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give each row's number, shape ``(rows,)``."""
    values = _numbers(levels)
    if positive is not None:
        raise DataError(
            f"the label column {name!r} is to be a quantity, and {positive!r} a class of it",
            hint="Leave out positive, or target.",
        )
    if (unfit := ~np.isfinite(values)).any():
        raise DataError(
            f"the label column {name!r} is to be a quantity and holds "
            f"{levels[int(unfit.argmax())]!r} ({rows_in_words(unfit[codes])})",
            hint='Write numbers, remove these rows, or set target = "classes" below [data].',
        )
    if len(np.unique(values)) == 1:
        raise DataError(
            f"every row of the label column {name!r} is {levels[0]!r}",
            hint="There is nothing to learn; choose another label column or add rows.",
        )
    return values[codes]


def _many_numbers(values: NDArray[np.float64]) -> bool:
    """Say whether different labels are too many numbers to be classes."""
    return int(np.count_nonzero(np.isfinite(values))) > max(_MAX_NUMERIC_CLASSES, len(values) / 2)


def _check_choice(columns: Sequence[Column], choice: Choice, problems: Problems) -> None:
    names = {column.name: None for column in columns}
    for setting in ("columns", "ignore"):
        for name in getattr(choice, setting):
            if name not in names:
                problems.add(
                    f"{setting} names {name!r}, which is no column to learn from",
                    suggestion(name, names),
                )
    if both := sorted(set(choice.columns) & set(choice.ignore)):
        problems.add(
            f"columns and ignore both name {columns_in_words(both)}", "Leave it out of one of them."
        )


def _left_out(column: Column, choice: Choice) -> bool:
    """Say whether a column is left out though nobody asked for that."""
    if choice.columns or column.name in choice.ignore:
        return False
    return column.kind in LEFT_OUT and not (column.kind == "date" and choice.dates)


def _has_times(column: Column) -> bool:
    return column.kind == "date" and len(column.dates) == 1 and has_times(column.cells)


def _taken(column: Column, choice: Choice) -> dict[str, pd.Series]:
    """Give a column's features by name."""
    if column.kind == "date":
        if len(column.dates) > 1:
            raise DataError(
                f"column {column.name!r} holds dates, of days and months in either order",
                hint="Write years first, as in 2026-03-09, or ignore the column.",
            )
        moments = column.cells
        if column.dates != ("typed",) and moments.dtype.kind != "M":
            moments = parsed(moments, column.dates[0])
        return as_numbers(moments.rename(column.name), choice.dates or "days")
    if column.cells.dtype.kind != "f" and column.levels > MAX_LEVELS:
        raise DataError(
            f"text column {column.name!r} has {column.levels} different values",
            hint=f"More than {MAX_LEVELS} make an identifier, not a category: "
            f"{_without([column], choice)} drops it.",
        )
    return {column.name: column.cells}


def _check_cells(taken: Sequence[Column], choice: Choice, problems: Problems) -> None:
    empty = [c for c in taken if c.missing.any()]
    if empty and not choice.impute:
        shown = "; ".join(f"column {c.name!r}: {_counted(c.missing)}" for c in empty)
        problems.add(
            f"empty, infinite or non-numeric cells in {shown}",
            "Fill the cells in, remove the rows, or set missing = 'impute'.",
        )
    if broken := [c for c in taken if c.broken.any()]:
        shown = "; ".join(
            f"column {c.name!r}: {_counted(c.broken)}, such as {c.example!r}" for c in broken
        )
        problems.add(
            f"cells that are no numbers in {shown}",
            "Write them as numbers, set decimal or thousands, list words in missing_words, or "
            f"{_without(broken, choice)}: missing = 'impute' does not take them.",
        )


def _counted(marked: NDArray[np.bool_]) -> str:
    count = int(marked.sum())
    return f"{rows_in_words(marked)}{f' ({count:,} cells)' if count > _SHOWN else ''}"


def _left_in_words(columns: Sequence[Column], left: Sequence[Column], choice: Choice) -> str:
    """Say what is left out, why, and which line puts it back."""
    shown = ", ".join(f"{c.name!r} ({c.why})" for c in left[:_MAX_LISTED])
    if len(left) > _MAX_LISTED:
        shown += f" and {len(left) - _MAX_LISTED:,} more"
    ways = []
    if any(c.kind == "date" for c in left):
        ways.append('dates = "days"')
    if any(_may_return(c) for c in left):
        names = [c.name for c in columns if _may_return(c) and c.name not in choice.ignore]
        ways.append(
            f"columns = {json.dumps(names, ensure_ascii=False)}"
            if len(names) <= _MAX_LISTED
            else "columns = [...] with every column to learn from"
        )
    back = f"; back with {' or '.join(ways)} below {choice.section}" if ways else ""
    return f"left out: column{'s' if len(left) > 1 else ''} {shown}{back}"


def _without(columns: Sequence[Column], choice: Choice) -> str:
    """Say which line leaves columns out."""
    names = json.dumps([column.name for column in columns], ensure_ascii=False)
    if choice.section == "[data]":
        return f"ignore = {names} below [data]"
    return f"columns = [...] below {choice.section}, without {names},"


def _may_return(column: Column) -> bool:
    """Say whether a column that is asked for by its name is a feature as it is."""
    text = column.cells.dtype.kind not in "fM"
    return column.kind not in {"date", "empty"} and not (text and column.levels > MAX_LEVELS)
