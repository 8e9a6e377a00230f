"""How a trend and the process around it err on coalitions that neither had seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from fedmerit.incentives.methods.surrogates.design import TABULATED, leverage
from fedmerit.incentives.methods.surrogates.functional import covaried, expected
from fedmerit.incentives.methods.surrogates.process import condition, fit
from fedmerit.incentives.methods.surrogates.regression import unasked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedmerit.incentives.methods.surrogates.process import Process
    from fedmerit.incentives.methods.surrogates.trends import Trend

    Floats = NDArray[np.float64]
    Fit = Callable[[Floats, Floats], Trend]

#: Parts that coalitions are dealt to, each left out once.
FOLDS: Final = 5
#: Most coalitions that are used, since five processes are made of them.
USED: Final = 1000
#: Most with which hyper-parameters are fitted anew without a fold; with more, one fold
#: hardly moves them.
_REFITTED: Final = 120
#: With more coalitions, the errors on one fold say enough.
_ALL_FOLDS: Final = 500
#: What all coalitions' worths move a value by at most, if each is off by 1.
_MOST_MOVED: Final = 2.0
#: Ratio of squared misses to those expected, above which a process is not believed.
_CREDIBLE: Final = 25.0
#: Margin on the square of misses that are taken for independent.
_INDEPENDENT: Final = 2.0
#: So many of the commonest gains may be met by chance, and fewest others that tell.
_COMMON: Final = 2
_FEWEST: Final = 5
#: Share of others below which gains jump.
_FEW: Final = 0.5
#: Decimals of gains, relative to the largest, that tell two apart.
_DIGITS: Final = 8
#: A miss below this share of the largest gain is rounding.
_ROUNDING: Final = 1e-9


class Unseen(NamedTuple):
    """Errors on coalitions left out.

    Attributes:
        error: Their mean square, where each size counts alike, as it does in the values; 0
            if most are rounding, since what predicts most coalitions exactly is the game,
            but for what cannot be told from them. Gains that many have may be met by chance.
        ratio: Mean of their squares over those that the process expected.
        tested: How many coalitions were left out once.
        square: Mean of their squares.
        jumps: Whether most have one of two gains.
        values: Of the fit without each fold, shape ``(folds, n)``, where few enough coalitions
            are known for each fit to be made anew; else none.
    """

    error: float
    ratio: float
    tested: int
    square: float
    jumps: bool
    values: Floats

    def scaled(self, process: Process, covariance: Floats, values: Floats) -> Floats:
        """Give the values' *covariance*, as the process has it, as these errors have it.

        No larger than if all coalitions were missed as much and in the worst way, which
        together move a value by 2 of those misses; and no smaller than what *values* moved when
        the last fold came in, times what the process expects to be left over what it expected
        that to be. A process that misses coalitions by more than five times what it expects
        knows nothing of how misses hang together: up to twelve participants they are then taken
        for independent, at twice their square. Where gains jump, as in a vote, misses are few and
        large, and how far values move is taken as it is.
        """
        scaled = self.ratio * covariance
        most, largest = _MOST_MOVED**2 * self.square, float(scaled.diagonal().max())
        if largest > most:
            scaled = scaled * (most / largest)
        if not len(self.values):
            return scaled
        if self.ratio > _CREDIBLE and process.inside.shape[1] <= TABULATED:
            weighed = leverage(unasked(process.inside).astype(np.float64))
            scaled = np.diag(_INDEPENDENT * self.square * (weighed**2).sum(axis=0))
        if self.jumps:
            return larger(scaled, _moved(self.values))
        moves = self.values - values
        usual = moves[np.argsort((moves**2).sum(axis=1), kind="stable")[: FOLDS - 1]]
        moved = _left_over(process, covariance) * (usual.T @ usual) / len(usual)
        return larger(scaled, moved * FOLDS / (FOLDS - 1))


def larger(one: Floats, other: Floats) -> Floats:
    """Give the larger of two covariances of the same errors, which hold each other."""
    return one if one.trace() >= other.trace() else other


def _left_over(process: Process, covariance: Floats) -> float:
    """Give the variance expected of the values over what a fold's coalitions took away, to 1."""
    folds, against = dealt(process.inside), covaried(process)

    def explained(known: NDArray[np.bool_]) -> float:
        inverse = np.linalg.inv(process.covariance[np.ix_(known, known)])
        return float(np.einsum("im,mk,ik->", against[:, known], inverse, against[:, known]))

    whole = explained(np.ones(len(folds), dtype=np.bool_))
    taken = whole - float(np.mean([explained(folds != fold) for fold in range(FOLDS)]))
    left = float(covariance.trace()) / process.scale**2
    return min(left / taken, 1.0) if taken > 0 else 1.0


