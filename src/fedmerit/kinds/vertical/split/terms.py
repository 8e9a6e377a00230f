"""What follows from a scenario alone for split learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.federation.privacy.releases import feature_releases, label_releases, trainings
from fedmerit.kinds.vertical.privacy import epsilon_of

if TYPE_CHECKING:
    from fedmerit.scenario.columns import Vertical
    from fedmerit.scenario.model import Scenario


def check_sections(_scenario: Scenario) -> None:
    """Refuse nothing."""


def encrypts(asked: Vertical) -> bool:
    """Say whether embeddings are added up under encryption."""
    return asked.embeddings == "encrypted"


def shows_parts(asked: Vertical) -> bool:
    """Say whether embeddings go over side by side."""
    return asked.embeddings == "plain"


def parts_add_up() -> bool:
    """Say that a score is not the sum of the owners' parts."""
    return False


def epsilons(asked: Vertical, repeats: int) -> tuple[float | None, float | None]:
    """Give what noise is worth to labels and to features, over all that is trained."""
    runs = trainings(len(asked.owners), repeats)
    return (
        epsilon_of(asked.label_privacy, label_releases(asked.epochs, runs)),
        epsilon_of(asked.feature_privacy, feature_releases(asked.epochs, runs)),
    )
