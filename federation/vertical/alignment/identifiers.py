"""Identifiers that several organisations write in their own way, made alike before they are met.

Text is put into Unicode's NFKC form, trimmed, its runs of white space become one space, and its
case is folded. An integer is its decimal digits, so that 7 and "7" are one key, and "007" another.
A compound key is its parts in order. Nothing else is changed: no accents are dropped, no digits
padded, and fractions are refused.
"""

from __future__ import annotations

import unicodedata
from numbers import Integral
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import DataError
from fedmerit.federation.data.columns import rows_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: A text, an integer, or a tuple of them.
Key = str | int | tuple[str | int, ...]

_LENGTH_BYTES: Final = 4


def normalised(keys: Sequence[object], party: str, *, repeated: bool = False) -> list[bytes]:
    """Give one byte string per row, alike wherever the keys mean the same.

    Args:
        keys: A key per row: text, integers, or tuples of them.
        party: Whose rows, for the errors.
        repeated: Whether several rows may have one key.

    Raises:
        DataError: A key is missing, is no key, or appears twice; names the rows.

    """
    found: list[bytes | None] = []
    for row, key in enumerate(keys, start=1):
        try:
            found.append(_normal(key))
        except TypeError as error:
            raise DataError(
                f"row {row} of {party}: {error}",
                hint="Keys are text or integers, or tuples of them; convert dates and fractions.",
            ) from error
    _refuse(np.array([key is None for key in found], dtype=np.bool_), party, "no key")
    known = [key for key in found if key is not None]
    if not repeated:
        _refuse(_repeated(known), party, "a key that another row has too")
    return known


def _normal(key: object) -> bytes | None:
    """Give a key's bytes, or None where it is missing."""
    parts = key if isinstance(key, tuple) else (key,)
    texts = [_part(part) for part in parts]
    if not texts or None in texts:
        return None
    encoded = [text.encode() for text in texts if text is not None]
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in encoded)


def _part(part: object) -> str | None:
    if part is None or (isinstance(part, float) and np.isnan(part)):
        return None
    if isinstance(part, Integral) and not isinstance(part, bool | np.bool_):
        return str(int(part))
    if isinstance(part, str):
        return " ".join(unicodedata.normalize("NFKC", part).split()).casefold() or None
    msg = f"{str(part)!r} is of type {type(part).__name__}, which is no key"
    raise TypeError(msg)


def _repeated(keys: list[bytes]) -> NDArray[np.bool_]:
    first: dict[bytes, int] = {}
    marked = np.zeros(len(keys), dtype=np.bool_)
    for row, key in enumerate(keys):
        other = first.setdefault(key, row)
        if other != row:
            marked[[other, row]] = True
    return marked


def _refuse(marked: NDArray[np.bool_], party: str, what: str) -> None:
    if marked.any():
        raise DataError(
            f"{party} has {what} in {rows_in_words(marked)}",
            hint="Every row needs a key of its own: fill in, remove or join these rows. An owner "
            "without labels may 'aggregate' rows of one key.",
        )
