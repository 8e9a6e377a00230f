"""Why a recorded run enters no simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from fedmerit.errors import ScenarioError

if TYPE_CHECKING:
    from fedmerit.scenario.model import Scenario


def assemble(scenario: Scenario) -> NoReturn:
    """Refuse: members of a simulation train here.

    Raises:
        ScenarioError: Always.
    """
    raise ScenarioError(
        f"{scenario.name} was trained by somebody else, and members of a simulation train",
        hint="Simulate one whose members train here: fedmerit list",
    )
