"""The five stages of a run, each from the bundle's files to the bundle's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit import federation as federated
from fedmerit import report as reporting
from fedmerit.bundle import COALITIONS
from fedmerit.documents import (
    coalition_arrays,
    curve_point,
    outcome_document,
    valuation_document,
)
from fedmerit.evidence import (
    FEDERATION,
    MODEL,
    OUTCOME,
    RUN,
    TRAINING,
    VALUATION,
    FederationDocument,
    RunDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.incentives import CachedGame
from fedmerit.incentives import value as value_game
from fedmerit.provenance import versions
from fedmerit.records import read_rounds, training_document, write_round
from fedmerit.settling import check_settlement, settle
from fedmerit.streams import derived_seed
from fedmerit.wiring import assemble, federation_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.bundle import Bundle
    from fedmerit.evidence import CurvePoint
    from fedmerit.federation import TrainingRecord
    from fedmerit.scenario import Scenario
    from fedmerit.settling import Advance, ChainChoice
    from fedmerit.wiring import Consortium

__all__ = [
    "check",
    "curve",
    "report",
    "retraining_game",
    "reward",
    "settle",
    "train",
    "training_of",
    "value",
]


class _Worthless:
    """A game that costs nothing: it tells at once whether a method's budget is enough."""

    def __init__(self, participants: tuple[str, ...]) -> None:
        self.participants = participants

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        return np.zeros(len(coalitions))


def check(scenario: Scenario, chain: ChainChoice) -> None:
    """Find out now what would otherwise stop the run at a later stage.

    Raises:
        FedmeritError: The scenario cannot be run, or the chain or a key is not there.
    """
    consortium = assemble(scenario)
    asked = scenario.valuation
    rehearsal = _Worthless(consortium.federation.participants)
    value_game(rehearsal, method=asked.method, budget=asked.budget, seed=0)
    check_settlement(scenario, consortium, chain)


def train(bundle: Bundle, advance: Advance) -> None:
    """Train the federation, keeping every round as it ends."""
    scenario = bundle.scenario
    consortium = assemble(scenario)
    bundle.write_document(
        RUN, RunDocument(scenario=scenario.name, seed=scenario.seed, versions=versions())
    )
    bundle.write_document(FEDERATION, federation_document(scenario, consortium))

    def keep(round_: federated.Round) -> None:
        write_round(bundle, round_)
        advance(round_.number, consortium.settings.rounds)

    record = _train(bundle, consortium, keep)
    bundle.write_tensors(MODEL, {"parameters": record.final})
    bundle.write_document(TRAINING, training_of(record, consortium))


def value(bundle: Bundle, advance: Advance) -> None:
    """Retrain coalitions, value the members, and value each round beside it."""
    scenario = bundle.scenario
    consortium = assemble(scenario)
    record = _train(bundle, consortium, lambda _: None)
    rounds = len(record.rounds)
    game = CachedGame(
        retraining_game(consortium, rounds=rounds, seed=scenario.seed, advance=advance)
    )
    owners = consortium.federation.validation_owners
    document = valuation_document(
        game,
        owners,
        scenario,
        bundle.document(FEDERATION, FederationDocument),
        curve(record, consortium, scenario),
    )
    bundle.write_tensors(COALITIONS, coalition_arrays(game.table(), owners))
    bundle.write_document(VALUATION, document)


def training_of(record: TrainingRecord, consortium: Consortium) -> TrainingDocument:
    """Say what a run came to, beside the same model trained on pooled rows."""
    pooled = federated.pooled_baseline(
        consortium.federation,
        consortium.model,
        consortium.settings,
        rounds=len(record.rounds),
        seed=record.seed,
    )
    return training_document(record, pooled, consortium.federation)


def retraining_game(
    consortium: Consortium, *, rounds: int, seed: int, advance: Advance | None = None
) -> federated.RetrainingGame:
    """Give the game that pays: what each coalition would have trained in as many rounds."""
    return federated.RetrainingGame(
        consortium.federation,
        consortium.model,
        consortium.settings,
        rounds=rounds,
        seed=seed,
        progress=advance,
    )


def curve(record: TrainingRecord, consortium: Consortium, scenario: Scenario) -> list[CurvePoint]:
    """Value every round's own game: fixed weights, gain in log-likelihood."""
    return [
        curve_point(
            round_.number,
            value_game(
                federated.RoundGame(record, round_.number, consortium.federation),
                budget=scenario.valuation.budget,
                seed=derived_seed(scenario.seed, "valuation", "round", round_.number),
            ),
        )
        for round_ in record.rounds
    ]


def reward(bundle: Bundle) -> None:
    """Turn recorded values into integer payments."""
    outcome = outcome_document(
        bundle.scenario,
        bundle.document(FEDERATION, FederationDocument),
        bundle.document(VALUATION, ValuationDocument),
        bundle.document(TRAINING, TrainingDocument).idle,
    )
    bundle.write_document(OUTCOME, outcome)


def report(bundle: Bundle) -> Path:
    """Draw the report from the bundle's files."""
    return reporting.write(bundle)


def _train(
    bundle: Bundle, consortium: Consortium, on_round: Callable[[federated.Round], None]
) -> TrainingRecord:
    """Train, or go on from the rounds that the bundle holds."""
    return federated.train(
        consortium.federation,
        consortium.model,
        consortium.settings,
        seed=bundle.scenario.seed,
        so_far=read_rounds(bundle),
        on_round=on_round,
    )
