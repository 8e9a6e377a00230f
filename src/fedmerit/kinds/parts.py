"""What a kind of federation consists of: a module for each room that asks.

Rooms below say in a ``parts.py`` of their own what they ask; what the command line and the
simulation ask stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.auditing.parts import AuditingPart, RetrainingPart
    from fedmerit.bundle.directory import Bundle
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.kinds.scores import PortableModel
    from fedmerit.report.parts import ReportPart
    from fedmerit.scenario.model import Scenario
    from fedmerit.scenario.parts import ScenarioPart
    from fedmerit.stages.parts import StagesPart

    #: All of it, in the order of :data:`fedmerit.scenario.kinds.ROOMS`.
    Parts = tuple[
        ScenarioPart,
        StagesPart,
        ReportPart,
        "SummaryPart",
        AuditingPart,
        RetrainingPart,
        "SimulationPart",
        "ScoringPart",
    ]


class SummaryPart(Protocol):
    """What a kind shows on the command line once a run is done: its module ``summary``."""

    def member_cells(self, bundle: Bundle) -> Mapping[str, Mapping[str, str]]:
        """Give what is said of each member beside its value, by its name and by title."""

    def model_figures(self, bundle: Bundle) -> Mapping[str, str]:
        """Give what is said of the model and of its training, by title."""


class SimulationPart(Protocol):
    """How a kind enters a simulation, whose members own rows: its module ``simulation``."""

    def assemble(self, scenario: Scenario) -> Consortium:
        """Give the members and their rows; raises ScenarioError where there are no such."""


class ScoringPart(Protocol):
    """How a kind's model is taken along and scores new rows: its module ``scoring``."""

    def portable(self, bundle: Bundle, *, allowed: str | None = None) -> PortableModel:
        """Take the model out of a bundle, running no code that *allowed* does not name.

        Raises:
            BundleError: It cannot be taken along; the error says why.
        """

    def read(self, tensors: Mapping[str, NDArray[np.generic]], metadata: str) -> PortableModel:
        """Take it out of a file's tensors and our entry of its metadata; runs nothing.

        Raises:
            BundleError: They are not of its form.
        """


def summary_part(scenario: Scenario) -> SummaryPart:
    """Give what the kind of *scenario* shows."""
    return cast("SummaryPart", kind_of(scenario).part("summary"))


def simulation_part(scenario: Scenario) -> SimulationPart:
    """Give how the kind of *scenario* enters a simulation."""
    return cast("SimulationPart", kind_of(scenario).part("simulation"))


def scoring_part(scenario: Scenario) -> ScoringPart:
    """Give how the kind of *scenario* scores new rows."""
    return cast("ScoringPart", kind_of(scenario).part("scoring"))
