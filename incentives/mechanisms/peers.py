"""Peer prediction: paying evaluators for the truth where nobody can check it.

A report is scored by how it agrees with a peer's on the same task, less how it agrees with the
peer's on another: what agrees everywhere, like always saying yes, earns nothing. If all relabel
their answers alike they score as well as with the truth; no score of reports alone can tell.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import pay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.payments import Outcome, RoundInput

_TASKS: Final = 2


def association(joint: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how much likelier each pair of answers is than if peers answered independently.

    Args:
        joint: Chances of two peers' answers to one task, ``(answers, answers)``.
    """
    return np.asarray(joint - np.outer(joint.sum(axis=1), joint.sum(axis=0)))


def expected_score(joint: NDArray[np.float64], mine: Sequence[int], peers: Sequence[int]) -> float:
    """Give the expected score under two ways to report, each an answer for each signal.

    Answers are scored by the sign of their :func:`association`. The truth on both sides
    gives the sum of its positive entries; a constant gives 0.

    Args:
        joint: Chances of the two signals.
        mine: What I report on each signal.
        peers: What the peer reports on each signal.
    """
    score, moved = association(joint) > 0, association(joint)
    signals = range(len(joint))
    return float(sum(score[mine[a], peers[b]] * moved[a, b] for a, b in product(signals, signals)))


def agreement(mine: Sequence[int], peers: Sequence[int]) -> Fraction:
    """Score reports on the same tasks: agreement on one, less agreement across two.

    The mean over all tasks and all pairs of different ones, from -1 to 1.

    Raises:
        RewardError: There are fewer than two tasks.
    """
    n = len(mine)
    if n < _TASKS:
        raise RewardError(
            f"evaluators must share {_TASKS} tasks or more, and share {n}",
            hint="Agreement on one task says nothing without another to compare with.",
        )
    same = sum(a == b for a, b in zip(mine, peers, strict=True))
    anywhere = sum(mine.count(answer) * peers.count(answer) for answer in set(mine))
    return Fraction(same, n) - Fraction(anywhere - same, n * (n - 1))


@mechanism(
    claims=(
        Claim(Property.BNIC, (Condition.BELIEVED,)),
        Property.WBB,
        Property.SYM,
        Property.SCALE,
    ),
    needs=(Need.REPORTS,),
)
def peer_prediction(round_: RoundInput, /) -> Outcome:
    """Pay evaluators by how their reports agree with others' beyond what agrees anyway.

    Each has an equal part of the budget within reach, and is paid ``(1 + mean score) / 2``
    of it. The truth is a best answer to the truth where the same signals go together; so is
    a relabelling that all agree on. Evaluators that collude are paid for it.

    Source: Dasgupta and Ghosh (2013); correlated agreement of Shnayder et al. (2016).
    Cost: n**2 comparisons of reports.
    """
    inside = [i for i, name in enumerate(round_.participants) if name not in round_.ineligible]
    dues = [Fraction(0)] * len(round_.participants)
    if len(inside) > 1:
        within_reach = Fraction(round_.budget, len(inside))
        for i in inside:
            scores = [agreement(round_.reports[i], round_.reports[j]) for j in inside if j != i]
            dues[i] = within_reach * (1 + sum(scores) / Fraction(len(scores))) / 2
    return pay(round_, dues)
