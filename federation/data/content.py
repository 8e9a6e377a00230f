"""Which rows several members hold: found by the rows' own digests, and counted once.

A row is what a member trains on: its encoded features and its label, to the last bit. Whoever
changes a cell has another row, so this finds copies and no more than copies; and rows that are
alike by nature, as where tables have few columns of few values, count as copies too.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.data.quantities import Labels

    #: Digests of the rows of one member, each with how often it holds that row.
    Content = Counter[bytes]


def content_of(features: NDArray[np.float32], labels: Labels) -> Content:
    """Digest each row, by SHA-256 over little-endian float32 and int64.

    Args:
        features: Shape ``(rows, columns)``; 0 and -0 are the same.
        labels: Shape ``(rows,)``; a quantity is float32, and stays it.
    """
    cells = (np.asarray(features) + np.float32(0)).astype("<f4")
    said = np.asarray(labels)
    quantity = np.issubdtype(said.dtype, np.floating)
    said = (said.astype("<f4") + np.float32(0)) if quantity else said.astype("<i8")
    return Counter(
        sha256(row.tobytes() + label.tobytes()).digest()
        for row, label in zip(cells, said, strict=True)
    )


def shared_rows(contents: Sequence[Content]) -> dict[tuple[int, ...], int]:
    """Count the rows that several hold, by who holds them.

    A row that one holds three times and another twice is shared twice; the third is that one's own.

    Args:
        contents: One for each member.

    Returns:
        How many rows exactly these members hold, by their places in order, two or more of them.
    """
    holders: dict[bytes, list[int]] = {}
    for place, content in enumerate(contents):
        for row in content:
            holders.setdefault(row, []).append(place)
    shared: Counter[tuple[int, ...]] = Counter()
    for row, places in holders.items():
        for time in range(1, max(contents[place][row] for place in places) + 1):
            those = tuple(place for place in places if contents[place][row] >= time)
            if len(those) > 1:
                shared[those] += 1
    return dict(sorted(shared.items()))


def counted_rows(declared: Sequence[int], shared: Mapping[tuple[int, ...], int]) -> tuple[int, ...]:
    """Give each member's rows with those that several hold counted once, in equal parts.

    What nobody can see stays as it was declared: rows that a member says it has and shows to
    nobody. Parts of a row are dropped, so no row is counted more than once.

    Args:
        declared: Rows of each member.
        shared: As :func:`shared_rows` gives them.
    """
    again = [Fraction(0)] * len(declared)
    for places, rows in shared.items():
        for place in places:
            again[place] += rows * (1 - Fraction(1, len(places)))
    return tuple(max(0, int(rows - twice)) for rows, twice in zip(declared, again, strict=True))
