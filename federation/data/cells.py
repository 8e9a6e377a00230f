"""Cells of text: which of them are missing, and which names others would take for one another."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fedmerit.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Words without a digit that, in a column of numbers, say that there is none.
MISSING_WORDS: Final = (
    frozenset("na n/a n.a. n.a n/d nd nan null none nil nat unk unknown missing k.a. s/d".split())  # noqa: SIM905
    | {"", "not available", "<na>", "?", "-", "--", ".", "..", "*", "\u2013", "\u2014"}
    | {
        *("#n/a", "#value!", "#ref!", "#num!", "#null!"),
        *("inf", "-inf", "+inf", "infinity", "-infinity"),
    }
)
#: Plain numbers, with either decimal sign.
_WHOLE_OR_BROKEN: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def as_text(column: pd.Series) -> pa.Array:
    """Give a column's cells as text, null where there is none.

    Raises:
        DataError: It holds objects that are neither numbers nor text.
    """
    if isinstance(column.dtype, pd.StringDtype):
        cells = pa.array(column)
        return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    kinds = set(column.dropna().map(type))
    if not all(issubclass(kind, (str, bool, np.bool_, int, float, np.number)) for kind in kinds):
        raise DataError(
            f"column {column.name!r} holds {', '.join(sorted(kind.__name__ for kind in kinds))}",
            hint="Only numeric, boolean, date and text columns can be learned from; drop or "
            "convert it.",
        )
    texts = [None if gone else str(cell) for cell, gone in zip(column, column.isna(), strict=True)]
    return pa.array(texts, pa.large_string())


def missing_cells(cells: pa.Array, words: tuple[str, ...]) -> NDArray[np.bool_]:
    """Say which cells of text are missing, shape ``(rows,)``."""
    said = pc.is_in(cells, value_set=pa.array(words, cells.type))
    return np.asarray(
        pc.or_(said, pc.is_null(cells)).to_numpy(zero_copy_only=False), dtype=np.bool_
    )


def said_missing(cells: pa.Array) -> NDArray[np.bool_]:
    """Say which cells hold one of the :data:`MISSING_WORDS`, shape ``(rows,)``."""
    words = pa.array(sorted(MISSING_WORDS), cells.type)
    found = pc.fill_null(pc.is_in(pc.utf8_lower(cells), value_set=words), fill_value=False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.bool_)


def naming_notes(name: str, levels: list[str]) -> list[str]:
    """Say which of a column's texts others would take for empty, or for one another."""
    notes = []
    if words := sorted(level for level in levels if level.lower() in MISSING_WORDS):
        notes.append(
            f"column {name!r} holds {', '.join(map(repr, words))}, a name like any other; "
            f"missing_words = {json.dumps(['', *words], ensure_ascii=False)} would make it missing"
        )
    alike: dict[str, list[str]] = {}
    for level in levels:
        alike.setdefault(" ".join(level.split()).casefold(), []).append(level)
    if twins := [group for group in alike.values() if len(group) > 1]:
        shown = " and ".join(map(repr, twins[0]))
        notes.append(f"column {name!r} tells {shown} apart, which differ in case or spaces alone")
    numbers: dict[Decimal, list[str]] = {}
    for level in levels:
        if _WHOLE_OR_BROKEN.fullmatch(level):
            numbers.setdefault(Decimal(level.replace(",", ".")), []).append(level)
    if equal := [group for group in numbers.values() if len(group) > 1]:
        shown = " and ".join(map(repr, equal[0]))
        more = f"; {len(equal) - 1:,} more such" if len(equal) > 1 else ""
        notes.append(f"column {name!r} tells {shown} apart, which may be one number{more}")
    return notes
