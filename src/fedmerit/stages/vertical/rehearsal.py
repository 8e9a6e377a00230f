"""What would stop a vertical run late, found out before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.errors import ScenarioError
from fedmerit.federation.vertical.equations import check_exposures
from fedmerit.federation.vertical.regression.regression import check_batches
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.split import check_networks
from fedmerit.stages.vertical.tables import check_rows
from fedmerit.stages.vertical.wiring import task_of, vertical_of

if TYPE_CHECKING:
    from fedmerit.scenario.model import Scenario
    from fedmerit.stages.vertical.wiring import VerticalFederation


def rehearse(federation: VerticalFederation, scenario: Scenario) -> None:
    """Find out before the training what would stop it, by one who may see all tables.

    Raises:
        FedmeritError: Keys, batches, networks or the game do not go together, or a party would see
            too many equations in another's secrets.
    """
    asked = vertical_of(scenario)
    task = task_of(federation, scenario)
    if isinstance(federation.settings, RegressionSettings):
        check_batches(task, federation.settings)
        seen = asked.show_parts
    else:
        check_networks(task, federation.settings)
        seen = asked.forward == "plain"
    if scenario.valuation.game == "embeddings" and not seen:
        raise ScenarioError(
            "valuation.game = 'embeddings' needs what the label holder saw, and it sees sums alone",
            hint="Set show_parts = true for a regression, or forward = 'plain' for networks.",
        )
    check_exposures(task, federation.settings, seed=scenario.seed, show_parts=asked.show_parts)
    check_rows(len(task.parties), 1 + seen, len(task.held_out_labels))
