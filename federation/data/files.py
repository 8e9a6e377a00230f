"""Files as tables: what is text in the file stays that text.

A text file's columns are all text here; :mod:`fedmerit.federation.data.roles` says which are
numbers. Cells and headers lose spaces around them and get Unicode's composed form (NFC), so
that ``A`` and ``A `` are one name.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fedmerit.errors import DataError
from fedmerit.federation.data.dialects import (
    Dialect,
    as_utf8,
    in_words,
    separated,
)
from fedmerit.federation.data.naming import numbered
from fedmerit.federation.data.parsing import parsed

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """A file's table as it stands there.

    Attributes:
        name: The file's.
        frame: All columns text, but for a .parquet file's, which keep their types.
        separator: What parts its cells; a comma for a .parquet file.
        notes: What was recognised or changed on reading.

    """

    name: str
    frame: pd.DataFrame
    separator: str = ","
    notes: tuple[str, ...] = ()


def read_sheet(path: Path, dialect: Dialect | None = None) -> Sheet:
    """Read a file, one of :data:`SUFFIXES`.

    Raises:
        DataError: There is none, it cannot be read, or it is empty.
    """
    suffix = next((ending for ending in reversed(SUFFIXES) if _ends(path, ending)), None)
    if suffix is None:
        raise DataError(
            f"{path.name} is no table we can read", hint=f"Give one of {', '.join(SUFFIXES)}."
        )
    if not path.is_file():
        raise DataError(f"there is no file {path}", hint="Check the path.")
    try:
        if suffix == ".parquet":
            sheet = _from_parquet(path)
        else:
            sheet = _from_text(_bytes(path), path.name, suffix, dialect or Dialect())
    except (OSError, EOFError, ValueError, csv.Error, zlib.error, pa.ArrowException) as error:
        raise DataError(
            f"{path.name} cannot be read: {error}", hint=f"Is it really a {suffix} file?"
        ) from error
    if sheet.frame.empty:
        raise DataError(f"{path.name} has no rows", hint="Give a header line and rows below it.")
    return _tidied(sheet)


def read_file(path: Path, dialect: Dialect | None = None) -> pd.DataFrame:
    """Read the same, and give the table alone."""
    return read_sheet(path, dialect).frame


def tidy(column: pd.Series) -> tuple[pd.Series, int]:
    """Strip a text column's cells and compose their letters; count the cells that this changed."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        tidied, changed = tidy(column.astype(object))
        if not changed:
            return column, 0
        names, _ = tidy(pd.Series(column.cat.categories.tolist(), dtype=object))
        return tidied.astype(pd.CategoricalDtype(names.unique().tolist())), changed
    if not isinstance(column.dtype, pd.StringDtype):
        texts = column.map(lambda cell: cell if isinstance(cell, str) else None)
        if column.dtype != object or not texts.notna().any():
            return column, 0
        tidied, changed = _tidy(pa.array(texts, pa.large_string(), from_pandas=True))
        replaced = pd.Series(tidied.to_pandas().to_numpy(object), index=column.index)
        return column.where(texts.isna(), replaced), changed
    cells = pa.array(column)
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    tidied, changed = _tidy(cells)
    if not changed:
        return column, 0
    return pd.Series(tidied.to_pandas().to_numpy(object), index=column.index, dtype="str"), changed


def _tidy(cells: pa.Array) -> tuple[pa.Array, int]:
    tidied = pc.utf8_trim_whitespace(cells)
    if not pc.all(pc.string_is_ascii(tidied)).as_py():
        tidied = pc.utf8_normalize(tidied, form="NFC")
    return tidied, pc.sum(pc.not_equal(tidied, cells)).as_py() or 0


def _tidied(sheet: Sheet) -> Sheet:
    frame = sheet.frame.reset_index(drop=True)
    names, notes = _names([str(name) for name in frame.columns])
    frame.columns = pd.Index(names)
    changed: dict[str, int] = {}
    for name in names:
        column, count = tidy(frame[name])
        if count:
            frame[name] = column
            changed[name] = count
    if changed:
        total = sum(changed.values())
        notes.append(
            f"spaces around {total:,} cell{'s' if total > 1 else ''} were taken off, or letters "
            f"composed: in {columns_in_words(list(changed))}"
        )
    return Sheet(
        name=sheet.name, frame=frame, separator=sheet.separator, notes=(*sheet.notes, *notes)
    )


def columns_in_words(names: list[str]) -> str:
    """Name columns: ``column 'a'``, or ``columns 'a', 'b' and 3 more``."""
    shown = ", ".join(map(repr, names[:_SHOWN]))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"column{'s' if len(names) > 1 else ''} {shown}{more}"


def _names(headers: list[str]) -> tuple[list[str], list[str]]:
    """Give each column a name of its own, and say which were given."""
    stripped, _ = _tidy(pa.array(headers, pa.large_string()))
    written = stripped.to_pylist()
    firsts = {header: place for place, header in reversed(list(enumerate(written))) if header}
    others = [place for place, header in enumerate(written) if firsts.get(header) != place]
    made = numbered((written[k] or f"column {k + 1}" for k in others), firsts)
    names, given = list(written), [n for k, n in zip(others, made, strict=True) if written[k]]
    for place, name in zip(others, made, strict=True):
        names[place] = name
    notes = [f"headers appear twice: the later ones are {columns_in_words(given)}"] if given else []
    return names, notes


def _ends(path: Path, ending: str) -> bool:
    return path.name.lower().endswith(ending)


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if _ends(path, ".gz") else raw


def _from_parquet(path: Path) -> Sheet:
    frame = pd.read_parquet(path)
    named = [str(name) for name in frame.index.names if name is not None]
    if not named:
        return Sheet(name=path.name, frame=frame)
    note = f"the index of {path.name} has a name, so it is read as {columns_in_words(named)}"
    return Sheet(name=path.name, frame=frame.reset_index(allow_duplicates=True), notes=(note,))


def _from_text(raw: bytes, file: str, suffix: str, dialect: Dialect) -> Sheet:
    text, encoding = as_utf8(raw, file, dialect.encoding)
    whole = text
    text, separator = separated(whole, suffix, dialect.separator)
    notes = []
    if len(text) < len(whole):
        first = whole[: len(whole) - len(text)].decode().strip()
        notes.append(f"the first line of {file}, {first!r}, says what parts cells: it is no header")
    del whole
    if encoding != "utf-8" and not dialect.encoding:
        notes.append(f"{file} is read as {encoding}, for it is not UTF-8; encoding sets another")
    usual = "\t" if suffix.startswith(".tsv") else ","
    if separator != usual and not dialect.separator:
        notes.append(f"cells of {file} are parted by {in_words(separator)}; separator sets another")
    table, said = parsed(text, separator, file)
    notes += said
    for dropped in range(table.num_rows, 0, -1):
        if any(table.column(k)[dropped - 1].as_py() for k in range(table.num_columns)):
            break
    else:
        dropped = 0
    if dropped < table.num_rows:
        notes.append(f"{table.num_rows - dropped:,} rows without any cell end the file: left out")
    headers = [table.column(k)[0].as_py() for k in range(table.num_columns)] if dropped else []
    body = table.slice(1, max(0, dropped - 1)).rename_columns([f"{k}" for k in range(len(headers))])
    frame = pd.DataFrame(
        {
            int(name): pd.Series(body.column(name).to_pandas(), dtype="str")
            for name in body.schema.names
        }
    )
    frame.columns = pd.Index(headers)
    return Sheet(name=file, frame=frame, separator=separator, notes=tuple(notes))
