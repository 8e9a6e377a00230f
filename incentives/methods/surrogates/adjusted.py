"""Values from many coalitions: a trend and a process fitted in folds, then a regression.

A fit to all of many thousand coalitions would take hours, and a process learns little more
from them. A regression does: it values what the fit misses on coalitions that it had not
seen, so that a bad fit costs precision and not truth (Witter, Liu and Musco, 2025).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.methods.surrogates.checking import FOLDS, dealt
from fedmerit.incentives.methods.surrogates.functional import expected
from fedmerit.incentives.methods.surrogates.process import condition, fit
from fedmerit.incentives.methods.surrogates.regression import regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.methods.surrogates.checking import Fit
    from fedmerit.incentives.methods.surrogates.process import Process

    Floats = NDArray[np.float64]

#: Coalitions that hyper-parameters are fitted to, and that a process is made of.
_FITTED: Final = 300
_CONDITIONED: Final = 1000


def adjusted(trends: Sequence[Fit], inside: Floats, gains: Floats) -> tuple[Floats, Floats, float]:
    """Give the best trend's values, adjusted, by column, their covariance and degrees.

    Args:
        trends: To choose from, by the error on the first fold.
        inside: The coalitions, everyone first, shape ``(m, n)``.
        gains: By column, shape ``(m, columns)``.
    """
    m, n = inside.shape
    mean = gains.mean(axis=1)
    folds = dealt(inside)
    make, process, first = _best(trends, inside, mean, folds)
    fits = [first, *(_fold(make, process, inside, mean, folds == k) for k in range(1, FOLDS))]
    values = np.mean([fold_values for fold_values, _ in fits], axis=0)
    together = np.mean([fold_predictions for _, fold_predictions in fits], axis=0)
    # Each by the fit that had not seen it; what no fold leaves out by all of them.
    apart = together.copy()
    for fold, (_, fold_predictions) in enumerate(fits):
        apart[folds == fold] = fold_predictions[folds == fold]
    together[0] = apart[0] = values.sum()  # a process may be off everyone's gain, values are not
    fitted = regression(inside)
    # A known coalition counts as it is. What fits missed that had not seen it tells of those of
    # its size that were not asked for, and of no more.
    predicted = together + fitted.unknown * (apart - together)
    by_column = fitted.weights @ (gains - predicted[:, None]) + values[:, None]
    return by_column, fitted.covariance(mean - apart), float(m - n)


def _best(
    trends: Sequence[Fit], inside: Floats, gains: Floats, folds: NDArray[np.intp]
) -> tuple[Fit, Process, tuple[Floats, Floats]]:
    """Give the trend that predicts the first fold best, its process, and that fold's fit."""
    out = folds == 0
    candidates, errors = [], []
    few = slice(_FITTED)
    for make in trends:
        rest = gains[~out] - make(inside[~out], gains[~out]).predict(inside[~out])
        process = fit(inside[~out][few], rest[few])
        first = _fold(make, process, inside, gains, out)
        candidates.append((make, process, first))
        errors.append(float(((gains - first[1])[out] ** 2).mean()))
    return candidates[int(np.argmin(errors))]


def _fold(
    make: Fit, fitted: Process, inside: Floats, gains: Floats, out: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Fit to all but *out*; give the fit's values, ``(n,)``, and predictions, ``(m,)``."""
    trend = make(inside[~out], gains[~out])
    few = np.flatnonzero(~out)[:_CONDITIONED]
    process = condition(fitted.theta, inside[few], fitted.scale)
    rest = gains[few] - trend.predict(inside[few])
    smooth = process.against(inside) @ (process.inverse @ rest)
    return trend.values() + expected(process) @ rest, trend.predict(inside) + smooth
