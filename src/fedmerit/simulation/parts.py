"""What simulations ask of a kind of federation: its module ``simulation``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.scenario.model import Scenario


class SimulationPart(Protocol):
    """How a kind enters a simulation, whose members own rows."""

    def assemble(self, scenario: Scenario) -> Consortium:
        """Give the members and their rows; raises ScenarioError where there are no such."""


def part_of(scenario: Scenario) -> SimulationPart:
    """Give how the kind of *scenario* enters a simulation."""
    return cast("SimulationPart", kind_of(scenario).part("simulation"))
