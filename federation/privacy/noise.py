"""Clipping and noise for what leaves a party, and for the steps that later messages show.

A message about one row would be private by noise on it alone; but the model moves by every
row's secret, and shows it in messages about others. So an epoch releases each row's secret
twice, in its own message and in its party's step, and both are clipped and noised.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import TrainingError
from fedmerit.federation.privacy.accountant import gaussian_epsilon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.csprng import NoiseStream

    Matrix = NDArray[np.float64]

#: The noise's standard deviation, in units of the grid that it and what it hides lie on.
SCALE: Final = 1 << 20
#: A norm is computed in floating point; so much less than the clip is always less.
_MARGIN: Final = 1 - 2.0**-40


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSettings:
    """How a party protects what it sends, and its own steps."""

    clip: float | None = None
    """Largest norm of a micro-batch's part of a message or of a step; None clips nothing."""
    noise: float = 0.0
    """Standard deviation of the noise on each coordinate, in units of the clipping norm."""
    micro_batch: int = 1
    """Rows that are clipped together; 1 keeps most of the signal for a given privacy."""

    def __post_init__(self) -> None:
        if self.noise and self.clip is None:
            raise TrainingError(
                f"noise of {self.noise} without a clipping norm protects nothing: it would "
                f"grow with what it hides",
                hint="Give a clip, say 1.0.",
            )
        if not 0 <= self.noise < inf or (self.clip is not None and not 0 < self.clip < inf):
            raise TrainingError(f"clip={self.clip}, noise={self.noise} are no protection")
        if self.micro_batch < 1:
            raise TrainingError(f"micro_batch must be 1 or more, got {self.micro_batch}")

    def mu(self, releases: int) -> float:
        """Give how far apart an observer can tell two values of one row's secret.

        Another value moves a clipped part by twice the clipping norm, in each of *releases*
        messages and steps (Gaussian differential privacy; Dong et al., 2022).
        """
        return 2 * sqrt(releases) / self.noise if self.noise else inf

    def epsilon(self, releases: int, delta: float) -> float:
        """Give the epsilon of *releases* messages and steps, for replacing one row's secret."""
        return gaussian_epsilon(self.mu(releases), delta)

    def message(self, rows: Matrix, stream: NoiseStream) -> Matrix:
        """Clip each micro-batch's rows together, and add noise: shape ``(rows, columns)``."""
        if self.clip is None:
            return rows
        starts = np.arange(0, len(rows), self.micro_batch)
        norms = np.sqrt(np.add.reduceat((rows**2).sum(axis=1), starts))
        factors = np.repeat(self._factors(norms), self.micro_batch)[: len(rows)]
        return self._noised(self._units(rows * factors[:, None]), stream)

    def step(self, gradients: Matrix, stream: NoiseStream) -> Matrix:
        """Add up clipped gradients, shape ``(micro-batches, parameters)``, and noise."""
        if self.clip is None:
            return np.asarray(gradients.sum(axis=0))
        factors = self._factors(np.linalg.norm(gradients, axis=1))
        return self._noised(self._units(gradients * factors[:, None]).sum(axis=0), stream)

    def shortened(self, rows: Matrix) -> Matrix:
        """Cut each row to the clip, for sums over rows that others add noise to."""
        if self.clip is None:
            return rows
        return rows * self._factors(np.linalg.norm(rows, axis=1))[:, None]

    def _factors(self, norms: Matrix) -> Matrix:
        clip = (self.clip or inf) * _MARGIN
        return np.minimum(1.0, clip / np.maximum(norms, 1e-300))

    @property
    def _grid(self) -> float:
        return (self.clip or 0.0) * self.noise / SCALE

    def _units(self, values: Matrix) -> Matrix:
        """Give whole multiples of the grid; towards zero, so that no norm grows."""
        return np.trunc(values / self._grid) if self._grid else values

    def _noised(self, units: Matrix, stream: NoiseStream) -> Matrix:
        if not self._grid:
            return units
        noise = stream.discrete_gaussian(units.size, SCALE).reshape(units.shape)
        return (units + noise) * self._grid
