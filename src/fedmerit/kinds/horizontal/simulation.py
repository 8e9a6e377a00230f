"""How owners of rows enter a simulation: as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.errors import ScenarioError
from fedmerit.kinds.horizontal import wiring

if TYPE_CHECKING:
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.scenario.model import Scenario


def assemble(scenario: Scenario) -> Consortium:
    """Read the data and deal it out.

    Raises:
        FedmeritError: The scenario cannot be run, or not in a simulation.
    """
    if scenario.data.validation:
        raise ScenarioError(
            "a simulation's members evaluate one another, and data.validation names a test table",
            hint="Leave it out.",
        )
    consortium = wiring.assemble(scenario)
    if consortium.federation.quantity is not None:
        raise ScenarioError(
            "a simulation shows accuracies, and the label is a quantity",
            hint='Choose a label of classes, or compare mechanisms with "fedmerit run".',
        )
    return consortium
