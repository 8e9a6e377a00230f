"""Which columns are numbers, categories, labels or owners, and which cells are none of it.

A text column whose cells are mostly numbers is taken for a numeric one with broken cells,
because that is what a stray ``?`` or ``n/a`` makes of a column on reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from fedmerit.errors import DataError, suggestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_LEVELS: Final = 100
_SHOWN: Final = 5


def clean(features: pd.DataFrame, *, impute: bool) -> pd.DataFrame:
    """Give *features* with float64 and text columns only.

    Args:
        features: Columns as a reader gave them.
        impute: Whether empty and unreadable cells become missing, or are refused.

    Raises:
        DataError: A cell or a column cannot be learned from; names the rows.

    """
    columns: dict[str, pd.Series] = {}
    faults: list[str] = []
    for name in features:
        column, unfit = _clean(features[name])
        columns[str(name)] = column
        if unfit.any() and not impute:
            faults.append(f"column {name!r}: {rows_in_words(unfit)}")
    if faults:
        raise DataError(
            f"empty, infinite or non-numeric cells in {'; '.join(faults)}",
            hint="Fill the cells in, remove the rows, or set missing = 'impute'.",
        )
    return pd.DataFrame(columns)


def class_labels(
    column: pd.Series, positive: str | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number a label column's classes in sorted order, or 0 and 1 where *positive* is given.

    Returns:
        Class numbers, shape ``(rows,)``, and the classes' names.

    Raises:
        DataError: The column holds no classes, or only one.

    """
    _complete(column, "Remove these rows, or label them.")
    if column.dtype.kind == "f":
        values = column.to_numpy()
        broken = ~np.isfinite(values) | (values != np.floor(values))
        if broken.any():
            raise DataError(
                f"the label column {column.name!r} holds fractions, so no classes "
                f"({rows_in_words(broken)})",
                hint="Cut the numbers into classes, or choose another column.",
            )
        column = column.astype(np.int64)
    levels = column.drop_duplicates()
    texts = in_words(column)
    classes = tuple(in_words(levels.sort_values(key=None if levels.dtype.kind in "iu" else _text)))
    if positive is not None:
        if positive not in classes:
            raise DataError(
                f"no row of the label column {column.name!r} is {positive!r}",
                hint=suggestion(positive, classes),
            )
        texts = [positive if text == positive else f"not {positive}" for text in texts]
        classes = (f"not {positive}", positive)
    if len(set(texts)) < 2:  # noqa: PLR2004 - two is what telling apart takes
        raise DataError(
            f"every row of the label column {column.name!r} is {texts[0]!r}",
            hint="There is nothing to learn; choose another label column or add rows.",
        )
    number = {text: index for index, text in enumerate(classes)}
    return np.array([number[text] for text in texts], dtype=np.int64), classes


def row_owners(
    frame: pd.DataFrame, participant: str | None
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Number a table's participants in order of their first rows.

    Returns:
        Their names, and each row's index into them, shape ``(rows,)``.

    Raises:
        DataError: A row is nobody's, a participant has no row, or there is only one.

    """
    if participant is None:
        return (), np.zeros(len(frame), dtype=np.int64)
    column = frame[participant]
    _complete(column, "Say whose these rows are, or remove them.")
    codes, names = pd.factorize(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        absent = sorted(set(map(str, column.cat.categories)) - set(map(str, names)))
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
    return tuple(in_words(pd.Series(names))), codes.astype(np.int64)


def rows_in_words(marked: NDArray[np.bool_]) -> str:
    """Name the marked rows, counted from 1: ``rows 2, 5, 7 and 40 more``."""
    rows = np.flatnonzero(marked) + 1
    shown = ", ".join(map(str, rows[:_SHOWN]))
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def in_words(values: pd.Series) -> list[str]:
    """Give each value as text, whole numbers without a decimal point."""
    return [
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in values
    ]


def _clean(column: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Give the column in its final type, and which cells had no usable value."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if column.dtype.kind in "iuf":
        return _numeric(column)
    kinds = set(column.dropna().map(type))
    if not all(issubclass(kind, (str, bool, np.bool_, int, float, np.number)) for kind in kinds):
        raise DataError(
            f"column {column.name!r} holds {', '.join(sorted(kind.__name__ for kind in kinds))}",
            hint="Only numeric, boolean and text columns can be learned from; drop or convert it.",
        )
    truth = bool(kinds) and kinds <= {bool, np.bool_}
    if not truth and 2 * pd.to_numeric(column, errors="coerce").notna().sum() > column.count():
        return _numeric(column)
    return _categorical(column)


def _numeric(column: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    values = pd.to_numeric(column, errors="coerce").astype(np.float64)
    unfit = ~np.isfinite(values.to_numpy())
    return values.mask(unfit), unfit


def _categorical(column: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    levels = column.nunique()
    if levels > _MOST_LEVELS:
        raise DataError(
            f"text column {column.name!r} has {levels} different values",
            hint=f"More than {_MOST_LEVELS} make an identifier, not a category: drop the column.",
        )
    empty = column.isna().to_numpy()
    texts = [None if gone else str(value) for value, gone in zip(column, empty, strict=True)]
    return pd.Series(texts, dtype=object, name=column.name), empty


def _text(values: pd.Series) -> pd.Series:
    return values.astype(str)


def _complete(column: pd.Series, hint: str) -> None:
    empty = column.isna().to_numpy()
    if empty.any():
        raise DataError(
            f"column {column.name!r} has empty cells: {rows_in_words(empty)}", hint=hint
        )
