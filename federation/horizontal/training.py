"""FedAvg from the first round to the last, and the pooled model it is held against."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch

from fedmerit.errors import TrainingError
from fedmerit.federation.batched.measure import ModelEvaluator
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.behaviours import Honest
from fedmerit.federation.data.consortium import Member
from fedmerit.federation.horizontal.engine import Engine
from fedmerit.federation.horizontal.record import Round, TrainingRecord, zero_update_members
from fedmerit.federation.horizontal.rounds import (
    FLOAT_BYTES,
    average,
    collect,
    local_updates,
)
from fedmerit.federation.horizontal.sampling import present, sampled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from fedmerit.federation.batched.measure import Metrics
    from fedmerit.federation.data.consortium import Federation
    from fedmerit.federation.horizontal.settings import TrainingSettings
    from fedmerit.federation.models import ModelSpec


@single_thread()
def train(
    federation: Federation,
    model: ModelSpec,
    settings: TrainingSettings,
    *,
    seed: int,
    so_far: Sequence[Round] = (),
    on_round: Callable[[Round], None] | None = None,
) -> TrainingRecord:
    """Train a model by FedAvg (McMahan et al., 2017).

    Args:
        federation: Whose rows.
        model: What to train.
        settings: How.
        seed: The scenario's seed.
        so_far: The rounds of an interrupted run of the same scenario; the result is the one
            it would have had, bit for bit.
        on_round: Called with each new round as it ends.

    Raises:
        TrainingError: The model cannot be trained, or *so_far* is not of this run.

    """
    engine = Engine(federation, model, settings, seed=seed)
    globals_ = _replayed(engine, so_far)
    rounds = list(so_far)
    last_joins = max(member.span[0] for member in federation.members)
    while len(rounds) < settings.rounds and not (
        len(rounds) >= last_joins and _stands_still(globals_, settings)
    ):
        round_, after = _round(engine, globals_, len(rounds) + 1)
        rounds.append(round_)
        globals_.append(after)
        if on_round is not None:
            on_round(round_)
    return TrainingRecord(
        participants=federation.participants,
        model=model,
        settings=settings,
        seed=seed,
        rounds=tuple(rounds),
        final=globals_[-1].cpu().numpy(),
        stop="converged" if _stands_still(globals_, settings) else "rounds",
        metrics=ModelEvaluator(federation, engine.network).metrics(torch.stack(globals_)),
        idle=zero_update_members(federation.participants, tuple(rounds)),
    )


def pooled_baseline(
    federation: Federation,
    model: ModelSpec,
    settings: TrainingSettings,
    *,
    rounds: int,
    seed: int,
) -> Metrics:
    """Measure the same model trained on everyone's rows in one place.

    The rows are the members' training rows as they are, wrong labels included, and the
    passes over them as many as in a run of *rounds* federated rounds. The difference to the
    federated model's metrics is the *delta* that defines federated learning (Yang et al., 2019).
    """
    everyone = Member(
        name="everyone",
        features=np.concatenate([member.features for member in federation.members]),
        labels=np.concatenate([member.labels for member in federation.members]),
        declared_rows=1,
        behaviour=Honest(),
    )
    pooled = replace(federation, members=(everyone,))
    alone = replace(settings, rounds=rounds, participation=1.0, tolerance=0.0)
    return train(pooled, model, alone, seed=seed).metrics[-1]


def _round(engine: Engine, globals_: list[Tensor], number: int) -> tuple[Round, Tensor]:
    """Run one round; give its record and the global model after it."""
    started = perf_counter()
    before = globals_[-1]
    names = [member.name for member in engine.members]
    chosen = sampled(
        names,
        engine.settings.participation,
        round_=number,
        seed=engine.seed,
        full_round=engine.settings.full_round,
        there=present([member.span for member in engine.members], number),
    )
    models = before.unsqueeze(0)
    previous = globals_[max(0, len(globals_) - 2)].unsqueeze(0)
    taking_part = torch.from_numpy(chosen).to(before.device).unsqueeze(0)
    sent = local_updates(engine, models, previous, taking_part, number)
    collected = collect(engine.members, models, sent)
    round_ = Round(
        number=number,
        global_before=before.cpu().numpy(),
        updates=collected.updates[0].cpu().numpy(),
        weights=collected.weights[0].cpu().numpy(),
        excluded=collected.excluded,
        bytes_up=sent.bytes_up,
        bytes_down=FLOAT_BYTES * before.numel() * int(chosen.sum()),
        seconds=perf_counter() - started,
    )
    return round_, collected.after[0]


def _after(engine: Engine, round_: Round) -> Tensor:
    """Average a round from its record, on the device that trains."""
    before, updates, weights = (
        torch.from_numpy(array).to(engine.settings.device).unsqueeze(0)
        for array in (round_.global_before, round_.updates, round_.weights)
    )
    return average(before, updates, weights)[0]


def _stands_still(globals_: Sequence[Tensor], settings: TrainingSettings) -> bool:
    """Say whether the last rounds moved the model by less than the tolerance.

    A round that did not move it at all had nothing to average: it says nothing.
    """
    recent = globals_[-settings.patience - 1 :]
    moves = [
        (float((after - before).norm()), settings.tolerance * float(after.norm()))
        for before, after in pairwise(recent)
    ]
    return len(moves) == settings.patience and all(0 < moved < least for moved, least in moves)


def _replayed(engine: Engine, so_far: Sequence[Round]) -> list[Tensor]:
    """Give the global models before and after each of the rounds so far."""
    globals_ = [engine.network.initial]
    for number, round_ in enumerate(so_far, start=1):
        before = globals_[-1].cpu().numpy()
        shape = (len(engine.members), len(before))
        if round_.number != number or round_.updates.shape != shape:
            raise TrainingError(
                f"round {round_.number} with updates of shape {round_.updates.shape} "
                f"cannot be round {number} of a run whose updates have shape {shape}",
                hint="Continue a run with its own scenario and all of its rounds, in order.",
            )
        if not np.array_equal(round_.global_before, before):
            raise TrainingError(
                f"round {number} did not start from the model that the rounds before it give",
                hint="Continue a run with its own scenario, seed and rounds.",
            )
        globals_.append(_after(engine, round_))
    return globals_