def _moved(values: Floats) -> Floats:
    """Give the covariance of values by leaving folds out, one row of *values* each."""
    deviations = values - values.mean(axis=0)
    return np.asarray((FOLDS - 1) / FOLDS * (deviations.T @ deviations))


def jackknife(make: Fit, inside: Floats, gains: Floats) -> Floats:
    """Give the covariance of a trend's values by leaving folds out, shape ``(n, n)``.

    A trend that has nothing to fit has no error of its own; its process has.
    """
    if not make(inside, gains).parameters:
        return np.zeros((inside.shape[1],) * 2)
    folds = dealt(inside)
    values = np.array([make(inside[folds != k], gains[folds != k]).values() for k in range(FOLDS)])
    return _moved(values)


def dealt(inside: Floats) -> NDArray[np.intp]:
    """Give each coalition's fold; -1 for everyone and each alone, known at any budget.

    A coalition and its complement share a fold: in many games, as in a vote, one tells what
    the other is worth.
    """
    sizes = inside.sum(axis=1)
    in_every_fold = (sizes == 1) | (sizes == inside.shape[1])
    sides = np.where(inside[:, :1] > 0, inside, 1 - inside).astype(np.bool_)
    numbers: dict[bytes, int] = {}
    for side in sides[~in_every_fold]:
        numbers.setdefault(side.tobytes(), len(numbers))
    pairs = [numbers.get(side.tobytes(), 0) for side in sides]
    return np.where(in_every_fold, -1, np.array(pairs) % FOLDS)


def unseen(make: Fit, process: Process, gains: Floats, *, refit: bool = False) -> Unseen:
    """Leave each fold of what *process* saw out, but for everyone and each alone.

    Args:
        make: Fits the trend.
        process: Fitted to what the trend leaves of *gains*.
        gains: Of each coalition that *process* saw, shape ``(m,)``.
        refit: Whether hyper-parameters, too, must not have seen a fold, if few enough
            coalitions make that matter.
    """
    inside, gains = process.inside[:USED], gains[:USED]
    sizes = inside.sum(axis=1).astype(np.int64)
    folds = dealt(inside)
    anew = refit and len(inside) <= _REFITTED
    misses, ratios = np.zeros(len(inside)), np.zeros(len(inside))
    values = []
    if len(inside) > _ALL_FOLDS:
        folds = np.where(folds > 0, FOLDS, folds)
    for fold in range(FOLDS):
        out = folds == fold
        if not out.any():
            continue
        trend = make(inside[~out], gains[~out])
        rest = gains[~out] - trend.predict(inside[~out])
        if anew:
            without_fold = fit(inside[~out], rest)
            values.append(trend.values() + expected(without_fold) @ rest)
        else:
            without_fold = condition(process.theta, inside[~out], process.scale)
        against = without_fold.against(inside[out])
        misses[out] = gains[out] - trend.predict(inside[out]) - without_fold.smooth(against) @ rest
        ratios[out] = misses[out] ** 2 / without_fold.variances(inside[out], against)
    tested = (folds >= 0) & (folds < FOLDS)
    counts = np.maximum(np.bincount(sizes, weights=tested.astype(np.float64)), 1.0)
    shares = tested / counts[sizes]
    error = float((shares * misses**2).sum() / max(shares.sum(), 1.0))
    largest = float(np.abs(gains).max())
    if _exact(misses[tested], gains[tested], largest):
        error = 0.0
    ratio = float(ratios[tested].mean())
    if len(inside) > _REFITTED:  # the hyper-parameters had seen them: as many errors count for less
        ratio *= len(inside) / max(len(inside) - len(process.theta), 1)
    square = float((misses[tested] ** 2).mean())
    moved = np.array(values).reshape(-1, inside.shape[1])
    jumps = bool(_rare(gains[tested], largest).mean() <= _FEW)
    return Unseen(error, ratio, int(tested.sum()), square, jumps, moved)


def _exact(misses: Floats, gains: Floats, largest: float) -> bool:
    """Say whether most *misses* are rounding, of *gains* that are not one of two by chance.

    In a vote half of all coalitions are worth the same, and any few teams meet most of them.
    """
    rare, met = _rare(gains, largest), np.abs(misses) <= _ROUNDING * largest
    return rare.sum() >= _FEWEST and bool(np.median(met) and np.median(met[rare]))


def _rare(gains: Floats, largest: float) -> NDArray[np.bool_]:
    """Mark *gains* that are none of the two commonest."""
    alike = np.round(gains / (largest or 1.0), _DIGITS)
    _, places, often = np.unique(alike, return_inverse=True, return_counts=True)
    return np.isin(places, np.argsort(-often, kind="stable")[_COMMON:])
