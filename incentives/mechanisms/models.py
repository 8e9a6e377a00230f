"""Rewards in models: who contributes more receives a better model, and no money moves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import log
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.coalitions import shapley_shares, table
from fedmerit.incentives.mechanisms.market import positive
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, brought, mechanism
from fedmerit.incentives.mechanisms.rounding import exact, pay
from fedmerit.incentives.mechanisms.sharing import alone_of_table
from fedmerit.incentives.methods.runs.alignment import cosines, unit
from fedmerit.units import PPM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.payments import Outcome, RoundInput

#: The least importance, of a member that disagrees with everyone.
_LEAST: Final = 1e-3


def rho_rewards(values: NDArray[np.float64], everyone: float, rho: float) -> NDArray[np.float64]:
    """Give the worth of the model that each receives: ``(value / largest)**rho * everyone``.

    With rho = 1 models are as unequal as values are; with 0 all receive the joint model, but
    those of no value.

    Args:
        values: Shapley values, ``(n,)``; those below 0 count as 0.
        everyone: The worth of the joint model.
        rho: 0 to 1.
    """
    shares = values.clip(min=0.0) / values.max()
    return np.asarray(np.where(shares > 0, shares**rho, 0.0) * everyone)


def largest_rho(values: NDArray[np.float64], floors: NDArray[np.float64], everyone: float) -> float:
    """Give the largest rho up to 1 for which nobody receives less than its floor.

    With each one's worth alone as floors nobody loses by taking part; with the worth of all
    whose value is no larger (:func:`weaker_coalitions`) no coalition does better without.

    Args:
        values: Shapley values, ``(n,)``.
        floors: In the unit of *everyone*.
        everyone: The worth of the joint model.
    """
    rho = 1.0
    for share, floor in zip(values / values.max(), floors / everyone, strict=True):
        if 0 < share < 1 and floor > 0:
            rho = min(rho, log(floor) / log(share))
    return max(0.0, rho)


def weaker_coalitions(
    worths: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give, for each member, the worth of all whose value is at most its own, ``(n,)``."""
    codes = [sum(1 << j for j in np.flatnonzero(values <= value).tolist()) for value in values]
    return np.asarray(worths[codes])


@mechanism(
    claims=(Property.IR, Property.WBB, Property.SYM, Property.NULL, Property.SCALE),
    needs=(Need.GAME,),
    model=Model(pays_in_models=True),
)
def rho_shapley(round_: RoundInput, /, *, rho: Fraction = Fraction(1)) -> Outcome:
    """Give each a model as good as its Shapley value's share of the largest, to the power rho.

    The largest contributor receives the joint model. Rho is lowered where somebody would
    else receive a worse model than its own. Money stays in the reserve. How a model is made
    worse, by noise or by less training, is the federation's business.

    Args:
        round_: The round.
        rho: 0 to 1; lower is more equal.

    Source: Sim, Zhang, Chan and Low (2020).
    Cost: 2**n worths; up to 20 members.
    """
    if not 0 <= rho <= 1:
        raise RewardError(f"rho is 0 to 1, and is {rho}")
    worths, n = table(round_).worths, len(round_.participants)
    values = [
        Fraction(0) if name in round_.ineligible else value
        for name, value in zip(round_.participants, shapley_shares(worths), strict=True)
    ]
    everyone = int(worths[-1])
    if max(values) <= 0 or everyone <= 0:
        return pay(round_, [Fraction(0)] * n, quality_ppm=(0,) * n)
    parts = np.array([float(value / max(values)) for value in values])
    alone = np.array([worth / everyone for worth in alone_of_table(worths)])
    shares = rho_rewards(parts, 1.0, min(float(rho), largest_rho(parts, alone, 1.0))).tolist()
    quality = tuple(round(PPM * exact(share, 1)) for share in shares)
    return pay(round_, [Fraction(0)] * n, quality_ppm=quality)


def cgsv_step(
    updates: NDArray[np.float64], importances: Sequence[float], keep: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move importances towards the cosine of each update with everybody's.

    Args:
        updates: Of the round, ``(n, parameters)``.
        importances: So far; none yet if they are all 0, and updates then count alike.
        keep: How much of an importance the round leaves as it was.

    Returns:
        The cosines and the new importances, at least 1e-3 before they are made to add up
        to 1; both ``(n,)``.
    """
    before = np.asarray(importances, dtype=np.float64)
    directions = unit(updates)
    weights = before if before.any() else np.full(len(before), 1 / len(before))
    together = (weights[:, None] * directions).sum(axis=0)
    agreed = cosines(directions, together)
    moved = (keep * before + (1 - keep) * agreed).clip(min=_LEAST)
    return agreed, moved / moved.sum()


def download_ratios(importances: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Give the part of the joint update that each may have, the most important one all of it.

    Args:
        importances: Adding up to 1, ``(n,)``.
        beta: Above 0; the larger, the more alike (all the same in the limit).
    """
    ratios = np.tanh(beta * importances)
    return np.asarray(ratios / ratios.max())


@mechanism(
    claims=(Property.WBB, Property.SYM, Property.SCALE),
    needs=(Need.UPDATES, Need.HISTORY),
    model=Model(pays_in_models=True),
)
def cosine_shares(
    round_: RoundInput,
    /,
    *,
    keep: Fraction = Fraction(19, 20),
    beta: Fraction = Fraction(1),
) -> Outcome:
    """Give each a part of the joint update, by how far its own has agreed with everybody's.

    Needs no validation rows, and takes the majority for the truth. A member that sends
    nothing keeps a small importance, so nulls are not left with nothing; and copies agree
    with one another, so they make themselves more important.

    Args:
        round_: The round; importances are those of its history.
        keep: How much of an importance a round leaves as it was.
        beta: Above 0; the larger, the more alike the models are.

    Source: Xu, Lyu, Ma, Miao, Foo and Low (2021).
    Cost: One pass over the updates.
    """
    positive(beta=beta)
    if not 0 <= keep <= 1:
        raise RewardError(f"keep is a part of 1, and is {keep}")
    n = len(round_.participants)
    updates = brought(round_.updates, Need.UPDATES, mechanism="cosine-shares")
    inside = [i for i, name in enumerate(round_.participants) if name not in round_.ineligible]
    past = round_.history.importances or (Fraction(0),) * n
    quality, importances = [0] * n, [Fraction(0)] * n
    if inside:
        updates = np.asarray(updates, dtype=np.float64)[inside]
        _, moved = cgsv_step(updates, [float(past[i]) for i in inside], float(keep))
        ratios = download_ratios(moved, float(beta))
        for i, importance, ratio in zip(inside, moved.tolist(), ratios.tolist(), strict=True):
            importances[i], quality[i] = exact(importance, 1), round(PPM * exact(ratio, 1))
    history = replace(round_.history, importances=tuple(importances))
    return pay(round_, [Fraction(0)] * n, quality_ppm=tuple(quality), history=history)
