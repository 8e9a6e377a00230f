"""Values of what a surrogate misses, by a weighted regression that assumes nothing.

The Shapley value is the weighted least-squares fit of an additive game to all coalitions
(Charnes et al., 1988). Of each size only some are known, so they stand for the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.surrogates.design import TABULATED, leverage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Values as a linear map of gains, everyone's first.

    Attributes:
        inside: The coalitions, shape ``(m, n)``.
        weights: What each gain adds to each value, shape ``(n, m)``.
        unknown: Of each coalition's size, the share that was not asked for, ``(m,)``.
    """

    inside: Floats
    weights: Floats
    unknown: Floats

    def covariance(self, gains: Floats) -> Floats:
        """Give the covariance of the values of *gains*, shape ``(n, n)``.

        By the squares of what the additive game misses, whatever their variances are
        (White, 1980), and for as many of a size as there are left to draw. Of few participants
        no less than if every coalition that was not asked for were missed by as much: one may
        weigh more than all that were.
        """
        m, n = self.inside.shape
        missed = gains - self.inside @ (self.weights @ gains)
        scaled = self.weights * (missed * np.sqrt(self.unknown))
        by_draw = np.asarray(scaled @ scaled.T * m / (m - n))
        if n > TABULATED:
            return by_draw
        weighed = leverage(unasked(self.inside).astype(np.float64))
        by_miss = weighed.T @ weighed * float((missed**2).sum() / (m - n))
        return by_draw if by_draw.trace() >= by_miss.trace() else by_miss


def unasked(inside: Floats) -> Coalitions:
    """Give the coalitions, but nobody's, that are not among *inside*, of few participants."""
    n = inside.shape[1]
    is_asked = np.zeros(2**n, dtype=np.bool_)
    is_asked[inside.astype(np.int64) @ (1 << np.arange(n))] = True
    is_asked[0] = True
    return every_coalition(n)[~is_asked]


def regression(inside: Floats) -> Regression:
    """Give the regression on these coalitions; the first is everyone, none is empty."""
    n = inside.shape[1]
    sizes = inside.sum(axis=1).astype(np.int64)
    counts = np.bincount(sizes, minlength=n + 1)
    share = counts[sizes] / np.array([float(comb(n, s)) for s in range(n + 1)])[sizes]
    # The Shapley kernel, times how many coalitions each known one stands for.
    kernel = np.zeros(len(inside))
    kernel[1:] = (n - 1) / (sizes[1:] * (n - sizes[1:]) * counts[sizes[1:]])
    # Values that add up to everyone's gain: an equal share of it, and a part that adds to 0.
    centred = inside - sizes[:, None] / n
    scaled = centred * kernel[:, None]
    # That part is not moved by what all share alike: given any size, it can be inverted, but
    # for members whom few coalitions tell apart; those get the same.
    gram = centred.T @ scaled
    gram += gram.trace() / n
    solved = np.linalg.lstsq(gram, scaled.T, rcond=None)[0]
    solved -= solved.mean(axis=0)
    weights = solved.copy()
    weights[:, 0] += 1 / n - solved @ (sizes / n)
    return Regression(inside, weights, np.maximum(1 - share, 0.0))
