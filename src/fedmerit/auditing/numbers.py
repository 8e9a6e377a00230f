"""Checks of the evidence against itself: from updates and utilities to payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.training import kept, read_rounds, recorded_game, recorded_gradients
from fedmerit.bundle.valuation import Measured, valuation_document
from fedmerit.federation.horizontal.record import zero_update_members
from fedmerit.stages.reward import decided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument, TrainingDocument
    from fedmerit.federation import Round

#: Sums of floats may end differently on other machines; after rounding, by one unit at most.
ROUNDING_UNITS: Final = 1
#: Counts, settings and seeds: whatever the tolerance, they are the same on every machine.
EXACT: Final = frozenset(
    {
        "budget",
        "common",
        "confidence_ppm",
        "epochs",
        "evaluations",
        "key_bits",
        "messages",
        "orders",
        "parameters",
        "round",
        "rounds",
        "seed",
        "table_rows",
    }
)
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


def check_members(bundle: Bundle, members: FederationDocument, brought: list[int]) -> Check:
    """Hold what is said of the members against the scenario and the rows that each *brought*."""
    scenario, run = bundle.scenario, bundle.document(evidence.RUN, evidence.RunDocument)
    behaviours = scenario.behaviours
    asked = scenario.settlement
    wrong = [m.name for m in members.members if m.behaviour != behaviours.get(m.name, "honest")]
    wrong += [
        f"{m.name}'s validation rows"
        for m, count in zip(members.members, brought, strict=True)
        if m.validation_rows != count
    ]
    if asked.committee and asked.committee != members.committee:
        wrong.append("committee")
    if asked.threshold and asked.threshold != members.threshold:
        wrong.append("threshold")
    if (run.scenario, run.seed) != (scenario.name, scenario.seed):
        wrong.append(f"name and seed in {evidence.RUN}")
    return compared(
        "members",
        holds=not wrong,
        same="behaviours, committee and validation rows are as the scenario and the table say",
        different=f"{evidence.FEDERATION} and the scenario differ: {', '.join(wrong)}",
    )


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
        rounds=rounds,
        gradients=recorded_gradients(bundle),
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


def check_payments(bundle: Bundle) -> Check:
    """Run the mechanism again on the recorded values and offers."""
    said = bundle.document(evidence.OUTCOME, evidence.OutcomeDocument)
    found = decided(bundle)
    return compared(
        "payments",
        holds=said == found,
        same=f"{said.mechanism} pays these {len(said.payments)} amounts for these values",
        different=f"{evidence.OUTCOME}: {said.mechanism} would pay {found.payments}, "
        f"not {said.payments}",
    )


def differing(said: object, found: object, tolerance: int, path: str = "") -> list[str]:
    """Name the places where two plain values differ by more than *tolerance*.

    Only measurements may: what is named in :data:`EXACT` is the same or differs.
    """
    if isinstance(said, int) and isinstance(found, int):
        allowed = 0 if path.rpartition(".")[2] in EXACT else tolerance
        return [] if abs(said - found) <= allowed else [f"{path} ({said}, not {found})"]
    if isinstance(said, dict) and isinstance(found, dict) and said.keys() == found.keys():
        pairs = [(f"{path}.{key}".lstrip("."), said[key], found[key]) for key in said]
    elif isinstance(said, tuple) and isinstance(found, tuple) and len(said) == len(found):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(said, found, strict=True))]
    else:
        return [] if said == found else [f"{path} ({said}, not {found})"]
    return [place for key, one, two in pairs for place in differing(one, two, tolerance, key)]
