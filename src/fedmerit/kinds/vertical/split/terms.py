"""What follows from a scenario alone for split learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.federation.privacy.accountant import DELTA

if TYPE_CHECKING:
    from fedmerit.scenario.columns import Noise, Vertical
    from fedmerit.scenario.model import Scenario


def check_sections(_scenario: Scenario) -> None:
    """Refuse nothing."""


def encrypts(asked: Vertical) -> bool:
    """Say whether embeddings are added up under encryption."""
    return asked.forward == "encrypted"


def shows_parts(asked: Vertical) -> bool:
    """Say whether embeddings go over side by side."""
    return asked.forward == "plain"


def epsilons(asked: Vertical, epochs: int) -> tuple[float | None, float | None]:
    """Compute both from the scenario's noise and the *epochs*."""
    return _epsilon(asked.label_noise, epochs), _epsilon(asked.feature_noise, epochs)


def _epsilon(noise: Noise, epochs: int) -> float | None:
    # It loads torch, which an audit of encrypted training does without.
    from fedmerit.federation.privacy.noise import Protection  # noqa: PLC0415

    protection = Protection(clip=noise.clip, noise=noise.noise, micro_batch=noise.micro_batch)
    epsilon = protection.epsilon(epochs, DELTA)
    return epsilon if np.isfinite(epsilon) else None
