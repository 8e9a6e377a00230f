"""The train stage of a run whose members own rows: federated averaging, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit import federation as federated
from fedmerit.bundle.encoding import ENCODING, encoding_document
from fedmerit.bundle.schemas import FEDERATION, MODEL, RUN, TRAINING, RunDocument, TrainingDocument
from fedmerit.bundle.training import read_rounds, training_document, write_round
from fedmerit.kinds.horizontal.wiring import assemble, federation_document
from fedmerit.provenance import versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation import TrainingRecord
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.progress import Advance


def train(bundle: Bundle, advance: Advance) -> None:
    """Train, keeping every round as it ends."""
    scenario = bundle.scenario
    consortium = assemble(scenario)
    bundle.write_document(
        RUN, RunDocument(scenario=scenario.name, seed=scenario.seed, versions=versions())
    )
    bundle.write_document(FEDERATION, federation_document(scenario, consortium))
    bundle.write_document(ENCODING, encoding_document(consortium.federation))

    def keep(round_: federated.Round) -> None:
        write_round(bundle, round_)
        advance(round_.number, consortium.settings.rounds)

    record = _train(bundle, consortium, keep)
    bundle.write_tensors(MODEL, {"parameters": record.final})
    bundle.write_document(TRAINING, training_of(record, consortium))


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
