"""What noise is worth in a vertical run: of the scenario alone, so that an audit needs no torch."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.federation.privacy.noise import NoiseSettings

if TYPE_CHECKING:
    from fedmerit.scenario.columns import Noise, Vertical


def noise_settings(noise: Noise) -> NoiseSettings:
    """Give what a scenario says of noise as protocols take it."""
    return NoiseSettings(clip=noise.clip, noise=noise.noise, micro_batch=noise.micro_batch)


def is_noised(asked: Vertical) -> bool:
    """Say whether a run draws noise, so that it cannot be trained again number by number."""
    return any(
        noise.noise for noise in (asked.label_noise, asked.feature_noise, asked.gradient_noise)
    )


def epsilon_of(noise: Noise, releases: int) -> float | None:
    """Give the epsilon of so many messages and steps; None where nothing protects."""
    epsilon = noise_settings(noise).epsilon(releases, DELTA)
    return epsilon if isfinite(epsilon) else None
