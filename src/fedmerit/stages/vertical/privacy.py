"""What noise is worth in a vertical run: of the scenario alone, so that an audit needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.bundle.schemas import micro
from fedmerit.federation.privacy import releases
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


def epsilons(asked: Vertical) -> tuple[int | None, int | None]:
    """Give the epsilons for labels and for features, in millionths; None where nothing protects.

    Coalitions that are trained again show the same rows again, under new noise.
    """
    parties = len(asked.owners)
    runs = releases.trainings(parties)
    if asked.protocol == "regression":
        shown = releases.gradient_releases(asked.epochs, parties, runs)
        return _epsilon(asked.gradient_noise, shown), None
    return (
        _epsilon(asked.label_noise, releases.label_releases(asked.epochs, runs)),
        _epsilon(asked.feature_noise, releases.feature_releases(asked.epochs, runs)),
    )


def _epsilon(noise: Noise, shown: int) -> int | None:
    epsilon = noise_settings(noise).epsilon(shown, DELTA)
    return micro(epsilon) if np.isfinite(epsilon) else None
