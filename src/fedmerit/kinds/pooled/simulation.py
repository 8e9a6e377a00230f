"""Why pooled rows enter no simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from fedmerit.errors import ScenarioError

if TYPE_CHECKING:
    from fedmerit.scenario.model import Scenario


def assemble(scenario: Scenario) -> NoReturn:
    """Refuse: members of a simulation send updates.

    Raises:
        ScenarioError: Always.
    """
    raise ScenarioError(
        f"{scenario.name} pools rows, and members of a simulation train and send updates",
        hint='Simulate one that trains by federated averaging, such as kind = "logistic".',
    )
