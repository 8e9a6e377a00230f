"""Names that are made up for columns, beside those that a table has.

A table may hold a column that is called as one that is made of another: ``a missing`` beside a
column ``a`` with missing cells, ``seen (days)`` beside dates called ``seen``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from fedmerit.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Value = TypeVar("Value")


def united(found: Mapping[str, Value], made: Mapping[str, Value], source: str) -> dict[str, Value]:
    """Give the columns found so far and those made of the column *source*.

    Raises:
        DataError: Two of them have one name.
    """
    if both := [name for name in made if name in found]:
        raise DataError(
            f"two columns to learn from would be called {both[0]!r}: one is in the table, and one "
            f"is made of another column (the later of the two is made of {source!r})",
            hint="Rename one of the two columns in the file, or leave one out.",
        )
    return {**found, **made}


def numbered(names: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """Give names of which none is like another: the later of two ends in ``(2)``, and so on.

    Args:
        names: In their order.
        taken: Names that are not given.

    """
    given, next_number = set(taken), dict[str, int]()
    found = []
    for name in names:
        unique, number = name, next_number.get(name, 2)
        while unique in given:
            unique, number = f"{name} ({number})", number + 1
        next_number[name] = number
        given.add(unique)
        found.append(unique)
    return found
