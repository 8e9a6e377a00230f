"""Clipping and noise for what leaves a party, and for the steps that later messages show.

A message about one row would be private by noise on it alone; but the model moves by every
row's secret, and shows it in messages about others. So an epoch releases each row's secret
twice, in its own message and in its party's step, and both are clipped and noised.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

import torch

from fedmerit.errors import TrainingError
from fedmerit.federation.privacy.accountant import gaussian_epsilon

if TYPE_CHECKING:
    from torch import Tensor


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

    def mu(self, epochs: int) -> float:
        """Give how far apart an observer can tell two values of one row's secret.

        Another value moves a clipped part by twice the clipping norm, two parts an epoch.
        """
        return 2 * sqrt(2 * epochs) / self.noise if self.noise else inf

    def epsilon(self, epochs: int, delta: float) -> float:
        """Give the epsilon of *epochs* epochs, for replacing one row's secret."""
        return gaussian_epsilon(self.mu(epochs), delta)

    def message(self, rows: Tensor, random: torch.Generator) -> Tensor:
        """Clip each micro-batch's rows together, and add noise: shape ``(rows, columns)``."""
        if self.clip is None:
            return rows
        parts = [self._clipped(part) for part in torch.split(rows, self.micro_batch)]
        return self._noised(torch.cat(parts), random)

    def step(self, gradients: Tensor, random: torch.Generator) -> Tensor:
        """Add up clipped gradients, shape ``(micro-batches, parameters)``, and noise."""
        if self.clip is None:
            return gradients.sum(dim=0)
        norms = gradients.norm(dim=1, keepdim=True)
        return self._noised((gradients * (self.clip / norms).clamp(max=1)).sum(dim=0), random)

    def _clipped(self, part: Tensor) -> Tensor:
        return part * min(1.0, (self.clip or inf) / max(float(part.norm()), 1e-30))

    def _noised(self, values: Tensor, random: torch.Generator) -> Tensor:
        scale = self.noise * (self.clip or 0.0)
        return values + scale * torch.randn(values.shape, generator=random)
