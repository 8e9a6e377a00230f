"""How sure payments are: a mechanism applied again to values as they might have come out.

Values are drawn jointly from what is recorded of them, whole billionths and millionths, by
integer arithmetic alone, so that everybody who reads the record finds the same intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import shake_256
from math import isqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    #: Values in, payments out.
    Paying = Callable[[Sequence[int]], Sequence[int]]

#: So many times the mechanism pays again, unless members are too many for that.
DRAWS: Final = 1000
#: Of so many members at most, correlations are recorded; more are drawn as if independent.
CORRELATED: Final = 100
#: Draws times members: beyond it there are fewer draws, down to the least.
_MOST: Final = 100_000
_LEAST: Final = 100
#: Fractions of the arithmetic: of a factor's entries while it is made, and when it is used.
_FINE: Final = 1 << 60
_COARSE: Final = 1 << 20
#: A sum of twelve uniform numbers has variance 1 and is normal but for its far tails.
_UNIFORMS: Final = 12
_WORD: Final = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PayIntervals:
    """What each might have been paid.

    Attributes:
        draws: How often the mechanism paid again.
        lows: Base units of each; a payment is below it in half of what the confidence leaves.
        highs: Likewise above.
        paid_ppm: In how many draws each is paid anything, in millionths of them.
    """

    draws: int
    lows: tuple[int, ...]
    highs: tuple[int, ...]
    paid_ppm: tuple[int, ...]


def correlations(covariance: NDArray[np.float64]) -> tuple[tuple[int, ...], ...]:
    """Give correlations in millionths, each row up to its diagonal, shape ``(n, 1 to n)``.

    Args:
        covariance: Of the values, shape ``(n, n)``. What has no variance correlates with nothing.

    Returns:
        None of them, ``()``, for more than :data:`CORRELATED` members.
    """
    n = len(covariance)
    if n > CORRELATED:
        return ()
    spreads = np.sqrt(covariance.diagonal())
    products = spreads[:, None] * spreads
    usable = np.isfinite(products) & (products > 0) & np.isfinite(covariance)
    shares = np.divide(covariance, products, out=np.zeros_like(covariance), where=usable)
    millionths = np.rint(np.clip(shares, -1, 1) * MICRO).astype(np.int64)
    np.fill_diagonal(millionths, MICRO)
    return tuple(tuple(millionths[i, : i + 1].tolist()) for i in range(n))


def how_many(members: int) -> int:
    """Say how often the mechanism is to pay again for so many members."""
    return max(_LEAST, min(DRAWS, _MOST // members))


def drawn_values(
    values: Sequence[int],
    half_widths: Sequence[int],
    correlations_ppm: Sequence[Sequence[int]],
    *,
    confidence_ppm: int,
    seed: bytes,
) -> list[list[int]]:
    """Give values as they might have come out: jointly normal, centred at what was measured.

    Args:
        values: Billionths.
        half_widths: Of their intervals, billionths; they set how far the draws spread.
        correlations_ppm: As :func:`correlations` gives them.
        confidence_ppm: Of the intervals.
        seed: What the draws are made of.

    Returns:
        One list of values, in billionths, a draw.
    """
    n = len(values)
    count = how_many(n)
    normal = _normals(seed, count, n)
    if correlations_ppm:
        factor = np.asarray(_factor(correlations_ppm), dtype=np.int64)
        joint = normal @ factor.T // _COARSE
    else:
        joint = normal
    # Half an interval is so many standard deviations wide, in millionths.
    wide = round(NormalDist().inv_cdf((MICRO + confidence_ppm) / (2 * MICRO)) * MICRO)
    return [
        [
            value + half * deviate * MICRO // (wide << 16)
            for value, half, deviate in zip(values, half_widths, deviates, strict=True)
        ]
        for deviates in joint.tolist()
    ]


def pay_intervals(
    drawn: Sequence[Sequence[int]], pay: Paying, *, confidence_ppm: int
) -> PayIntervals:
    """Pay for every draw of the values, and say between what each payment lies.

    Args:
        drawn: What :func:`drawn_values` gave.
        pay: The mechanism, of these values and else of what it was applied to.
        confidence_ppm: The share of draws inside the intervals.

    Raises:
        RewardError: The mechanism refuses what was drawn.
    """
    count = len(drawn)
    paid = [sorted(amounts) for amounts in zip(*map(pay, drawn), strict=True)]
    # Of 1,000 draws and 95%, 25 are left out on either side.
    left_out = count * (MICRO - confidence_ppm) // (2 * MICRO)
    return PayIntervals(
        draws=count,
        lows=tuple(amounts[left_out] for amounts in paid),
        highs=tuple(amounts[-1 - left_out] for amounts in paid),
        paid_ppm=tuple(sum(map(bool, amounts)) * MICRO // count for amounts in paid),
    )


def _normals(seed: bytes, count: int, members: int) -> NDArray[np.int64]:
    """Give independent normal numbers in units of 2**-16, shape ``(count, members)``."""
    stream = shake_256(b"fedmerit pay intervals" + seed).digest(4 * _UNIFORMS * count * members)
    words = np.frombuffer(stream, dtype="<u4").astype(np.int64).reshape(count, members, _UNIFORMS)
    return np.asarray((words.sum(axis=2) - _UNIFORMS // 2 * _WORD) >> 16)


def _factor(correlations_ppm: Sequence[Sequence[int]]) -> list[list[int]]:
    """Give the lower triangle whose square is the correlations, in units of 2**-20 (Cholesky).

    Rounded correlations may be of no distribution: what is left of a member after those before
    it, if no more than rounding, is nothing.
    """
    n = len(correlations_ppm)
    rounding = _FINE * n // MICRO
    lower = [[0] * n for _ in range(n)]
    for j in range(n):
        left = _FINE - sum(entry * entry for entry in lower[j][:j]) // _FINE
        if left <= rounding:
            continue
        root = lower[j][j] = isqrt(left * _FINE)
        for i in range(j + 1, n):
            shared = sum(a * b for a, b in zip(lower[i][:j], lower[j][:j], strict=True)) // _FINE
            whole = correlations_ppm[i][j] * _FINE // MICRO
            lower[i][j] = (whole - shared) * _FINE // root
    return [[entry * _COARSE // _FINE for entry in row] for row in lower]
