"""How a trend and the process around it err on coalitions that neither had seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from fedmerit.incentives.surrogates.process import condition, fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedmerit.incentives.surrogates.process import Process
    from fedmerit.incentives.surrogates.trends import Trend

    Floats = NDArray[np.float64]
    Fit = Callable[[Floats, Floats], Trend]

_FOLDS: Final = 5
#: Most coalitions that are used, since five processes are made of them.
_USED: Final = 1000
#: Most with which hyper-parameters are fitted anew without a fold; with more, one fold
#: hardly moves them.
_REFITTED: Final = 200


class Unseen(NamedTuple):
    """Errors on coalitions left out.

    Attributes:
        error: Their mean square, where each size counts alike, as it does in the values.
        ratio: Mean of their squares over those that the process expected.
        left_out: How many coalitions were left out once.
    """

    error: float
    ratio: float
    left_out: int


def unseen(make: Fit, process: Process, gains: Floats, *, refit: bool = False) -> Unseen:
    """Leave each fold of what *process* saw out, but for everyone and each alone.

    Args:
        make: Fits the trend.
        process: Fitted to what the trend leaves of *gains*.
        gains: Of each coalition that *process* saw, shape ``(m,)``.
        refit: Whether hyper-parameters, too, must not have seen a fold, if few enough
            coalitions make that matter.
    """
    inside, gains = process.inside[:_USED], gains[:_USED]
    sizes = inside.sum(axis=1).astype(np.int64)
    known = (sizes == 1) | (sizes == inside.shape[1])  # whatever the budget
    folds = np.where(known, -1, np.arange(len(inside)) % _FOLDS)
    misses, ratios = np.zeros(len(inside)), np.zeros(len(inside))
    for fold in range(_FOLDS):
        out = folds == fold
        if not out.any():
            continue
        trend = make(inside[~out], gains[~out])
        rest = gains[~out] - trend.predict(inside[~out])
        if refit and len(inside) <= _REFITTED:
            seen = fit(inside[~out], rest)
        else:
            seen = condition(process.theta, inside[~out], process.scale)
        against = seen.against(inside[out])
        misses[out] = gains[out] - trend.predict(inside[out]) - seen.smooth(against) @ rest
        ratios[out] = misses[out] ** 2 / seen.variances(inside[out], against)
    shares = np.where(known, 0.0, 1 / np.bincount(sizes)[sizes])
    error = float((shares * misses**2).sum() / max(shares.sum(), 1.0))
    return Unseen(error, float(ratios[~known].mean()), int((~known).sum()))
