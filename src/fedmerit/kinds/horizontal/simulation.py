"""How owners of rows enter a simulation: as they are, all from its beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.errors import ScenarioError
from fedmerit.kinds.horizontal import wiring

if TYPE_CHECKING:
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.scenario.model import Scenario


def assemble(scenario: Scenario) -> Consortium:
    """Give the members and their rows.

    Raises:
        ScenarioError: Somebody joins late or leaves early: in a simulation members decide that; or
            the sponsor measures, or a quantity is predicted.
    """
    if scenario.spans:
        raise ScenarioError(
            f"{', '.join(scenario.spans)} join late or leave early, and in a simulation members "
            "decide themselves how long they stay",
            hint="Leave from_round and until_round out.",
        )
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
