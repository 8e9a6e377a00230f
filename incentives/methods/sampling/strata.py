"""Weighted sums of stratum means, and their errors.

Every unit (a worth, or the difference of two) falls into one stratum of each participant,
and a participant's value is the weighted sum of the means of its strata.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.spreads import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strata:
    """Which unit serves which stratum of whom.

    Attributes:
        labels: The stratum of each participant that each unit falls into, shape
            ``(units, n)``. No unit appears twice.
        signs: How it counts there, 1 or -1, same shape.
        weights: Of each stratum's mean in the value, shape ``(strata,)``.
        sizes: How many units each stratum has in all, shape ``(strata,)``.
    """

    labels: NDArray[np.intp]
    signs: NDArray[np.float64]
    weights: NDArray[np.float64]
    sizes: NDArray[np.float64]

    def values(self, units: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the values of each column, shape ``(n, columns)``.

        Args:
            units: Of shape ``(units, columns)``.
        """
        shares = self.signs * self.weights[self.labels] / self._sampled()
        return np.asarray(np.einsum("ui,uc->ic", shares, units))

    def spread(self, units: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Give the values' covariance over which units were drawn, and its degrees.

        Units of a stratum were drawn without replacement, so that one taken whole leaves
        no error. A single draw is held against the mean of all participants' draws in
        strata of its kind, having no others of its own. Where a stratum's draws are all alike,
        as in a vote, one more might have been as far off as any stratum's draws are apart.

        Args:
            units: Of shape ``(units,)``.

        Returns:
            Shape ``(n, n)``, and the median of the participants' degrees of freedom
            (Satterthwaite, 1946).
        """
        signed = self.signs * units[:, None]
        sampled = self._sampled()
        stratum_means = self._totals(signed)[self._flat()] / sampled
        kinds = len(self.weights)
        of_kind = np.bincount(self.labels.ravel(), minlength=kinds)
        common = np.bincount(self.labels.ravel(), signed.ravel(), kinds) / np.maximum(of_kind, 1)
        deviations = signed - np.where(sampled > 1, stratum_means, common[self.labels])
        left = 1 - sampled / self.sizes[self.labels]
        rest = np.maximum(sampled - 1, 1)
        scale = np.sqrt(left * np.where(sampled > 1, sampled / rest, 1.0))
        pulls = self.weights[self.labels] / sampled * deviations * scale
        covariance = np.einsum("ui,uj->ij", pulls, pulls)
        # A stratum's share of the variance squared, over its degrees; each unit adds a part.
        within = self._totals(pulls**2)[self._flat()] * pulls**2 / rest
        squares = within.sum(axis=0)
        degrees = np.divide(
            covariance.diagonal() ** 2, squares, out=np.full(len(squares), inf), where=squares > 0
        )
        covariance = np.asarray(covariance) + np.diag(self._unseen(signed, sampled, left))
        return covariance, float(np.median(degrees))

    def _unseen(
        self, signed: NDArray[np.float64], sampled: NDArray[np.float64], left: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give the variance that strata whose draws are alike do not show, shape ``(n,)``."""
        strata = self.labels.shape[1] * len(self.weights)
        low, high = np.full(strata, inf), np.full(strata, -inf)
        np.minimum.at(low, self._flat().ravel(), signed.ravel())
        np.maximum.at(high, self._flat().ravel(), signed.ravel())
        ranges = (high - low)[self._flat()]
        jump = float(ranges.max())
        slack = ROUNDING * float(np.abs(signed).max())
        alike = (ranges <= slack) & (sampled > 1) & (jump > slack)
        # Each unit of a stratum adds an even part of what the stratum does.
        parts = (self.weights[self.labels] * jump / sampled) ** 2 * left / sampled
        return np.asarray((alike * parts).sum(axis=0))

    def _flat(self) -> NDArray[np.intp]:
        n = self.labels.shape[1]
        return self.labels + np.arange(n) * len(self.weights)

    def _totals(self, of: NDArray[np.float64]) -> NDArray[np.float64]:
        strata = self.labels.shape[1] * len(self.weights)
        return np.bincount(self._flat().ravel(), of.ravel(), strata).astype(np.float64)

    def _sampled(self) -> NDArray[np.float64]:
        """Give how many units were drawn of each unit's stratum, shape ``(units, n)``."""
        return np.asarray(self._totals(np.ones(self.labels.shape))[self._flat()])
