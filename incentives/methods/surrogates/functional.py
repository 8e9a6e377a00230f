"""Shapley values of a process: what they covary with, and how uncertain they are.

Up to twelve participants every coalition is predicted. Above, there is the kernel of sets
alone, a product over participants, whose values are integrals along the diagonal of its
multilinear extension (Owen, 1972), exact by Gauss-Legendre. Nobody's worth is known, so
both count it as 0, whatever the process would predict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.surrogates.design import TABULATED, leverage
from fedmerit.incentives.methods.surrogates.kernels import HYPERS, LEVEL, NOISE, SETS, compare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.methods.surrogates.process import Process

    Floats = NDArray[np.float64]

_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """Values as a linear map of gains, and the covariance of their errors.

    Attributes:
        weights: What each gain adds to each value, shape ``(n, m)``.
        covariance: Shape ``(n, n)``.
    """

    weights: Floats
    covariance: Floats


def operator(process: Process) -> Operator:
    """Give the values of the game that *process* expects, given the gains it saw.

    A coalition that was seen is worth what was seen, noise and all; the errors are those
    against the game without noise, everyone's and everybody else's.
    """
    n = process.inside.shape[1]
    against = covaried(process)
    noise = np.exp(2 * process.theta[NOISE])
    noises = np.where(process.inside.all(axis=1), 0.0, noise)
    weights = (against + leverage(process.inside).T * noises) @ process.inverse
    # The errors of a linear estimate: its variance, less twice what it shares with the values.
    crossed = weights @ against.T
    covariance = spread(process) - crossed - crossed.T + weights @ process.covariance @ weights.T
    covariance = process.scale**2 * (covariance + noise / n**2)
    return Operator(_efficient(weights), _positive(covariance))


def expected(process: Process) -> Floats:
    """Give the smoothed game's values as a map of the gains seen, shape ``(n, m)``.

    Without the noise, which a process that predicts coalitions has no part in.
    """
    return _efficient(covaried(process) @ process.inverse)


def _efficient(weights: Floats) -> Floats:
    """Make the values add up to everyone's gain, the first, and to no other."""
    target = np.zeros(weights.shape[1])
    target[0] = 1.0
    return np.asarray(weights + (target - weights.sum(axis=0)) / len(weights))


def _positive(covariance: Floats) -> Floats:
    """Take away what rounding left below 0."""
    symmetric = (covariance + covariance.T) / 2
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def covaried(process: Process) -> Floats:
    """Give the values' covariance with what was seen, shape ``(n, m)``."""
    n = process.inside.shape[1]
    if n <= TABULATED:
        every = every_coalition(n)[1:].astype(np.float64)
        return np.asarray(leverage(every).T @ process.against(every))
    size = np.exp(2 * process.theta[SETS])
    return np.asarray(size * _crossed(process.inside, _kinds(process), *_nodes(n)) + LEVEL / n)


def spread(process: Process) -> Floats:
    """Give the values' covariance before anything was seen, shape ``(n, n)``."""
    n = process.inside.shape[1]
    if n > TABULATED:
        size = np.exp(2 * process.theta[SETS])
        return np.asarray(size * _doubled(_kinds(process), *_nodes(n)) + LEVEL / n**2)
    every = every_coalition(n)[1:].astype(np.float64)
    weights = leverage(every).T
    prior = np.zeros((n, n))
    for start in range(0, len(every), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        block = compare(process.theta, every[part], every).total
        prior += weights[:, part] @ (block @ weights.T)
    return prior


def _kinds(process: Process) -> Floats:
    """Give each participant's factor if neither coalition holds it, one does, both do."""
    weights = np.exp(process.theta[HYPERS:])
    length, decay = np.exp(process.theta[SETS + 2]), process.theta[SETS + 1]
    return np.array(
        [np.ones(len(weights)), np.exp(-(decay + length) * weights), np.exp(-2 * decay * weights)]
    )


def _nodes(n: int) -> tuple[Floats, Floats]:
    """Give the nodes and shares of Gauss-Legendre on the unit interval, exact to degree n."""
    nodes, shares = np.polynomial.legendre.leggauss(n // 2 + 1)
    return (nodes + 1) / 2, shares / 2


def _crossed(inside: Floats, kinds: Floats, nodes: Floats, shares: Floats) -> Floats:
    """Give the values of the kernel of each coalition in *inside*, shape ``(n, m)``."""
    none, one, both = kinds
    out = np.where(inside > 0, one, none)
    joined = np.where(inside > 0, both, one)
    step = joined - out
    total = np.zeros_like(inside)
    for node, share in zip(nodes, shares, strict=True):
        mixed = out + node * step
        total += share * mixed.prod(axis=1, keepdims=True) / mixed * step
    return np.asarray(total.T + out.prod(axis=1) / inside.shape[1])


def _doubled(kinds: Floats, nodes: Floats, shares: Floats) -> Floats:
    """Give the values of the kernel along both of its arguments, shape ``(n, n)``."""
    none, one, both = kinds
    n = len(none)
    total = np.zeros((n, n))
    curved = both - 2 * one + none
    for node, share in zip(nodes, shares, strict=True):
        first = one + node * (both - one), none + node * (one - none)
        for other, weight in zip(nodes, shares, strict=True):
            mixed = first[1] + other * (first[0] - first[1])
            by_right = (first[0] - first[1]) / mixed
            by_left = ((one - none) + other * curved) / mixed
            product = share * weight * mixed.prod()
            pairs = np.outer(by_left, by_right)
            pairs[np.diag_indices(n)] = curved / mixed
            total += product * pairs
    # And nobody's, counted as 0: each value gains its share of what the kernel has there.
    alone = np.zeros(n)
    step = one - none
    for node, share in zip(nodes, shares, strict=True):
        mixed = none + node * step
        alone += share * mixed.prod() / mixed * step
    return np.asarray((total + total.T) / 2 + (alone[:, None] + alone) / n + none.prod() / n**2)
