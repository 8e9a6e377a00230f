"""Games with few parameters that a process may be laid around, and their exact values.

- *peak*: everyone is worth as much as the best member alone, as an airport's runway is.
- *saturation*: ``a - b exp(-w.S)``, what more data is usually worth.
- *threshold*: ``a + b / (1 + exp(c - w.S))``, as in a vote.

The values of a product over participants are an integral along the diagonal of its
multilinear extension (Owen, 1972). Saturation is such a product, and a threshold is a sum of
them: the terms of its Fourier series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.optimize import least_squares, minimize
from scipy.special import expit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Terms of the Fourier series; the sum's range is half its period, so that ends meet.
_TERMS: Final = 2048
#: Keeps a threshold's weights finite where a plane parts its coalitions without error.
_RIDGE: Final = 1e-4
_EVALUATIONS: Final = 60


class Trend(NamedTuple):
    """A fitted trend.

    Attributes:
        predict: Coalitions ``(rows, n)`` to gains ``(rows,)``.
        values: Its Shapley values, with nobody counted as 0, shape ``(n,)``.
        parameters: How many numbers were fitted.
    """

    predict: Callable[[Floats], Floats]
    values: Callable[[], Floats]
    parameters: int


def nothing(inside: Floats, _gains: Floats) -> Trend:
    """Give the game that is worth nothing."""
    n = inside.shape[1]
    return Trend(lambda rows: np.zeros(len(rows)), lambda: np.zeros(n), 0)


def peak(inside: Floats, gains: Floats) -> Trend:
    """Give the game of the best member, from what each is worth alone."""
    n = inside.shape[1]
    alone = np.zeros(n)
    for row, gain in zip(inside, gains, strict=True):
        if row.sum() == 1:
            alone[int(row.argmax())] = gain
    alone = np.maximum(alone, 0.0)

    def values() -> Floats:
        order = np.argsort(alone, kind="stable")
        steps = np.diff(alone[order], prepend=0.0) / np.arange(n, 0, -1)
        out = np.empty(n)
        out[order] = np.cumsum(steps)
        return out

    return Trend(lambda rows: np.asarray((rows * alone).max(axis=1)), values, 0)


def saturation(inside: Floats, gains: Floats) -> Trend:
    """Fit ``a - b exp(-w.S)`` by least squares."""
    top, low = float(gains.max()), float(gains.min())
    width = (top - low) or 1.0
    n = inside.shape[1]

    def shape(at: Floats) -> Floats:
        return np.exp(-np.clip(inside @ at[2:], -20.0, None))

    def misfit(at: Floats) -> Floats:
        return np.asarray(at[0] - at[1] * shape(at) - gains / width)

    def slope(at: Floats) -> Floats:
        fall = shape(at)
        return np.column_stack([np.ones(len(fall)), -fall, (at[1] * fall)[:, None] * inside])

    first = np.concatenate([[top / width, 1.0], np.full(n, 4.0 / n)])
    optimum = least_squares(misfit, first, slope, method="trf", max_nfev=_EVALUATIONS).x
    level, depth, weights = width * optimum[0], width * optimum[1], optimum[2:]
    falls = np.exp(-weights)
    return Trend(
        lambda rows: level - depth * np.exp(-np.clip(rows @ weights, -20.0, None)),
        lambda: _shares_of_product(falls, -depth) + level / n,
        n + 2,
    )


def threshold(inside: Floats, gains: Floats) -> Trend:
    """Fit a logistic step by maximum likelihood, gains taken as shares of their range."""
    low, width = float(gains.min()), float(np.ptp(gains)) or 1.0
    shares = (gains - low) / width
    n = inside.shape[1]

    def misfit(at: Floats) -> tuple[float, Floats]:
        u = inside @ at[1:] - at[0]
        off = (expit(u) - shares) / len(u)
        value = (np.logaddexp(0.0, u) - shares * u).mean() + _RIDGE * (at[1:] @ at[1:]) / 2 / n
        return float(value), np.concatenate([[-off.sum()], off @ inside + _RIDGE / n * at[1:]])

    optimum = minimize(misfit, np.zeros(n + 1), jac=True, method="L-BFGS-B").x
    weights, offset = optimum[1:], optimum[0]

    def curve(u: Floats) -> Floats:
        return np.asarray(low + width * expit(u - offset))

    return Trend(lambda rows: curve(rows @ weights), lambda: _values(weights, curve), n + 1)


def _shares_of_product(factors: Floats, size: float) -> Floats:
    """Give the values of *size* times the product of the members' factors."""
    n = len(factors)
    nodes, shares = np.polynomial.legendre.leggauss(n // 2 + 1)
    total = np.full(n, size / n)  # nobody, counted as 0
    for node, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        mixed = 1 + node * (factors - 1)
        total += [size * share * np.delete(mixed, i).prod() * (factors[i] - 1) for i in range(n)]
    return total


def _values(weights: Floats, curve: Callable[[Floats], Floats]) -> Floats:
    """Give the values of ``curve(w.S)``, nobody counted as 0.

    The curve is mirrored at both ends of the sum's range, which makes it periodic without
    a jump; its cosine series is then summed term by term.
    """
    n = len(weights)
    low, high = np.minimum(weights, 0).sum(), np.maximum(weights, 0).sum()
    width = (high - low) or 1.0
    places = low + width * (np.arange(_TERMS) + 0.5) / _TERMS
    # The discrete cosine transform, written out by its mirrored Fourier transform.
    mirrored = np.concatenate([curve(places), curve(places)[::-1]])
    shift = np.exp(-0.5j * np.pi * np.arange(_TERMS) / _TERMS)
    series = (np.fft.fft(mirrored)[:_TERMS] * shift).real / _TERMS
    rates = np.pi * np.arange(1, _TERMS) / width
    turns = np.exp(1j * rates[:, None] * weights) - 1
    # An even number of nodes: at a half, a term that turns by a half would be 0.
    nodes, shares = np.polynomial.legendre.leggauss(2 * (n // 4 + 1))
    total = np.zeros(n)
    start = series[1:] * np.exp(-1j * rates * low)
    for node, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        mixed = 1 + node * turns
        product = start * mixed.prod(axis=1)
        total += share * (product[:, None] / mixed * turns).real.sum(axis=0)
    return total + float(curve(np.zeros(1))[0]) / n
