"""Who looks as if it does not play fair, from a run's updates and its rounds' values.

Low quality shows in what an update is worth, and pretence in how updates relate: to the
same member's others, to the model's last move, to another member's. A score ranks members
for somebody to look at; it is no proof, and an honest member with odd rows scores high too.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import GameError
from fedmerit.incentives.methods.runs.alignment import cosines, descents, require_updates, unit
from fedmerit.incentives.spreads import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game, UpdatesGame

#: Up to so many robust deviations are ordinary, the widest net that Leys et al. (2013) allow;
#: a sign of pretence must be telling besides.
_ORDINARY: Final = 2.0
#: Cosines on the honest side of these count for nothing either, however unusual they are:
#: halfway between unrelated and the same, and for two members so alike that it takes one source.
_INCONSTANT, _STALE, _TWIN = 0.5, 0.5, 0.9
#: What the signs of quality weigh: the validation rows' two as much as the other members' one.
_WEIGHTS: Final = MappingProxyType({"value": 0.25, "alignment": 0.25, "agreement": 0.5})
#: A normal distribution's standard deviation in median, and in mean, absolute deviations.
_PER_MEDIAN, _PER_MEAN = 1.4826, 1.2533
#: Cosines are kept this far from 1, where Fisher's transform has no value.
_ALMOST: Final = 1 - 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Suspicion:
    """How suspicious each member is, and why.

    Attributes:
        participants: Names, in the game's order.
        scores: Higher is more suspicious, shape ``(n,)``; 0 is ordinary.
        signs: What the score is made of, by name, each of shape ``(n,)``: robust deviations
            from the median member towards the suspicious side, 0 where nothing is known.
        parts: What each sign adds to the scores, of the same shape; they add up to them.
    """

    participants: tuple[str, ...]
    scores: NDArray[np.float64]
    signs: Mapping[str, NDArray[np.float64]]
    parts: Mapping[str, NDArray[np.float64]]


def suspicion(game: Game, shapley: NDArray[np.float64]) -> Suspicion:
    """Score every member by the rounds it took part in, and by those alone.

    Three signs of quality are averaged over a member's rounds:

    - ``value``: the Shapley value in the round's game, for each unit of weight;
    - ``alignment``: how far the update goes down the validation loss, to first order;
    - ``agreement``: the cosine with the sum of the others' updates.

    The first two are taken relative to the round's mean size, since rounds shrink as the
    model converges. Together they are what the validation rows say, and count as much as
    the third, which is what the other members say.

    Three signs of pretence are added, as far as they exceed 2 deviations, where the cosine
    itself is telling too:

    - ``inconstancy``: what sets the member's updates apart from its round's mean differs
      from round to round (cosine below 0.5). Rows stay, so work on rows looks alike; noise,
      zeros and copied moves do not.
    - ``staleness``: the update repeats the global model's last move (above 0.5);
    - ``twinning``: what sets the member apart is what sets another one apart (above 0.9). Of
      two members with the same rows, updates do not say whose they are, so both score.

    A member whose update was refused in a round counts there as the worst that was accepted,
    and a seventh sign is ``refusal``, how often that was: of a member that was never accepted
    nothing else is known, and that is no sign of innocence. Who was never there is ordinary.

    Cosines go through Fisher's transform, deviations are in scaled median absolute
    deviations, which up to half of the members cannot move at will.

    Args:
        game: A run's game, which shows its updates
            (:class:`~fedmerit.incentives.game.UpdatesGame`).
        shapley: Values of each round's own game, shape ``(rounds, n)``; absent members' are
            not looked at.

    Raises:
        GameError: The game shows no updates, or *shapley* does not fit it.
    """
    played = require_updates(game, "suspicion")
    if shapley.shape != played.weights.shape:
        raise GameError(
            f"values of shape {shapley.shape} do not fit weights of shape {played.weights.shape}",
            hint="Give each round's values, one row per round.",
        )
    counted = played.present & (played.weights > 0)
    refused = np.asarray(getattr(game, "refused", np.zeros_like(counted))) & ~counted
    per_weight = shapley / np.where(counted, played.weights, 1.0)
    agreement, staleness, constancy, twinning = _relations(played, counted)
    signs = {
        "value": -deviations(_quality(_relative(per_weight, counted), counted, refused)),
        "alignment": -deviations(_quality(_relative(descents(played), counted), counted, refused)),
        "agreement": -deviations(_quality(agreement, np.isfinite(agreement), refused)),
        "inconstancy": -deviations(_fisher(constancy)),
        "staleness": deviations(_fisher(staleness)),
        "twinning": deviations(_fisher(twinning)),
        "refusal": deviations(_mean(refused.astype(np.float64), counted | refused)),
    }
    telling = {
        "inconstancy": constancy < _INCONSTANT,
        "staleness": staleness > _STALE,
        "twinning": twinning > _TWIN,
        "refusal": refused.any(axis=0),
    }
    parts = {name: signs[name] * weight for name, weight in _WEIGHTS.items()}
    for name, where in telling.items():
        parts[name] = where * (signs[name] - _ORDINARY).clip(min=0.0)
    return Suspicion(
        participants=played.participants,
        scores=np.sum(list(parts.values()), axis=0),
        signs=MappingProxyType(signs),
        parts=MappingProxyType(parts),
    )


def _relations(game: UpdatesGame, counted: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Give agreement by round, ``(rounds, n)``, and staleness, constancy and twinning, ``(n,)``.

    NaN where unknown.
    """
    rounds, n, parameters = game.updates.shape
    agreement, staleness = np.full((2, rounds, n), np.nan)
    apart, energy = np.zeros((n, parameters)), np.zeros(n)
    move = np.zeros(parameters)
    for number, here in enumerate(counted):
        if not here.any():
            continue  # the model stood still: its last move is the one before
        steps = game.weights[number, here, None] * game.updates[number, here]
        if move.any():
            staleness[number, here] = cosines(steps, move)
        move = steps.sum(axis=0)
        if here.sum() > 1:
            agreement[number, here] = cosines(steps, move - steps)
        directions = unit(steps)
        distinct = (directions - directions.mean(axis=0)) * steps.any(axis=1, keepdims=True)
        apart[here] += distinct
        energy[here] += (distinct**2).sum(axis=1)
    times = counted.sum(axis=0)
    constancy = _constancy(apart, energy, times)
    return (
        agreement,
        _mean(staleness, np.isfinite(staleness)),
        constancy,
        np.where(times > 0, _nearest(apart), np.nan),
    )


