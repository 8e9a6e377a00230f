"""Why owners of columns enter no simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from fedmerit.errors import ScenarioError

if TYPE_CHECKING:
    from fedmerit.scenario.model import Scenario


def assemble(scenario: Scenario) -> NoReturn:
    """Refuse.

    Raises:
        ScenarioError: Always.
    """
    raise ScenarioError(
        f"{scenario.name} is a federation of columns, whose owners train as one or not at all",
        hint="Simulate one whose members own rows: fedmerit list",
    )
