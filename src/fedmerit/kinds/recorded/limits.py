"""What follows of a recorded run by arithmetic alone: an audit needs no more, and no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.federation import Round

#: What nobody here knows of a member.
UNKNOWN: Final = "unknown"
#: Why such a training ended.
RECORDED_ENDS: Final = "recorded"
#: By how much a parameter of a global model may be off the average that led to it, where the
#: largest is 1 or less: others average in float32, and in another order.
STRAY: Final = 1e-5


def shares(weights: dict[str, int], participants: tuple[str, ...]) -> NDArray[np.float64]:
    """Give each participant's part in a round's average, ``(participants,)``."""
    rows = np.array([weights.get(name, 0) for name in participants], dtype=np.float64)
    return np.asarray(rows / rows.sum())


def average(round_: Round) -> NDArray[np.float64]:
    """Give the weighted mean that a round leads to, added up in the members' order."""
    total = round_.global_before.astype(np.float64)
    for weight, update in zip(round_.weights, round_.updates, strict=True):
        total = total + weight * update
    return total


def stray(mean: NDArray[np.float64], model: NDArray[np.float32]) -> tuple[float, float]:
    """Give how far *model* is off the *mean* that led to it, and how far it may be."""
    largest = max(1.0, float(np.abs(model).max(initial=0.0)))
    return float(np.abs(mean - model).max(initial=0.0)), STRAY * largest