def _constancy(
    apart: NDArray[np.float64], energy: NDArray[np.float64], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give the mean product of a member's directions in two rounds, over their mean square.

    0 for a member that never moved; NaN for one that was there once or never.
    """
    products = ((apart**2).sum(axis=1) - energy) / np.maximum(times - 1, 1)
    constancy = np.divide(products, energy, out=np.zeros_like(energy), where=energy > 0)
    return np.asarray(np.where(times > 1, constancy, np.nan))


def _nearest(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the largest cosine of each row with another row, shape ``(n,)``; alone, -1."""
    directions = unit(apart)
    alike = np.array([(directions * row).sum(axis=1) for row in directions])
    np.fill_diagonal(alike, -1.0)
    return np.asarray(alike.max(axis=1))


def _quality(
    scores: NDArray[np.float64], counted: NDArray[np.bool_], refused: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Average each member's scores, refused ones as bad as the worst of their round."""
    worst = np.where(counted, scores, np.inf).min(axis=1, keepdims=True)
    judged = refused & np.isfinite(worst)
    return _mean(np.where(judged, worst, scores), counted | judged)


def _relative(scores: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Divide each round's scores by their mean size among those who counted."""
    sizes = _mean(np.abs(scores).T, counted.T)
    sizes = np.where(sizes > 0, sizes, 1.0)  # nobody there, or nothing to compare
    return np.asarray(scores / sizes[:, None])


def _mean(scores: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average each column over the rows that count; NaN where none does."""
    times = counted.sum(axis=0)
    total = np.where(counted, scores, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, times, out=np.full(len(times), np.nan), where=times > 0))


def _fisher(cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stretch cosines so that their spread does not depend on their size (Fisher, 1915)."""
    return np.asarray(np.arctanh(cosine.clip(-_ALMOST, _ALMOST)))


def deviations(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each score's distance from the median in robust deviations; NaN gives 0.

    Args:
        scores: Of each member, shape ``(n,)``, NaN where unknown.
    """
    is_known = np.isfinite(scores)
    if not is_known.any():
        return np.zeros_like(scores)
    away = np.where(is_known, scores - np.median(scores[is_known]), 0.0)
    away[np.abs(away) <= ROUNDING * np.abs(scores[is_known]).max()] = 0.0
    sizes = np.abs(away[is_known])
    # Where half of the members are alike, the mean stands in (Iglewicz and Hoaglin, 1993).
    middle = float(np.median(sizes))
    is_alike = middle <= ROUNDING * sizes.max()
    scale = _PER_MEAN * float(sizes.mean()) if is_alike else _PER_MEDIAN * middle
    return away / (scale or 1.0)
