"""What a member of a recorded run may be called: its name is a file's, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from fedmerit.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Bytes of a name; most file systems take 255, and a suffix comes after it.
_LONGEST: Final = 200
#: The largest weight of an update.
MOST_WEIGHT: Final = 10**9


def wrong_name(name: str) -> str:
    """Say what is wrong with a member's *name*; nothing if it is one."""
    if not name or not printable(name) or name != name.strip():
        return "is no text that can be read as a name"
    if set(name) & set("/\\:") or name.startswith("."):
        return "looks like a path"
    if len(name.encode()) > _LONGEST:
        return f"is longer than {_LONGEST} bytes"
    return ""


def wrong_weight(weight: object) -> str:
    """Say what is wrong with a *weight*; nothing if it is one."""
    if isinstance(weight, bool) or not isinstance(weight, int):
        return f"{weight!r} is no whole number"
    if not 0 < weight <= MOST_WEIGHT:
        return f"{weight} is not between 1 and {MOST_WEIGHT:,}"
    return ""


def alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Give the pairs of names that some file system, or some reader, takes for the same."""
    first: dict[str, str] = {}
    pairs = []
    for name in sorted(names):
        key = normalize("NFKC", name).casefold()
        if key in first:
            pairs.append((first[key], name))
        first.setdefault(key, name)
    return pairs
