"""What would stop a vertical run late, found out before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.errors import ScenarioError
from fedmerit.federation.vertical.exposures import check_exposures
from fedmerit.incentives.methods.repeating import is_split
from fedmerit.kinds.vertical.protocols import terms_of
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.kinds.vertical.tables import check_rows
from fedmerit.kinds.vertical.wiring import task_of

if TYPE_CHECKING:
    from fedmerit.kinds.vertical.wiring import VerticalFederation
    from fedmerit.scenario.model import Scenario


def rehearse(federation: VerticalFederation, scenario: Scenario) -> None:
    """Find out before the training what would stop it, by one who may see all tables.

    Raises:
        FedmeritError: Keys, batches, networks or the game do not go together, or messages would
            tell too much of a secret.
    """
    asked = vertical_of(scenario)
    task = task_of(federation, scenario)
    federation.learner.check(task)
    seen = terms_of(asked).shows_parts(asked)
    if scenario.valuation.game == "embeddings" and not seen:
        raise ScenarioError(
            "valuation.game = 'embeddings' needs what the label holder saw, and it sees sums alone",
            hint="Set reveal_scores = true for a regression, or embeddings = 'plain' for networks.",
        )
    paid, players = scenario.valuation, len(task.parties)
    if is_split(paid.method, players, repeats=paid.repeats, budget=paid.max_coalitions):
        raise ScenarioError(
            f"owners of columns train all {2**players} coalitions in every repeat, so "
            f"max_coalitions = {paid.max_coalitions} leaves 'auto' nothing to choose",
            hint=f"Set valuation.max_coalitions to {2**players} or more, or name a method.",
        )
    held_out = len(task.held_out_labels)
    common = len(task.labels) + held_out
    check_rows(
        len(task.parties),
        1 + seen,
        held_out,
        share=scenario.data.validation_share,
        common=common,
        told=federation.told_of_keys(common),
        repeats=paid.repeats,
    )
    check_exposures(
        task,
        federation.learner.settings,
        show_parts=asked.reveal_scores,
        repeats=paid.repeats,
    )
