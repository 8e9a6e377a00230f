"""How well a score tells the guilty from the rest: the area under its ROC curve.

scikit-learn has the area; it has no interval for a few guilty members, which is the point here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: Halvings that take an interval in [0, 1] below what a float64 can tell apart.
_HALVINGS: Final = 60


@dataclass(frozen=True, slots=True)
class AUROC:
    """An area under the ROC curve, with its interval.

    Attributes:
        value: The chance that a guilty member scores above another, ties counting half.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def auroc(
    scores: NDArray[np.float64], guilty: NDArray[np.bool_], *, confidence: float = 0.95
) -> AUROC:
    """Measure a detector against the truth.

    The interval is Newcombe's (2006, method 5): it holds every area from which the one found
    is at most so many standard errors away, the error being that of Hanley and McNeil (1982)
    at that area. It stays in [0, 1] and has a width even where the separation is perfect,
    where an error estimated from the scores themselves would be 0.

    Args:
        scores: Higher is more suspicious, shape ``(n,)``.
        guilty: Who is, shape ``(n,)``.
        confidence: The share of intervals meant to hold the true area.

    Raises:
        GameError: The shapes differ, a score is NaN, nobody or everybody is guilty, or
            *confidence* is not strictly between 0 and 1.
    """
    _check(scores, guilty, confidence)
    positives, negatives = scores[guilty], np.sort(scores[~guilty])
    below = np.searchsorted(negatives, positives, side="left")
    not_above = np.searchsorted(negatives, positives, side="right")
    value = float((below + not_above).sum() / (2 * len(positives) * len(negatives)))
    z = NormalDist().inv_cdf((1 + confidence) / 2)

    def compatible(area: float) -> bool:
        return abs(value - area) <= z * _error(area, len(positives), len(negatives))

    return AUROC(value, _border(value, 0.0, compatible), _border(value, 1.0, compatible))


def _error(area: float, positives: int, negatives: int) -> float:
    """Give the standard error of an estimated area whose true value is *area*.

    Hanley and McNeil's (1982), with the two sample sizes exchanged for their mean.
    """
    others = (positives + negatives) / 2 - 1
    pairs = others * ((1 - area) / (2 - area) + area / (1 + area))
    return sqrt(area * (1 - area) * (1 + pairs) / (positives * negatives))


def _border(inside: float, outside: float, compatible: Callable[[float], bool]) -> float:
    """Give the last compatible area on the way from *inside* to *outside*, by bisection."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if compatible(middle):
            inside = middle
        else:
            outside = middle
    return inside


def _check(scores: NDArray[np.float64], guilty: NDArray[np.bool_], confidence: float) -> None:
    if scores.ndim != 1 or scores.shape != guilty.shape or guilty.dtype != np.bool_:
        raise GameError(
            f"scores of shape {scores.shape} need as many Booleans, not {guilty.dtype} of shape "
            f"{guilty.shape}"
        )
    if np.isnan(scores).any():
        raise GameError(f"{int(np.isnan(scores).sum())} of {len(scores)} scores are NaN")
    if guilty.all() or not guilty.any():
        raise GameError(
            f"{int(guilty.sum())} of {len(guilty)} members are guilty, so there are no pairs",
            hint="Give scores of both kinds of members.",
        )
    if not 0 < confidence < 1:
        raise GameError(
            f"confidence must be above 0 and below 1, and is {confidence}",
            hint="For 95% intervals pass confidence=0.95.",
        )
