"""The train stage of a recorded run: nothing is trained, its rounds are kept and measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fedmerit.bundle.schemas import FEDERATION, MODEL, RUN, TRAINING, RunDocument, TrainingDocument
from fedmerit.bundle.training import read_rounds, training_document, write_round
from fedmerit.federation import TrainingRecord, network
from fedmerit.federation.batched.measure import ModelEvaluator
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.horizontal.record import zero_update_members
from fedmerit.kinds.recorded.document import RECORDED, RecordedDocument
from fedmerit.kinds.recorded.limits import RECORDED_ENDS, average
from fedmerit.kinds.recorded.wiring import federation_document, opened
from fedmerit.provenance import versions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation import Round
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.kinds.recorded.wiring import Opened
    from fedmerit.progress import Advance


def train(bundle: Bundle, advance: Advance) -> None:
    """Keep the rounds of the files, one at a time, and measure their models."""
    scenario = bundle.scenario
    run = opened(scenario)
    bundle.write_document(
        RUN, RunDocument(scenario=scenario.name, seed=scenario.seed, versions=versions())
    )
    bundle.write_document(FEDERATION, federation_document(run))
    bundle.write_document(RECORDED, recorded_document(run))
    last = None
    for round_ in run.rounds():
        write_round(bundle, round_)
        advance(round_.number, len(run.files.rounds))
        last = round_
    bundle.write_tensors(MODEL, {"parameters": final_of(run, last)})
    bundle.write_document(TRAINING, training_of(kept_run(bundle, run.consortium), run.consortium))


def recorded_document(run: Opened) -> RecordedDocument:
    """Say what the files say beside models and updates."""
    return RecordedDocument(
        weights=tuple(each.weights for each in run.files.rounds),
        final_model=run.files.final is not None,
    )


def training_of(record: TrainingRecord, consortium: Consortium) -> TrainingDocument:
    """Say what the run came to on the validation rows."""
    document = training_document(record, None, consortium.federation)
    return document.model_copy(update={"stop_reason": RECORDED_ENDS})


@single_thread()
def kept_run(bundle: Bundle, consortium: Consortium) -> TrainingRecord:
    """Give the run whose rounds the bundle keeps, measured on the rows that are here."""
    rounds, final = read_rounds(bundle), bundle.tensors(MODEL)["parameters"]
    federation, settings = consortium.federation, consortium.settings
    seed = bundle.scenario.seed
    built = network(federation, consortium.model, seed=seed, device=settings.device)
    models = [torch.from_numpy(model) for model in (*(r.global_before for r in rounds), final)]
    return TrainingRecord(
        participants=consortium.participants,
        model=consortium.model,
        settings=settings,
        seed=seed,
        rounds=rounds,
        final=final,
        stop="rounds",
        metrics=ModelEvaluator(federation, built).metrics(torch.stack(models)),
        idle=zero_update_members(consortium.participants, rounds),
    )


def final_of(run: Opened, last: Round | None) -> NDArray[np.float32]:
    """Give the model after the last round: as the files have it, or the average."""
    if run.files.final is not None:
        return run.model(run.files.final)
    return np.zeros(0, np.float32) if last is None else average(last).astype(np.float32)
