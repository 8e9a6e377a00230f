"""Checks of rows' evidence against itself: from updates and utilities to payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.numbers import ROUNDING_UNITS, check_members, check_payments, differing
from fedmerit.auditing.verdict import compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.training import kept, read_rounds, recorded_game, recorded_gradients
from fedmerit.bundle.valuation import Measured, Updates, valuation_document
from fedmerit.federation.horizontal.record import zero_update_members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument, TrainingDocument
    from fedmerit.federation import Round

#: A float32 model averaged again must agree to this share of its largest parameter.
AVERAGING: Final = 1e-5


def check_numbers(bundle: Bundle) -> Iterator[Check]:
    """Recompute every step from the recorded updates and utilities to the payments."""
    training = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    rounds = read_rounds(bundle)
    owners = recorded_game(bundle, members.names)[1]
    brought = np.bincount(owners, minlength=len(members.members)).tolist()
    yield check_members(bundle, members, brought)
    yield _updates(training, rounds, members.names)
    yield _weights(members, rounds)
    yield _averages(rounds, bundle.tensors(evidence.MODEL)["parameters"])
    yield _idle(members.names, training, rounds)
    yield _values(bundle, rounds)
    yield check_payments(bundle)


def _updates(
    training: TrainingDocument, rounds: tuple[Round, ...], names: tuple[str, ...]
) -> Check:
    wrong = [
        f"round {said.round}"
        for said, round_ in zip(training.rounds, rounds, strict=False)
        if any(getattr(said, key) != found for key, found in kept(round_, names).items())
    ]
    if any(training.parameters != len(round_.global_before) for round_ in rounds):
        wrong.append("parameters")
    if len(rounds) != len(training.rounds):
        wrong.append(f"{len(rounds)} rounds kept of {len(training.rounds)}")
    return compared(
        "updates",
        holds=not wrong,
        same=f"{len(rounds)} rounds of updates hash to their roots",
        different=f"{evidence.TRAINING} and the kept updates differ: {', '.join(wrong)}",
    )


def _weights(members: FederationDocument, rounds: tuple[Round, ...]) -> Check:
    """Check that every round weighed the accepted updates by declared rows."""
    declared = np.array([member.declared_rows for member in members.members], dtype=np.float64)
    wrong = []
    for round_ in rounds:
        rows = np.where(round_.weights > 0, declared, 0.0)
        if not np.allclose(round_.weights, rows / max(rows.sum(), 1.0)):
            wrong.append(round_.number)
    return compared(
        "weights",
        holds=not wrong,
        same="every round weighs updates by declared rows",
        different=f"rounds {wrong} do not weigh updates by declared rows",
    )


def _averages(rounds: tuple[Round, ...], final: NDArray[np.float32]) -> Check:
    """Check that each global model is the weighted average that the one before led to."""
    wrong = []
    models = [*(round_.global_before for round_ in rounds[1:]), final]
    for before, after in zip(rounds, models, strict=True):
        average = before.global_before + before.weights @ before.updates.astype(np.float64)
        scale = max(1.0, float(np.abs(average).max()))
        if not np.abs(average - after).max() <= AVERAGING * scale:
            wrong.append(before.number)
    return compared(
        "averaging",
        holds=not wrong,
        same="every global model is the weighted average of the updates before it",
        different=f"the model after round {wrong} is not the average of its updates",
    )


def _idle(names: tuple[str, ...], training: TrainingDocument, rounds: tuple[Round, ...]) -> Check:
    idle = zero_update_members(names, rounds)
    return compared(
        "zero updates",
        holds=idle == training.idle,
        same=f"only zeros from {', '.join(idle)}" if idle else "every member sent updates",
        different=f"only zeros from {idle}, but {evidence.TRAINING} names {training.idle}",
    )


def _values(bundle: Bundle, rounds: tuple[Round, ...]) -> Check:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    game, owners = recorded_game(bundle, members.names)
    measured = Measured(
        game=game,
        owners=owners,
        updates=Updates(rounds, recorded_gradients(bundle)),
        curve=said.curve,
    )
    found = valuation_document(measured, bundle.scenario, members, int(said.seed, 16))
    wrong = differing(said.model_dump(), found.model_dump(), ROUNDING_UNITS)
    return compared(
        "values",
        holds=not wrong,
        same=f"{said.method} values of {said.evaluations} recorded coalitions, with their "
        "intervals, ranks, interactions and baselines",
        different=f"{evidence.VALUATION} and what was recorded differ in {', '.join(wrong[:20])}",
    )
