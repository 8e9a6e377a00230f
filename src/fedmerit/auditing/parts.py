"""What audits ask of a kind of federation: its modules ``auditing`` and ``retraining``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.incentives.game import MeasuredGame
    from fedmerit.scenario.model import Scenario


class AuditingPart(Protocol):
    """Checks of the evidence against itself; they need neither the data nor torch."""

    def check_numbers(self, bundle: Bundle) -> Iterator[Check]:
        """Recompute every step from what was recorded of the training to the payments."""


class RetrainingPart(Protocol):
    """Checks by doing it all again; they need the data."""

    def check_retraining(self, bundle: Bundle) -> Iterator[Check]:
        """Train the run and every coalition again; raises AuditImpossible without the data."""

    def measured_again(self, bundle: Bundle) -> tuple[str, Callable[[], MeasuredGame]]:
        """Give the digest of the data that are here, and what makes the game on them.

        Its rows are those of ``coalitions.safetensors``. Raises AuditImpossible without the data.
        """


def auditing_part(scenario: Scenario) -> AuditingPart:
    """Give the checks of the kind of *scenario*."""
    return cast("AuditingPart", kind_of(scenario).part("auditing"))


def retraining_part(scenario: Scenario) -> RetrainingPart:
    """Give what trains again for the kind of *scenario*."""
    return cast("RetrainingPart", kind_of(scenario).part("retraining"))
