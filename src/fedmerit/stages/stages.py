"""The six stages of a run, each from the bundle's files to the bundle's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from fedmerit import federation as federated
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.schemas import (
    FEDERATION,
    GRADIENTS,
    MODEL,
    OUTCOME,
    RUN,
    TRAINING,
    VALUATION,
    FederationDocument,
    RunDocument,
    TrainingDocument,
)
from fedmerit.bundle.training import coalition_arrays, read_rounds, training_document, write_round
from fedmerit.bundle.valuation import (
    Measured,
    curve_point,
    valuation_document,
)
from fedmerit.incentives import CachedGame
from fedmerit.incentives import value as value_game
from fedmerit.provenance import versions
from fedmerit.report import write as report
from fedmerit.stages import vertical
from fedmerit.stages.committing import write_commitment
from fedmerit.stages.draw import check_agreement, draw, seed_of
from fedmerit.stages.offering import check_offers
from fedmerit.stages.rehearsal import check_method
from fedmerit.stages.reward import decided
from fedmerit.stages.settle import settle
from fedmerit.stages.wiring import assemble, federation_document
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import CurvePoint
    from fedmerit.federation import TrainingRecord
    from fedmerit.scenario.model import Scenario
    from fedmerit.stages.chains import Advance, ChainChoice
    from fedmerit.stages.vertical.wiring import VerticalFederation
    from fedmerit.stages.wiring import Consortium

__all__ = [
    "check",
    "curve",
    "draw",
    "game_of",
    "gradients",
    "kept_run",
    "played",
    "report",
    "reward",
    "settle",
    "train",
    "training_of",
    "value",
]


#: Coalitions per member that a round's values may take at least; they cost next to nothing.
_LEAST_OF_A_ROUND: Final = 10


def check(scenario: Scenario, chain: ChainChoice) -> None:
    """Find out now what would otherwise stop the run at a later stage.

    Raises:
        FedmeritError: The scenario cannot be run, or the chain or a key is not there.
    """
    together = _kind(scenario).check(scenario)
    check_method(scenario, together.participants)
    check_offers(scenario, together.declared_rows)
    check_agreement(scenario, together, chain)


def train(bundle: Bundle, advance: Advance) -> None:
    """Train the federation, and keep what it learned and how."""
    _kind(bundle.scenario).train(bundle, advance)


def value(bundle: Bundle, advance: Advance) -> None:
    """Measure coalitions, and value the members by them."""
    _kind(bundle.scenario).value(bundle, advance)


class _Kind(NamedTuple):
    """What differs between owners of rows and owners of columns; all the rest is alike."""

    check: Callable[[Scenario], Consortium | VerticalFederation]
    train: Callable[[Bundle, Advance], None]
    value: Callable[[Bundle, Advance], None]


def _kind(scenario: Scenario) -> _Kind:
    if scenario.vertical:
        return _Kind(vertical.check, vertical.train, vertical.value)
    return _Kind(assemble, _train_on_rows, _value_on_rows)


def _train_on_rows(bundle: Bundle, advance: Advance) -> None:
    """Train, keeping every round as it ends."""
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


def _value_on_rows(bundle: Bundle, advance: Advance) -> None:
    """Measure coalitions, value the members, and value each round beside it."""
    scenario = bundle.scenario
    consortium, seed = assemble(scenario), seed_of(bundle)
    record = kept_run(bundle, consortium)
    run = played(record, consortium, scenario)
    game = CachedGame(game_of(record, consortium, scenario, advance))
    measured = Measured(
        game=game,
        owners=consortium.federation.validation_owners,
        rounds=record.rounds,
        gradients=gradients(run),
        curve=curve(run, scenario, seed),
    )
    members = bundle.document(FEDERATION, FederationDocument)
    document = valuation_document(measured, scenario, members, seed)
    bundle.write_tensors(COALITIONS, coalition_arrays(game.table(), measured.owners))
    bundle.write_tensors(GRADIENTS, {"gradients": measured.gradients})
    bundle.write_document(VALUATION, document)
    write_commitment(bundle)


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


def kept_run(bundle: Bundle, consortium: Consortium) -> TrainingRecord:
    """Give the run whose rounds the bundle keeps."""
    return _train(bundle, consortium, lambda _: None)


def game_of(
    record: TrainingRecord,
    consortium: Consortium,
    scenario: Scenario,
    advance: Advance | None = None,
) -> federated.RetrainingGame | federated.RunGame:
    """Give the game that the members are valued by."""
    if scenario.valuation.game == "rounds":
        return played(record, consortium, scenario)
    return federated.RetrainingGame(
        consortium.federation,
        consortium.model,
        consortium.settings,
        rounds=len(record.rounds),
        seed=scenario.seed,
        progress=advance,
    )


def played(record: TrainingRecord, consortium: Consortium, scenario: Scenario) -> federated.RunGame:
    """Give the game of the rounds that took place."""
    asked = scenario.valuation
    return federated.RunGame(
        record, consortium.federation, weights=asked.weights, metric=asked.metric
    )


def gradients(run: federated.RunGame) -> NDArray[np.float32]:
    """Give the validation loss's gradient at each round's model, ``(rounds, parameters)``.

    Where a model has diverged so far that it has none, the gradient is 0.
    """
    return np.nan_to_num(run.gradients, nan=0.0, posinf=0.0, neginf=0.0)


def curve(run: federated.RunGame, scenario: Scenario, seed: int) -> list[CurvePoint]:
    """Value every round's own game: exactly where the budget allows it, or by joining orders."""
    n = len(run.participants)
    budget = max(scenario.valuation.budget, _LEAST_OF_A_ROUND * n)
    return [
        curve_point(
            number,
            value_game(
                round_,
                method="exact" if 2**n <= budget else "antithetic",
                budget=budget,
                seed=derived_seed(seed, "valuation", "round", number),
            ),
        )
        for number, round_ in enumerate(run.rounds, start=1)
    ]


def reward(bundle: Bundle) -> None:
    """Turn recorded values, and offers where there are any, into integer payments."""
    bundle.write_document(OUTCOME, decided(bundle))


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
