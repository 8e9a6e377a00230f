"""Figures that sum up how a consortium's money is spread, and whom it pays to stay."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from fedmerit.errors import RewardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def gini(amounts: Sequence[float]) -> float:
    """Give the Gini coefficient: 0 where all have the same, (n - 1) / n where one has all.

    Half the mean difference between two members, over the mean.

    Raises:
        RewardError: An amount is negative, or none is positive: the coefficient then has no
            meaning. Say how many are below 0 instead.
    """
    _check(amounts)
    n, ordered = len(amounts), sorted(amounts)
    weighted = sum((2 * rank - n - 1) * amount for rank, amount in enumerate(ordered, start=1))
    return weighted / (n * sum(ordered))


def jain(amounts: Sequence[float]) -> float:
    """Give Jain's index: 1 where all have the same, 1 / n where one has all (Jain et al., 1984).

    Raises:
        RewardError: An amount is negative, or none is positive.
    """
    _check(amounts)
    return sum(amounts) ** 2 / (len(amounts) * sum(amount**2 for amount in amounts))


def willing(utilities: Sequence[float]) -> float:
    """Give the share of members that do not lose by taking part."""
    return sum(utility >= 0 for utility in utilities) / len(utilities)


def leaves_after(utilities: Sequence[float], *, memory: float = 0.5) -> int | None:
    """Give the round after which a member leaves, from 0; None if it stays.

    It leaves when the moving average of what it got, 0 before the first round, is below 0;
    an average of exactly 0 keeps it.

    Args:
        utilities: Pay less cost, round by round.
        memory: How much of the average each round leaves as it was, 0 to 1.
    """
    average = 0.0
    for number, utility in enumerate(utilities):
        average = memory * average + (1 - memory) * utility
        if average < 0:
            return number
    return None


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of like measurements, with its interval.

    Attributes:
        value: The mean.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def mean_of(samples: Sequence[float], *, confidence: float = 0.95) -> Mean:
    """Give the mean of independent samples with Student's interval.

    One sample says nothing of how others would differ: its interval is everything.

    Raises:
        RewardError: There is no sample.
    """
    n = len(samples)
    if not n:
        raise RewardError("there is nothing to take the mean of")
    mean = sum(samples) / n
    if n == 1:
        return Mean(mean, -inf, inf)
    error = sqrt(sum((sample - mean) ** 2 for sample in samples) / (n - 1) / n)
    half_width = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return Mean(mean, mean - half_width, mean + half_width)


def mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the ranks of *values* from 1 on; equal ones share their mean."""
    # scipy.stats has it too, but takes half a second to import in every command.
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def rank_correlation(
    ones: Sequence[float] | NDArray[np.float64], others: Sequence[float] | NDArray[np.float64]
) -> float | None:
    """Give Spearman's correlation, ties sharing their mean rank; None if all of one are alike."""
    left, right = (mean_ranks(np.array(numbers, dtype=np.float64)) for numbers in (ones, others))
    left, right = left - left.mean(), right - right.mean()
    size = sqrt(float((left**2).sum()) * float((right**2).sum()))
    return float((left * right).sum()) / size if size else None


def price_of_anarchy(best: float, reached: float) -> float | None:
    """Give how many times better it could have been (Koutsoupias and Papadimitriou, 1999).

    Args:
        best: The welfare that a planner would reach.
        reached: What came of everybody's own choices, in the same unit.

    Returns:
        1 or more as a rule; below 1 the planner was not as good as it might have been. None
        where *reached* is not above 0: no multiple of it is the best.
    """
    return best / reached if reached > 0 else None


def _check(amounts: Sequence[float]) -> None:
    if not amounts or min(amounts) < 0 or not any(amounts):
        raise RewardError(f"amounts must not be negative, nor all 0, and are {tuple(amounts)}")
