"""How many bits numbers tell of a secret, and how good a guess so many bits allow.

Independent 0s and 1s of which a share is 1 have its binary entropy each. Whoever learns *b* bits
of each, on average, by whatever computation, guesses wrong at least as often as
:func:`least_error` says (Fano, 1961; Shannon's rate-distortion function of a coin, 1959).

Sums that are opened are whole numbers, so they tell no more bits than their own entropy, and that
is at most a Gaussian's of the same covariance (Cover and Thomas, 2006, theorem 8.6.5; a whole
number and a fraction drawn evenly are one to one). Noise leaves what a Gaussian channel carries.
"""

from __future__ import annotations

from math import e, log2, pi
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: So large a part of a secret's bits may be told.
SHARE: Final = 0.1
#: Nobody may guess a label more often than the more frequent one is right, and this.
MARGIN: Final = 0.03

#: Variance of the fraction that turns a whole number into a real one.
_FRACTION: Final = 1 / 12


def entropy(rate: float) -> float:
    """Give the bits of a coin that shows 1 with probability *rate*."""
    if not 0 < rate < 1:
        return 0.0
    return -rate * log2(rate) - (1 - rate) * log2(1 - rate)


def entropy_of(values: NDArray[np.float64]) -> float:
    """Give the bits of a row, drawn among the rows of *values*, shape ``(rows, columns)``."""
    if not values.size:
        return 0.0
    counts = np.unique(values, axis=0, return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def least_error(bits: float, rate: float) -> float:
    """Give how often any guess is wrong at least, of coins of which *bits* each are known."""
    left = entropy(rate) - bits
    least = min(rate, 1 - rate)
    if left <= 0:
        return 0.0
    if bits <= 0:
        return least
    return float(brentq(lambda error: entropy(error) - left, 0.0, 0.5, xtol=1e-12))


def most_bits(rate: float, *, share: float, margin: float) -> float:
    """Give the bits of each coin that may be known.

    Args:
        rate: How often a coin shows 1.
        share: Of the coin's own bits, at most.
        margin: How much more often than the more frequent side any guess may be right.

    """
    least = min(rate, 1 - rate)
    return min(share * entropy(rate), entropy(rate) - entropy(max(0.0, least - margin)))


def sums_told(spread: NDArray[np.float64], variance: float, *, noise: float = 0.0) -> float:
    """Bound the bits that sums tell, of whole weights times independent secrets.

    Args:
        spread: Singular values of the weights, shape ``(sums,)``.
        variance: Of one secret, in units of its least step.
        noise: Standard deviation of the noise on each sum, in the same units; 0 for none.

    """
    told = variance * spread**2
    exact = np.log2(2 * pi * e * (told + _FRACTION)).sum() / 2
    if not noise:
        return float(exact)
    return float(min(exact, np.log2(1 + told / noise**2).sum() / 2))
