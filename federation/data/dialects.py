"""How a text file writes its table: what parts cells, how bytes are letters, what is empty.

Each is recognised where nobody says it, and what was recognised is said in a note.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Final

from fedmerit.errors import DataError

SEPARATORS: Final = (",", ";", "\t", "|")
#: Line in which Excel says what parts cells.
_SAID: Final = re.compile(rb'"?sep=([^"\r\n])"?\1*\r?\n', re.IGNORECASE)
_MARK: Final = "\ufeff".encode()
_SAMPLE: Final = 1 << 16
_RECORDS: Final = 200
_WORDS: Final = {"\t": "tabs", " ": "spaces"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What is known of how files write tables; None is recognised from the file."""

    separator: str | None = None
    """What parts cells, one character."""
    decimal: str | None = None
    """What parts whole from broken numbers, ``.`` or ``,``."""
    thousands: str | None = None
    """What groups digits in threes; empty if nothing does."""
    encoding: str | None = None
    """How bytes are letters, as Python calls it."""
    missing_words: tuple[str, ...] = ("",)
    """Cells of text that are missing; all others are what they say."""

    def __post_init__(self) -> None:
        for name in ("separator", "decimal", "thousands"):
            value = getattr(self, name)
            if value is not None and len(value) != 1 and (name, value) != ("thousands", ""):
                raise DataError(f"{name} = {value!r} is not one character", hint="Such as ','.")
        if self.decimal is not None and self.decimal == self.thousands:
            raise DataError(
                f"decimal and thousands are both {self.decimal!r}", hint="Leave one of them out."
            )


def as_utf8(raw: bytes, file: str, encoding: str | None) -> tuple[bytes, str]:
    """Give a file's text as UTF-8 without a byte order mark, and how it was encoded.

    A byte order mark decides; without one it is UTF-8 if it can be, UTF-16 if every other byte
    of its beginning is zero, and Windows' code page 1252 otherwise.

    Raises:
        DataError: It is not in the encoding that was named, or in none of these.
    """
    chosen = encoding or _encoding(raw)
    for name in (chosen,) if encoding or chosen != "utf-8" else (chosen, "cp1252"):
        try:
            text = raw.decode(name)  # kept for no longer than it takes to look at it
            return (raw if name == "utf-8" else text.encode()).removeprefix(_MARK), name
        except LookupError as error:
            raise DataError(
                f"no encoding is called {name!r}", hint="Common ones: utf-8, cp1252, utf-16."
            ) from error
        except UnicodeError:
            continue
    raise DataError(
        f"{file} cannot be read as {encoding or 'UTF-8, UTF-16 or cp1252'}",
        hint='Say how it is encoded, as in encoding = "cp1250", below [data].',
    )


def separated(text: bytes, suffix: str, separator: str | None) -> tuple[bytes, str]:
    """Give a text without the line in which Excel says what parts cells, and what does.

    The separator is the one by which most records of the beginning have as many cells as the
    header, and of several such the one that makes most cells.
    """
    if said := _SAID.match(text):
        return text[said.end() :], separator or said.group(1).decode()
    if separator is not None:
        return text, separator
    sample = beginning(text, _SAMPLE)
    usual = "\t" if suffix.startswith(".tsv") else ","
    scores = {each: _agreement(sample, each) for each in (usual, *SEPARATORS)}
    best = max(scores, key=lambda each: scores[each])  # the usual one where several are alike
    return text, best if scores[best] > (0.0, 0) else usual


def beginning(text: bytes, size: int) -> str:
    """Give the first lines of a text, of about *size* bytes."""
    sample = text[:size]
    if len(text) > size:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    return sample.decode(errors="ignore")


def records(text: str, separator: str, most: int | None = None) -> list[list[str]]:
    """Give the records of a text that are not blank, the first *most* of them.

    Lines end as CSV's do, and not at every sign that Unicode calls a line's end.
    """
    found: list[list[str]] = []
    for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        if record:
            found.append(record)
        if len(found) == most:
            break
    return found


def in_words(separator: str) -> str:
    """Name a separator."""
    return _WORDS.get(separator, repr(separator))


def _encoding(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    beginning = raw[:1000]
    for name, zeros in (("utf-16-le", beginning[1::2]), ("utf-16-be", beginning[::2])):
        if len(zeros) > 1 and 2 * zeros.count(0) > len(zeros):
            return name
    return "utf-8"


def _agreement(sample: str, separator: str) -> tuple[float, int]:
    """Give the share of records with as many cells as the header, and how many these are."""
    try:
        header, *rest = records(sample, separator, _RECORDS)
    except (ValueError, csv.Error):
        return 0.0, 0
    cells = len(header)
    if not rest:
        return (0.0, 0) if cells == 1 else (1.0, cells)
    alike = sum(len(record) in {cells, cells + 1} for record in rest) / len(rest)
    return (0.0, 0) if cells == 1 else (round(alike, 1), cells)
