"""What noise is worth: epsilon and delta of Gaussian mechanisms, alone and subsampled.

Where everybody sees which rows a batch has, as in vertical training, sampling amplifies
nothing: :func:`gaussian_epsilon` is then exact (Balle and Wang, 2018; compositions of Gaussians
are Gaussian, Dong et al., 2022). :func:`sampled_epsilon` is for batches that nobody sees, by
Rényi divergences (Mironov et al., 2019), and an upper bound.

dp-accounting does the same and more; a default run would then need it installed.
"""

from __future__ import annotations

from math import exp, inf, log, sqrt
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, logsumexp

from fedmerit.errors import TrainingError

#: The delta that epsilons are stated at.
DELTA: Final = 1e-5

_ORDERS: Final = np.concatenate(
    [np.arange(1.05, 12, 0.05), np.arange(12, 64), 2.0 ** np.arange(6, 11)]
)
_GRID: Final = 20_001
_SPAN: Final = 40.0


def gaussian_epsilon(mu: float, delta: float) -> float:
    """Give the least epsilon of a Gaussian mechanism.

    Args:
        mu: Sensitivity over standard deviation; mechanisms one after another add in squares.
        delta: The probability that is left out, in (0, 1).

    """
    _check_delta(delta)
    if mu == 0 or _gaussian_delta(mu, 0.0) <= delta:
        return 0.0
    if mu == inf:
        return inf
    most = mu * mu / 2 + mu * sqrt(2 * log(1 / delta)) + 1
    return float(brentq(lambda epsilon: _gaussian_delta(mu, epsilon) - delta, 0.0, most))


def sampled_epsilon(rate: float, noise: float, steps: int, delta: float) -> float:
    """Bound the epsilon of *steps* Gaussian mechanisms on Poisson samples.

    Args:
        rate: Probability that a row is in a sample, in (0, 1].
        noise: Standard deviation over sensitivity.
        steps: How many.
        delta: The probability that is left out, in (0, 1).

    """
    _check_delta(delta)
    if noise == 0:
        return inf
    rdp = steps * np.array([_renyi(rate, noise, order) for order in _ORDERS])
    # Canonne, Kamath and Steinke (2020), proposition 12.
    epsilons = rdp + np.log1p(-1 / _ORDERS) - (log(delta) + np.log(_ORDERS)) / (_ORDERS - 1)
    return float(max(0.0, epsilons.min()))


def distinguishable(mu: float) -> float:
    """Give the largest area under the ROC curve of any attack on a mu-Gaussian mechanism."""
    return exp(float(log_ndtr(mu / sqrt(2))))


def _renyi(rate: float, noise: float, order: float) -> float:
    """Give the Rényi divergence of a sampled Gaussian mechanism, by quadrature in log space."""
    if rate == 1:
        return order / (2 * noise**2)
    # The integrand is a mixture of Gaussians about 0 and, at most, about the order.
    z = np.linspace(-_SPAN * noise, order + _SPAN * noise, _GRID)
    mixture = np.logaddexp(np.log1p(-rate), log(rate) + (2 * z - 1) / (2 * noise**2))
    density = -(z**2) / (2 * noise**2) - log(noise * sqrt(2 * np.pi))
    step = log(z[1] - z[0])
    return float(logsumexp(density + order * mixture) + step) / (order - 1)


def _gaussian_delta(mu: float, epsilon: float) -> float:
    left = log_ndtr(mu / 2 - epsilon / mu)
    right = epsilon + log_ndtr(-mu / 2 - epsilon / mu)
    return float(np.exp(left) - np.exp(right))


def _check_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise TrainingError(f"delta must be between 0 and 1, got {delta}", hint="Use 1e-5.")
