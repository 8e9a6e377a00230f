"""A Gaussian process over coalitions: hyper-parameters, predictions and their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.linalg import cholesky, lapack
from scipy.optimize import minimize

from fedmerit.incentives.methods.surrogates.design import TABULATED
from fedmerit.incentives.methods.surrogates.kernels import (
    CURVE,
    MANY_WEIGHTS_PRIOR,
    NOISE,
    OFF,
    PRIORS,
    SETS,
    SHARES,
    WEIGHT_PRIOR,
    compare,
    slopes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Added to the diagonal, relative to the gains' variance: factorisations need it.
_JITTER: Final = 1e-8
_STEPS: Final = 60
#: Decimals of hyper-parameters.
_DIGITS: Final = 2
#: Most coalitions that hyper-parameters are fitted to; a fit costs their cube.
_FITTED: Final = 300


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """A process that has seen some coalitions.

    Attributes:
        theta: Hyper-parameters; see :mod:`fedmerit.incentives.methods.surrogates.kernels`.
        inside: What it saw, shape ``(m, n)``.
        scale: Standard deviation of the gains, which the kernels take as 1.
        covariance: Of what it saw, noise included, shape ``(m, m)``.
        inverse: Its inverse.
    """

    theta: Floats
    inside: Floats
    scale: float
    covariance: Floats
    inverse: Floats

    def smooth(self, against: Floats) -> Floats:
        """Give what each seen gain adds to each prediction, shape ``(rows, m)``.

        Args:
            against: Covariance of what is predicted with what was seen, ``(rows, m)``.
        """
        return against @ self.inverse

    def against(self, coalitions: Floats) -> Floats:
        """Give the covariance of *coalitions* with what was seen, ``(rows, m)``."""
        return compare(self.theta, coalitions, self.inside).total

    def variances(self, coalitions: Floats, against: Floats) -> Floats:
        """Give the variance expected of unseen *coalitions*, noise included, ``(rows,)``."""
        prior = np.array(
            [compare(self.theta, row[None], row[None]).total[0, 0] for row in coalitions]
        )
        explained = (against @ self.inverse * against).sum(axis=1)
        noise = np.exp(2 * self.theta[NOISE]) + _JITTER
        return np.asarray(self.scale**2 * (np.maximum(prior - explained, 0.0) + noise))


def fit(inside: Floats, gains: Floats) -> Process:
    """Fit a process by maximum posterior density.

    Above :data:`~fedmerit.incentives.methods.surrogates.design.TABULATED` participants it does
    without the kernels that have no closed form.

    Args:
        inside: Coalitions, none empty, shape ``(m, n)``; the first is everyone's.
        gains: Shape ``(m,)``.
    """
    scale = float(gains.std()) or 1.0
    n = inside.shape[1]
    each = WEIGHT_PRIOR if n <= TABULATED else MANY_WEIGHTS_PRIOR
    centre, spread, low, high = np.vstack([PRIORS, *[each] * n]).T
    spread[SETS + 1], low[SETS + 1], high[SETS + 1] = 1 / n, 0.0, 3 / n
    if n > TABULATED:
        for amplitude in (SHARES, CURVE):
            centre[amplitude] = low[amplitude] = high[amplitude] = OFF
    few = slice(min(len(inside), _FITTED))
    fitted, aims = inside[few], gains[few] / scale

    def objective(theta: Floats) -> tuple[float, Floats]:
        value, slope = _misfit(theta, fitted, aims)
        off = (theta - centre) / spread
        return value + off @ off / 2, slope + off / spread

    optimum = minimize(
        objective,
        centre,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options={"maxiter": _STEPS},
    )
    # Rounded, so that machines whose sums end differently predict alike.
    return condition(np.round(optimum.x, _DIGITS), inside, scale)


def condition(theta: Floats, inside: Floats, scale: float) -> Process:
    """Give the process with these hyper-parameters that has seen *inside*."""
    covariance = compare(theta, inside, inside).total + np.diag(_noise(theta, inside))
    return Process(theta, inside, scale, covariance, _inverted(cholesky(covariance, lower=True)))


def _noise(theta: Floats, inside: Floats) -> Floats:
    """Give the variance of each coalition's own noise; everyone's worth is taken as it is."""
    spread = np.where(inside.all(axis=1), 0.0, 1.0)
    return np.asarray(spread * np.exp(2 * theta[NOISE]) + _JITTER)


def _misfit(theta: Floats, inside: Floats, gains: Floats) -> tuple[float, Floats]:
    """Give the negative log likelihood and its slope."""
    at = compare(theta, inside, inside)
    factor, failed = lapack.dpotrf(at.total + np.diag(_noise(theta, inside)), lower=1)
    if failed:
        return 1e10, np.zeros_like(theta)
    inverse = _inverted(factor)
    pulls = inverse @ gains
    pull = np.outer(pulls, pulls) - inverse
    slope = slopes(theta, inside, at, pull)
    diagonal = np.where(inside.all(axis=1), 0.0, pull.diagonal())
    slope[NOISE] = 2 * np.exp(2 * theta[NOISE]) * diagonal.sum()
    value = gains @ pulls / 2 + np.log(factor.diagonal()).sum()
    return float(value), -slope / 2


def _inverted(factor: Floats) -> Floats:
    """Give the inverse of the matrix with this lower Cholesky factor."""
    lower = np.tril(lapack.dpotri(factor, lower=1)[0])
    return np.asarray(lower + np.tril(lower, -1).T)
