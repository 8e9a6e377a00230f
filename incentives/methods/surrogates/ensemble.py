"""The method ``surrogate``: several trends, and a process for what each of them misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits

from fedmerit.incentives.methods.exact import enumerated
from fedmerit.incentives.methods.surrogates.adjusted import adjusted
from fedmerit.incentives.methods.surrogates.checking import USED, jackknife, larger, unseen
from fedmerit.incentives.methods.surrogates.choosing import ask_as_needed
from fedmerit.incentives.methods.surrogates.design import TABULATED
from fedmerit.incentives.methods.surrogates.dividends import dividends
from fedmerit.incentives.methods.surrogates.functional import operator
from fedmerit.incentives.methods.surrogates.process import condition, fit
from fedmerit.incentives.methods.surrogates.teams import teams
from fedmerit.incentives.methods.surrogates.trends import nothing, peak, saturation, threshold
from fedmerit.incentives.methods.traits import Concept, valuation_method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.methods.surrogates.checking import Fit
    from fedmerit.incentives.methods.surrogates.process import Process
    from fedmerit.incentives.methods.surrogates.trends import Trend
    from fedmerit.incentives.valuation import Valuation

    Floats = NDArray[np.float64]

#: With more coalitions, a regression values what a fit to some of them misses.
_MAX_FITTED: Final = 2000
#: Smaller errors are alike.
_EXACT: Final = 1e-100
#: A trend of a smaller weight is left out.
_LEAST_WEIGHT: Final = 0.05
#: Power of a weight: how soon the better of two trends is all that counts.
_SHARPNESS: Final = 3.0
#: A standard error of values, relative to the largest gain, that float arithmetic leaves.
_ROUNDED: Final = 1e-13


@valuation_method("surrogate", concept=Concept.SHAPLEY)
def surrogate(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values of fitted trends and of a Gaussian process for what each misses.

    Trends are weighted by how well they, with their process, predict coalitions that neither
    had seen. Beyond 2,000 coalitions the best one is fitted in folds, and a regression
    values what it misses on those that it had not seen. Intervals hold what they say from n + 14
    evaluations on, up to 100 members; of games that jump, as votes do, about nine in ten. With
    fewer there is too little to test the fit on, and they may hold half of what they say. With
    some six evaluations a member they are up to twice as wide as the errors ask for. A worth that
    stands out from all others, and was not asked for, they know nothing of.

    Source: Our own, of a process after Owen (1972), teams by basis pursuit (Chen, Donoho and
        Saunders, 1998) and the adjustment of Witter, Liu and Musco (2025).
    Assumes: Coalitions that share most of their weight are off a trend by much the same.
    Cost: *budget* evaluations; time grows with the cube of the budget, up to 2,000.
    Choose it: For the best estimate that a budget buys, whatever the game.

    A validation row's own game differs from the mean game by a part that the process or the
    regression alone values, since that part is linear in the row's worths; so rows share
    the trend.

    Raises:
        BudgetTooSmall: *budget* is below ``2 * n + 2``.
        GameError: The game breaks its contract.
    """
    if (known := enumerated(game, method="surrogate", budget=budget, seed=seed)) is not None:
        return known
    sample = ask_as_needed(game, method="surrogate", budget=budget, seed=seed)
    # One thread, since a sum's order, and so its last bit, depends on how many there are.
    with threadpool_limits(1):
        trends = _trends(sample.inside.shape[1])
        if len(sample.inside) > _MAX_FITTED:
            answer = adjusted(trends, sample.inside, sample.gains)
        else:
            answer = _averaged(trends, sample.inside, sample.gains)
    by_column, covariance, degrees = answer
    return sample.concluded(
        game,
        by_column,
        covariance + _rounding(sample.mean, len(covariance)),
        degrees=degrees,
        method="surrogate",
        seed=seed,
    )


def _trends(n: int) -> tuple[Fit, ...]:
    """Give every trend for *n* participants, the plainest first."""
    return (nothing, peak, saturation, threshold, dividends if n <= TABULATED else teams)


def _rounding(gains: Floats, n: int) -> Floats:
    """Give the least covariance, ``(n, n)``: a trend that fits exactly still rounds."""
    return np.asarray((_ROUNDED * np.abs(gains).max()) ** 2 * np.eye(n))


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """A trend, how to fit it anew, and the process around it."""

    make: Fit
    trend: Trend
    process: Process


def _averaged(
    trends: tuple[Fit, ...], inside: Floats, gains: Floats
) -> tuple[Floats, Floats, float]:
    """Give the weighted mean of all trends' values by column, its covariance and degrees."""
    mean = gains.mean(axis=1)
    models, shares = _weighted(trends, inside, mean)
    values, within, degrees = [], [], []
    for model in models:
        answer = operator(model.process)
        errors = unseen(model.make, model.process, mean, refit=True)
        rest = gains - model.trend.predict(inside)[:, None]
        values.append(answer.weights @ rest + model.trend.values()[:, None])
        error = errors.scaled(model.process, answer.covariance, values[-1].mean(axis=1))
        # Else the trend was fitted anew in each fold, and its error is among those.
        if errors.jumps or not len(errors.values):
            error = larger(error, jackknife(model.make, inside, mean))
        within.append(error)
        degrees.append(errors.tested - 1)
    by_column = np.einsum("k,kic->ic", shares, values)
    deviations = np.mean(values, axis=2) - by_column.mean(axis=1)
    # A mixture's covariance: the mean of each one's own, and how far apart they are.
    covariance = np.einsum("k,kij->ij", shares, within) + np.einsum(
        "k,ki,kj->ij", shares, deviations, deviations
    )
    return by_column, covariance, float(min(degrees))


def _weighted(
    trends: tuple[Fit, ...], inside: Floats, gains: Floats
) -> tuple[list[_Model], Floats]:
    """Give the trends that matter, each with its process, and their weights.

    A weight falls as the mean square error on unseen coalitions rises.
    """
    few = slice(USED)
    errors, models = [], []
    for make in trends:
        trend = make(inside, gains)
        process = fit(inside[few], (gains - trend.predict(inside))[few])
        errors.append(unseen(make, process, gains).error)
        models.append(_Model(make, trend, process))
    least = max(min(errors), _EXACT)
    weights = (least / np.maximum(errors, least)) ** _SHARPNESS
    indices = np.flatnonzero(weights >= _LEAST_WEIGHT * weights.sum())
    weighty = [_completed(models[k], inside) for k in indices]
    return weighty, weights[indices] / weights[indices].sum()


def _completed(model: _Model, inside: Floats) -> _Model:
    """Show the process all coalitions, if it was fitted to some of them."""
    if len(inside) <= USED:
        return model
    process = condition(model.process.theta, inside, model.process.scale)
    return _Model(model.make, model.trend, process)
