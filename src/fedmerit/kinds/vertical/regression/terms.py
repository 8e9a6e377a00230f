"""What follows from a scenario alone for encrypted regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.federation.privacy.releases import gradient_releases, trainings
from fedmerit.kinds.vertical.privacy import epsilon_of
from fedmerit.scenario.model import Model

if TYPE_CHECKING:
    from fedmerit.scenario.columns import Vertical
    from fedmerit.scenario.model import Scenario


def check_sections(scenario: Scenario) -> None:
    """Refuse networks, which nobody has."""
    if scenario.model != Model():
        msg = "[model] is for split learning: it is each owner's own network"
        raise ValueError(msg)


def encrypts(_asked: Vertical) -> bool:
    """Say that numbers go over encrypted."""
    return True


def shows_parts(asked: Vertical) -> bool:
    """Say whether the others show the label holder their parts of the scores."""
    return asked.reveal_scores


def parts_add_up() -> bool:
    """Say that a score is the sum of the owners' parts."""
    return True


def epsilons(asked: Vertical, repeats: int) -> tuple[float | None, None]:
    """Give what noise on opened gradients is worth to labels, over all that is trained."""
    parties = len(asked.owners)
    shown = gradient_releases(asked.epochs, parties, trainings(parties, repeats))
    return epsilon_of(asked.gradient_privacy, shown), None
