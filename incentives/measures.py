"""Figures that sum up how a consortium's money is spread, and whom it pays to stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.errors import RewardError

if TYPE_CHECKING:
    from collections.abc import Sequence


def gini(amounts: Sequence[float]) -> float:
    """Give the Gini coefficient: 0 where all have the same, (n - 1) / n where one has all.

    Half the mean difference between two members, over the mean.

    Raises:
        RewardError: An amount is negative, or none is positive: the coefficient then has no
            meaning. Say how many are below 0 instead.
    """
    _check(amounts)
    n, ordered = len(amounts), sorted(amounts)
    weighted = sum((2 * rank - n - 1) * each for rank, each in enumerate(ordered, start=1))
    return weighted / (n * sum(ordered))


def jain(amounts: Sequence[float]) -> float:
    """Give Jain's index: 1 where all have the same, 1 / n where one has all (Jain et al., 1984).

    Raises:
        RewardError: An amount is negative, or none is positive.
    """
    _check(amounts)
    return sum(amounts) ** 2 / (len(amounts) * sum(each**2 for each in amounts))


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


def _check(amounts: Sequence[float]) -> None:
    if not amounts or min(amounts) < 0 or not any(amounts):
        raise RewardError(f"amounts must not be negative, nor all 0, and are {tuple(amounts)}")
