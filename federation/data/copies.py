"""Rows that repeat: whose copies others hold, and which side of the validation split they fall on.

A model is judged kindly on a row that it was trained on. Where two members hold the same rows,
one's validation rows are among the other's training rows, and the two are valued apart by the
chance of who handed in which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    #: Row numbers in the table, shape (rows,).
    RowNumbers = NDArray[np.int64]

#: As many members are named with what they share.
_NAMED: Final = 4


def contents(features: pd.DataFrame, labels: NDArray[Any] | None = None) -> RowNumbers:
    """Number the rows by what is in them: the same number for the same cells and label.

    Two missing cells are the same. Cells are compared themselves, so no two rows are taken for
    alike by chance or by design.

    Args:
        features: Columns of numbers, text or dates.
        labels: Classes, shape ``(rows,)``; None if they are among the columns.

    Returns:
        Shape ``(rows,)``, numbered from 0 in the order of first appearance.
    """
    columns = [pd.factorize(features[name])[0] for name in features]
    columns += [] if labels is None else [pd.factorize(labels)[0]]
    alike = np.zeros(len(features), dtype=np.int64)
    for column in columns:  # pair by pair, so that no number grows beyond the rows, squared
        pairs = alike * (int(column.max(initial=0)) + 2) + column + 1
        alike = pd.factorize(pairs)[0].astype(np.int64)
    return alike


def shared_rows(of: RowNumbers, held: Mapping[str, RowNumbers]) -> dict[str, int]:
    """Count each member's rows whose content another member holds, too.

    Args:
        of: What :func:`contents` gives.
        held: Each member's rows.
    """
    holders = np.zeros(int(of.max(initial=-1)) + 1, dtype=np.int64)
    for rows in held.values():
        holders[np.unique(of[rows])] += 1
    return {name: int((holders[of[rows]] > 1).sum()) for name, rows in held.items()}


def leaked_rows(
    of: RowNumbers, parts: Mapping[str, tuple[RowNumbers, RowNumbers]]
) -> dict[str, int]:
    """Count each member's validation rows whose content another member trains on.

    Args:
        of: What :func:`contents` gives.
        parts: Each member's training and validation rows.
    """
    trained = np.zeros(int(of.max(initial=-1)) + 1, dtype=np.int64)
    for training, _ in parts.values():
        trained[np.unique(of[training])] += 1
    found = {}
    for name, (training, validation) in parts.items():
        by_itself = np.isin(of[validation], of[training])
        found[name] = int((trained[of[validation]] > by_itself).sum())
    return found


def notes(
    shared: Mapping[str, int],
    held: Mapping[str, RowNumbers],
    leaked: Mapping[str, int] | None = None,
) -> list[str]:
    """Say how many rows repeat across members, and what that does; nothing if none does.

    Args:
        shared: What :func:`shared_rows` gives.
        held: Each member's rows.
        leaked: What :func:`leaked_rows` gives; None where nothing is split yet.
    """
    some = {name: count for name, count in shared.items() if count}
    if not some:
        return []
    said = [f"{count:,} of {len(held[name]):,} of {name}" for name, count in some.items()]
    more = [f"and of {len(said) - _NAMED} others"] if len(said) > _NAMED else []
    listed = f"rows that other members hold, too: {', '.join([*said[:_NAMED], *more])}"
    way = "data.split = 'content' keeps copies on one side of the split"
    if leaked is None:
        return [f"{listed}; {way}"]
    if not (count := sum(leaked.values())):
        return [f"{listed}; nobody trains on a copy of another's validation row"]
    verb = "row is" if count == 1 else "rows are"
    told = f"{count:,} validation {verb} among the training rows of another member"
    return [f"{listed}; {told}, which is worth more by it: {way}"]


def repeated_sides(
    of: RowNumbers,
    labels: NDArray[np.int64],
    rows: Iterable[RowNumbers],
    share: float,
    draw: np.random.Generator,
) -> NDArray[np.int8]:
    """Draw, for every row of the table, the side that its content falls on wherever it is held.

    Args:
        of: What :func:`contents` gives.
        labels: Classes, shape ``(rows,)``.
        rows: Each member's.
        share: Of the repeated contents of a class, that goes to validation.
        draw: The stream.

    Returns:
        1 for validation and 0 for training; -1 for what is there once and for itself.
    """
    everyone = np.concatenate([np.empty(0, dtype=np.int64), *rows])
    counts = np.bincount(of[everyone], minlength=int(of.max(initial=-1)) + 1)
    side = np.full(len(counts), -1, dtype=np.int8)
    first = np.full(len(counts), -1, dtype=np.int64)
    first[of[::-1]] = np.arange(len(of))[::-1]
    repeated = np.flatnonzero(counts > 1)
    for label in np.unique(labels[first[repeated]]):
        shuffled = draw.permutation(repeated[labels[first[repeated]] == label])
        side[shuffled] = 0
        side[shuffled[: round(share * len(shuffled))]] = 1
    return np.asarray(side[of])
