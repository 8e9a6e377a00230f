"""Coalitions as rows of booleans and as codes: bit i is set where member i is inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def coalitions_of(codes: NDArray[np.int64] | range, members: int) -> NDArray[np.bool_]:
    """Give the coalitions of these codes, shape ``(codes, members)``."""
    column = np.asarray(codes, dtype=np.int64)[:, None]
    return np.asarray(column >> np.arange(members) & 1, dtype=np.bool_)


def every_coalition(members: int) -> NDArray[np.bool_]:
    """Give all coalitions, nobody first and everyone last, shape ``(2**members, members)``."""
    return coalitions_of(range(2**members), members)


def codes_of(coalitions: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give the code of each row, of at most 62 members."""
    return np.asarray(coalitions @ (1 << np.arange(coalitions.shape[1])), dtype=np.int64)


def code_of(coalition: Iterable[object]) -> int:
    """Give one coalition's code, of however many members."""
    return sum(1 << i for i, inside in enumerate(coalition) if inside)
