"""Checks of the evidence against itself: from updates and utilities to payments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

import numpy as np

from fedmerit.auditing.money import ROUNDING, most_moved
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.training import kept, read_rounds, recorded_game, recorded_gradients
from fedmerit.bundle.valuation import Measured, valuation_document
from fedmerit.federation.horizontal.record import idle_members
from fedmerit.stages.reward import decided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument, TrainingDocument
    from fedmerit.federation import Round

#: How much two numbers may differ, by the path of the place they are at.
Tolerance = Callable[[str], int]
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
#: Weights are shares of whole rows, of which a float keeps 15 digits.
_WEIGHTS: Final = 1e-12


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
        off = np.abs(round_.weights - rows / max(rows.sum(), 1.0))
        if not off.max(initial=0.0) <= _WEIGHTS:
            wrong.append(round_.number)
    return compared(
        "weights",
        holds=not wrong,
        same="every round weighs updates by declared rows",
        different=f"rounds {wrong} do not weigh updates by declared rows",
    )


def _averages(rounds: tuple[Round, ...], final: NDArray[np.float32]) -> Check:
    """Check that each global model is the weighted average that the one before led to.

    Updates are added in the members' order in float64, which every machine does alike, so only
    the last rounding to float32 may be another.
    """
    wrong = []
    models = [*(round_.global_before for round_ in rounds[1:]), final]
    for before, after in zip(rounds, models, strict=True):
        total = before.global_before.astype(np.float64)
        for weight, update in zip(before.weights, before.updates, strict=True):
            total = total + weight * update
        average = total.astype(np.float32)
        near = np.abs(average - after) <= np.spacing(np.abs(average))
        if not (near | (average == after) | (np.isnan(average) & np.isnan(after))).all():
            wrong.append(before.number)
    return compared(
        "averaging",
        holds=not wrong,
        same="every global model is the weighted average of the updates before it",
        different=f"the model after round {wrong} is not the average of its updates",
    )


def _idle(names: tuple[str, ...], training: TrainingDocument, rounds: tuple[Round, ...]) -> Check:
    idle = idle_members(names, rounds)
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
    wrong = differing(said.model_dump(), found.model_dump(), rounding)
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
        same=f"{said.mechanism} pays these {len(said.payments)} amounts for these values; a "
        f"billionth, which each value may be off, moves {most_moved(bundle, ROUNDING):,} base "
        "units at most",
        different=f"{evidence.OUTCOME}: {said.mechanism} would pay {found.payments}, "
        f"not {said.payments}",
    )


class Distance(NamedTuple):
    """A place where two plain values differ.

    Attributes:
        place: Its path.
        by: By how much two numbers differ there; None if it is not about numbers.
        said: Both, in words.
    """

    place: str
    by: int | None
    said: str


def distances(said: object, found: object, path: str = "") -> Iterator[Distance]:
    """Give every place where two plain values differ."""
    if _number(said) and _number(found):
        if said != found:
            yield Distance(path, abs(said - found), f"{path} ({said}, not {found})")
        return
    if isinstance(said, dict) and isinstance(found, dict) and said.keys() == found.keys():
        pairs = [(f"{path}.{key}".lstrip("."), said[key], found[key]) for key in said]
    elif isinstance(said, tuple) and isinstance(found, tuple) and len(said) == len(found):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(said, found, strict=True))]
    else:
        if said != found or type(said) is not type(found):
            yield Distance(path, None, f"{path} ({said}, not {found})")
        return
    for place, one, two in pairs:
        yield from distances(one, two, place)


def _number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def differing(said: object, found: object, tolerance: Tolerance) -> list[str]:
    """Name the places where two plain values differ by more than *tolerance* allows there."""
    return [
        apart.said
        for apart in distances(said, found)
        if apart.by is None or apart.by > tolerance(apart.place)
    ]


def exact(_place: str) -> int:
    """Allow no difference."""
    return 0


def rounding(place: str) -> int:
    """Allow measurements to round differently; what is named in :data:`EXACT` is the same."""
    return 0 if place.rpartition(".")[2] in EXACT else ROUNDING_UNITS
