"""How alike two coalitions are: what a Gaussian process over coalitions assumes.

Each participant has a weight, learned with the rest, and a coalition the weight u of its
members. Two coalitions are compared by their weights and by the weight C that they share.
Three kernels are added:

- *shares*: by the cosine C / sqrt(u u'), scaled by a power of u. A coalition's model is a
  weighted mean of its members', so what one more member changes falls with those who are
  there; this is what federated averaging does.
- *sets*: by the weight of those in one and not in the other; a product over participants.
- *curve*: by log u alone, a smooth curve of the weight: learning curves saturate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Hyper-parameters before the weights' logarithms, with the centre, spread and bounds of
#: each one's prior, for gains of unit variance: three amplitudes, the power of u, and
#: inverse lengths, in logarithms but for the power and the decay; last the noise. Centres
#: and spreads are of fits to 450 coalitions of eight federated games of digits, rounded;
#: the noise's is wider and higher, for games whose worths jump more than those did.
PRIORS: Final = np.array(
    [
        (2.0, 0.8, -6.0, 4.0),  # shares: amplitude
        (0.8, 0.4, -0.5, 2.5),  # shares: power
        (-0.9, 1.3, -4.0, 4.0),  # shares: inverse length
        (0.0, 1.5, -6.0, 4.0),  # sets: amplitude
        (0.0, 0.1, -0.3, 0.3),  # sets: decay with weight
        (-3.3, 1.5, -7.0, 1.0),  # sets: inverse length
        (0.5, 0.7, -6.0, 4.0),  # curve: amplitude
        (0.7, 0.5, -1.5, 2.5),  # curve: length
        (-4.5, 1.5, -7.0, 1.0),  # noise
    ]
)
#: The same for each weight's logarithm; narrower where there are many to learn.
WEIGHT_PRIOR: Final = (0.5, 1.5, -4.0, 3.0)
MANY_WEIGHTS_PRIOR: Final = (0.0, 0.2, -4.0, 3.0)
HYPERS: Final = len(PRIORS)
#: Places of the amplitudes and of the noise.
SHARES, SETS, CURVE, NOISE = 0, 3, 6, HYPERS - 1
#: The logarithm of an amplitude that is 0 to the last bit.
OFF: Final = -400.0
_NOTHING: Final = np.zeros((1, 1))
#: Variance of the unknown level, for gains of unit variance.
LEVEL: Final = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two lists of coalitions against each other: each kernel, and what it was made from."""

    shares: Floats
    sets: Floats
    curve: Floats
    left: Floats
    both: Floats
    logs: Floats
    gap: Floats
    cosine: Floats
    apart: Floats

    @property
    def total(self) -> Floats:
        """The covariance, without noise."""
        return self.shares + self.sets + self.curve + LEVEL


def compare(theta: Floats, left: Floats, right: Floats) -> Compared:
    """Compare coalitions ``(a, n)`` and ``(b, n)``, none of them empty, under *theta*."""
    weights = np.exp(theta[HYPERS:])
    u, v = (left @ weights)[:, None], (right @ weights)[None]
    shared = (left * weights) @ right.T
    if sets_alone(theta):
        apart = u + v - 2 * shared
        return Compared(
            shares=_NOTHING,
            sets=np.exp(2 * theta[3] - theta[4] * (u + v) - np.exp(theta[5]) * apart),
            curve=_NOTHING,
            left=u,
            both=_NOTHING,
            logs=_NOTHING,
            gap=_NOTHING,
            cosine=_NOTHING,
            apart=apart,
        )
    log_u, log_v = np.log(u), np.log(v)
    both, logs, gap = np.sqrt(u * v), log_u + log_v, log_u - log_v
    cosine, apart = shared / both, u + v - 2 * shared
    return Compared(
        shares=np.exp(2 * theta[0] - theta[1] * logs - np.exp(theta[2]) * (1 - cosine)),
        sets=np.exp(2 * theta[3] - theta[4] * (u + v) - np.exp(theta[5]) * apart),
        curve=np.exp(2 * theta[6] - gap**2 / 2 * np.exp(-2 * theta[7])),
        left=u,
        both=both,
        logs=logs,
        gap=gap,
        cosine=cosine,
        apart=apart,
    )


def slopes(theta: Floats, inside: Floats, at: Compared, pull: Floats) -> Floats:
    """Give the derivative of ``sum(pull * covariance)`` by *theta*, but for the noise.

    Args:
        theta: Hyper-parameters, then the logarithms of the weights.
        inside: The coalitions, shape ``(m, n)``.
        at: The coalitions against themselves.
        pull: Symmetric, shape ``(m, m)``.
    """
    if sets_alone(theta):
        return _slopes_of_sets(theta, inside, at, pull)
    steep, length, bend = np.exp(theta[2]), np.exp(theta[5]), np.exp(-2 * theta[7])
    shares, sets, curve = pull * at.shares, pull * at.sets, pull * at.curve
    slope = np.zeros_like(theta)
    slope[0] = 2 * shares.sum()
    slope[1] = -(shares * at.logs).sum()
    slope[2] = -steep * (shares * (1 - at.cosine)).sum()
    slope[3] = 2 * sets.sum()
    slope[4] = -2 * (sets * at.left).sum()
    slope[5] = -length * (sets * at.apart).sum()
    slope[6] = 2 * curve.sum()
    slope[7] = (curve * at.gap**2).sum() * bend
    by_shared = steep * shares / at.both + 2 * length * sets
    by_weight = (
        -(shares * (theta[1] + steep * at.cosine / 2)).sum(axis=1) / at.left[:, 0]
        - (theta[4] + length) * sets.sum(axis=1)
        - (curve * at.gap).sum(axis=1) * bend / at.left[:, 0]
    )
    by_each = 2 * inside.T @ by_weight + (inside * (by_shared @ inside)).sum(axis=0)
    slope[HYPERS:] = np.exp(theta[HYPERS:]) * by_each
    return slope


def sets_alone(theta: Floats) -> bool:
    """Say whether the two kernels without a closed form are off, and so need not be computed."""
    return bool(theta[SHARES] <= OFF and theta[CURVE] <= OFF)


def _slopes_of_sets(theta: Floats, inside: Floats, at: Compared, pull: Floats) -> Floats:
    length, sets = np.exp(theta[5]), pull * at.sets
    sums = sets.sum(axis=1)
    slope = np.zeros_like(theta)
    slope[3] = 2 * sums.sum()
    slope[4] = -2 * (sums @ at.left[:, 0])
    slope[5] = -length * (sets * at.apart).sum()
    by_weight = -(theta[4] + length) * sums
    by_each = 2 * inside.T @ by_weight + 2 * length * (inside * (sets @ inside)).sum(axis=0)
    slope[HYPERS:] = np.exp(theta[HYPERS:]) * by_each
    return slope
