"""What audits ask of a kind of federation: its modules ``auditing`` and ``retraining``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.auditing.floats import Judged
    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.scenario.model import Scenario

    #: Takes coalitions, ``(m, n)``, and their recorded gains in millionths, ``(m, rows)``; gives
    #: the gains measured again, and whether float order explains how far the two are apart.
    Measure = Callable[[NDArray[np.bool_], NDArray[np.int64]], tuple[NDArray[np.float64], Judged]]


class AuditingPart(Protocol):
    """Checks of the evidence against itself; they need neither the data nor torch."""

    def check_numbers(self, bundle: Bundle) -> Iterator[Check]:
        """Recompute every step from what was recorded of the training to the payments."""


class RetrainingPart(Protocol):
    """Checks by doing it all again; they need the data."""

    def check_retraining(self, bundle: Bundle) -> Iterator[Check]:
        """Train the run and every coalition again; raises AuditImpossible without the data."""

    def measured_again(self, bundle: Bundle) -> tuple[str, Measure]:
        """Give the digest of the data that are here, and what measures coalitions on them.

        Rows are those of ``coalitions.safetensors``. Raises AuditImpossible without the data.
        """


class CellsPart(Protocol):
    """What a kind has beside that whose methods value rounds one by one."""

    def cells_judged(self, bundle: Bundle, places: NDArray[np.int64]) -> Judged:
        """Measure the rows of ``rounds.safetensors`` at *places* again, and judge them."""


def auditing_part(scenario: Scenario) -> AuditingPart:
    """Give the checks of the kind of *scenario*."""
    return cast("AuditingPart", kind_of(scenario).part("auditing"))


def cells_part(scenario: Scenario) -> CellsPart:
    """Give what measures coalitions of rounds again for the kind of *scenario*."""
    return cast("CellsPart", kind_of(scenario).part("retraining"))


def retraining_part(scenario: Scenario) -> RetrainingPart:
    """Give what trains again for the kind of *scenario*."""
    return cast("RetrainingPart", kind_of(scenario).part("retraining"))
