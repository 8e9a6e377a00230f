"""Several rows about one person become one, by the owner alone, before anything is aligned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from fedmerit.federation.data.naming import united
from fedmerit.federation.vertical.alignment.identifiers import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: What a person's numbers are summed up as; ``count`` is how many rows there are.
Aggregate = Literal["mean", "sum", "min", "max", "last", "count"]


def one_row_each(
    keys: Sequence[object], features: pd.DataFrame, how: Sequence[Aggregate], party: str
) -> tuple[tuple[object, ...], pd.DataFrame]:
    """Sum up the rows about each person.

    Args:
        keys: Whom each row is about.
        features: float64 and text, missing cells among them, which are left out of each sum.
        how: What becomes of numbers, a column for each; of texts it is the most frequent, and of
            those that are equally frequent the last.
        party: Whose rows.

    Returns:
        Each person's first key, in the order of first rows, and what its rows come to.

    Raises:
        DataError: A key is missing.

    """
    codes, firsts = _people(normalised(keys, party, repeated=True))
    people = features.groupby(codes, sort=True)
    found: dict[str, pd.Series] = {}
    for name in map(str, features.columns):
        column = features[name]
        if column.dtype.kind == "f":
            sums = [each for each in how if each != "count"]
            made = {f"{name} ({each})": _number(people[name], each) for each in sums}
        else:
            made = {name: _most_frequent(column, codes, len(firsts))}
        found = united(found, made, name)
    if "count" in how:
        found = united(found, {"rows": people.size().astype(np.float64)}, "all rows of a person")
    frame = pd.DataFrame(found).reset_index(drop=True)
    return tuple(keys[row] for row in firsts), frame


def _people(normal: list[bytes]) -> tuple[NDArray[np.int64], list[int]]:
    """Number people in the order of their first rows, and give those rows."""
    numbers: dict[bytes, int] = {}
    firsts = []
    for row, key in enumerate(normal):
        if key not in numbers:
            numbers[key] = len(numbers)
            firsts.append(row)
    return np.array([numbers[key] for key in normal], dtype=np.int64), firsts


def _number(people: pd.api.typing.SeriesGroupBy[Any, Any], how: Aggregate) -> pd.Series:
    # A person all of whose cells are missing has no sum, and not one of 0.
    return people.sum(min_count=1) if how == "sum" else people.agg(how)


def _most_frequent(column: pd.Series, codes: NDArray[np.int64], people: int) -> pd.Series:
    found: list[object] = [None] * people
    seen: dict[tuple[int, object], int] = {}
    most = [0] * people
    for person, cell in zip(codes.tolist(), column.tolist(), strict=True):
        if cell is None or cell is pd.NA or cell != cell:  # noqa: PLR0124 - NaN
            continue
        seen[person, cell] = count = seen.get((person, cell), 0) + 1
        if count >= most[person]:
            most[person], found[person] = count, cell
    return pd.Series(found, dtype=column.dtype)
