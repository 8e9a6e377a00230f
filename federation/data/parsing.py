"""Records as a table: each row under the headers it was written for, or refused.

A row that is longer than the header, or a quote that swallows rows, shifts or loses what people
wrote without a sign of it in the numbers. There are two limits, and each leaves a note. A cell
that holds a line break and as many separators as one row may be a swallowed row or a text. And
where every row has one cell too many, and its first cells are all different, those are taken for
row names, though the surplus cell may be another.
"""

from __future__ import annotations

import csv
import io
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from fedmerit.errors import DataError
from fedmerit.federation.data.dialects import SEPARATORS, beginning, records
from fedmerit.federation.data.numbers import plain_numbers
from fedmerit.federation.data.roles import named_as_identifier

#: Bytes in which a header and a row end.
_HEADER: Final = 1 << 20
_SHOWN: Final = 40
#: Of a file's beginning, to see whether it has a header.
_SAMPLE: Final = 1 << 16
_RECORDS: Final = 60
#: Of fewer cells a title's one is half.
_LEAST_CELLS: Final = 3


def parsed(text: bytes, separator: str, file: str) -> tuple[pa.Table, list[str]]:
    """Give a text's records as a table of text, its header in the first, and notes.

    Raises:
        DataError: A row has more cells than the header, or a quote does not end where a cell does.
    """
    text = text.lstrip(b"\r\n")
    header = next(iter(records(beginning(text, _HEADER), separator, 1)), [])
    _check_titles(text, separator, header, file)
    notes = _check_quotes(text, separator, len(header), file) if b'"' in text else []
    table, said = _parsed(text, separator, header, file)
    return table, [*notes, *said]


def _check_titles(text: bytes, separator: str, header: list[str], file: str) -> None:
    """Refuse a first line that is the title of a table whose header follows."""
    sample = beginning(text, _SAMPLE)
    for each in dict.fromkeys((separator, *SEPARATORS)):
        try:
            rows = records(sample, each, _RECORDS)
        except csv.Error:
            continue
        if place := _header_below(rows):
            title, found = (each.join(row).rstrip(each)[:_SHOWN] for row in (rows[0], rows[place]))
            raise DataError(
                f"the first line of {file} is {title!r}, which names no columns: a title?",
                hint=f"Remove all lines above the header, which seems to be the one that begins "
                f"{found!r}; or give every column a name.",
            )
        # Where no row is like the header, the title may hide what parts the cells below it.
        if each == separator and len(header) > 1 and any(len(r) == len(header) for r in rows[1:]):
            return


def _header_below(rows: list[list[str]]) -> int:
    """Give the place of the first record that is as filled as others are; 0 for the first one."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    usual = float(np.median(filled[1:])) if len(filled) > 1 else 0.0
    if usual < _LEAST_CELLS or 2 * filled[0] >= usual:
        return 0
    return next(place for place, cells in enumerate(filled) if 2 * cells >= usual)


def _check_quotes(text: bytes, separator: str, cells: int, file: str) -> list[str]:
    """Refuse quotes that swallow rows; note a cell that might be a swallowed row."""
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    number, suspect = -1, []
    try:
        for record in filter(None, csv.reader(lines, delimiter=separator, strict=True)):
            number += 1
            for cell in record if cells > 1 else ():
                if ("\n" in cell or "\r" in cell) and cell.count(separator) >= cells - 1:
                    suspect.append(number)
                    if cell.count(separator) >= cells:
                        raise _swallowed(number, f"in {cell[:_SHOWN]!r}")
    except csv.Error as error:
        raise _swallowed(number + 1, str(error)) from error
    if not suspect:
        return []
    note = (
        f"{len(suspect):,} cells of {file} hold a line break and as many separators as a row, the "
        f"first of them in row {suspect[0]}: is a quote missing there?"
    )
    return [note]


def _swallowed(number: int, why: str) -> DataError:
    return DataError(
        f"row {number} has a quoted cell that ends where no cell does, or holds rows ({why})",
        hint='Close its quote, write a quote within it twice (""), or take line breaks out of it.',
    )


def _parsed(
    text: bytes, separator: str, header: list[str], file: str
) -> tuple[pa.Table, list[str]]:
    cells = len(header)
    try:
        return _parsed_fast(text, separator, cells), []
    except pa.ArrowInvalid:
        pass
    try:
        longer = _parsed_fast(separator.encode() + text, separator, cells + 1)
    except pa.ArrowInvalid:
        return _parsed_slowly(text.decode(), separator, cells, file)
    extra, names = longer.column(cells)[1:], longer.column(0)[1:]
    filled = pc.not_equal(extra, "")
    if not pc.any(filled).as_py():
        return _parsed_slowly(text.decode(), separator, cells, file)
    # R names no column for its row names; an identifier's cells have a header already.
    present = pc.or_(filled, pc.not_equal(names, ""))  # rows without any cell may end a file
    names = names[: pc.max(pc.indices_nonzero(present)).as_py() + 1].combine_chunks()
    if not _are_row_names(names) or named_as_identifier(header[0]):
        raise _too_long(pc.index(filled, value=True).as_py() + 1, cells + 1, cells)
    note = (
        f"rows of {file} have one cell more than its header: their first cells, different in "
        "every row, are taken for row names without a header"
    )
    return longer, [note]


def _are_row_names(cells: pa.Array) -> bool:
    """Say whether cells are all different and, if they are numbers, whole and ascending."""
    if not pc.all(pc.not_equal(cells, "")).as_py() or len(cells.unique()) < len(cells):
        return False
    values = plain_numbers(pc.replace_substring(cells, ",", "."))
    return values is None or bool((values % 1 == 0).all() and (np.diff(values) > 0).all())


def _parsed_fast(text: bytes, separator: str, cells: int) -> pa.Table:
    """Give records of so many cells each; pyarrow's error where one has others."""
    names = [f"f{k}" for k in range(cells)]
    return arrow_csv.read_csv(
        pa.BufferReader(text),
        read_options=arrow_csv.ReadOptions(column_names=names),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=b'"' in text),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
        ),
    )


def _parsed_slowly(text: str, separator: str, cells: int, file: str) -> tuple[pa.Table, list[str]]:
    """Do the same where records are not all as long as the header; shorter ones end empty."""
    rows = records(text, separator)
    for number, row in enumerate(rows):
        if any(row[cells:]):
            raise _too_long(number, len(row), cells)
    notes = []
    if longer := [number for number, row in enumerate(rows) if len(row) > cells]:
        notes.append(
            f"{len(longer):,} rows of {file} end in empty cells beyond the header, the first of "
            f"them row {longer[0]}: these cells are left out"
        )
    padded = [row[:cells] + [""] * (cells - len(row)) for row in rows]
    columns = [pa.array(column, pa.large_string()) for column in zip(*padded, strict=True)]
    return pa.table(columns, names=[f"f{k}" for k in range(cells)]), notes


def _too_long(number: int, cells: int, header: int) -> DataError:
    return DataError(
        f"row {number} has {cells} cells, and the header has {header}",
        hint="Put quotes around cells that hold the separator, set the separator, name every "
        "column in the header, or remove lines above it.",
    )
