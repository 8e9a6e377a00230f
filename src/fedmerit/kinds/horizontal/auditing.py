"""Checks of rows' evidence against itself: from updates and utilities to payments."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.numbers import check_members, check_payments, differing, rounding
from fedmerit.auditing.verdict import compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.rounds import recorded_rounds
from fedmerit.bundle.suspicions import TO_LOOK_AT
from fedmerit.bundle.training import kept, read_rounds, recorded_game, recorded_gradients
from fedmerit.bundle.valuation import Measured, Updates, valuation_document
from fedmerit.federation.horizontal.record import zero_update_members
from fedmerit.federation.horizontal.sampling import present, sampled
from fedmerit.incentives.methods import reads_rounds
from fedmerit.kinds.horizontal.encoded import check_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument, TrainingDocument, ValuationDocument
    from fedmerit.federation import Round
    from fedmerit.scenario.model import Model, Scenario, Training

#: Weights are shares of whole rows, of which a float keeps 15 digits.
_WEIGHTS: Final = 1e-12
#: Norms are sums of float32, which another order of additions ends a little elsewhere.
_NORM: Final = 1e-4


def check_numbers(bundle: Bundle) -> Iterator[Check]:
    """Recompute every step from the recorded updates and utilities to the payments."""
    training = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    rounds = read_rounds(bundle)
    owners = recorded_game(bundle, members.names)[1]
    count, sponsored = len(members.members), bool(bundle.scenario.data.validation)
    brought = np.bincount(owners.clip(0, count), minlength=count + 1).tolist()[:count]
    honest = tuple(
        m.name
        for m in members.members
        if (m.validation_rows or sponsored) and m.behaviour == "honest"
    )
    yield check_sponsored(members, owners, sponsored=sponsored)
    yield check_members(bundle, members, brought, usual=honest)
    yield from check_encoding(bundle, members)
    yield check_updates(training, rounds, members, bundle.scenario.model)
    yield _sampled(bundle.scenario, members, training)
    yield _weights(members, rounds)
    final = bundle.tensors(evidence.MODEL)["parameters"]
    yield _averages(rounds, final)
    yield _end(training, [*(r.global_before for r in rounds), final], bundle.scenario.training)
    yield check_idle(members.names, training, rounds)
    yield from check_paid(bundle, rounds)


def check_paid(bundle: Bundle, rounds: tuple[Round, ...]) -> Iterator[Check]:
    """Recompute values and suspicion from what was recorded, and payments from the values."""
    found = _recomputed(bundle, rounds)
    yield _values(bundle, found)
    yield _suspicion(bundle, found)
    yield check_payments(bundle)


def check_sponsored(
    members: FederationDocument, owners: NDArray[np.int64], *, sponsored: bool
) -> Check:
    """Check that the sponsor's rows are all that was measured on, or none of it."""
    count = len(members.members)
    if sponsored:
        holds = bool((owners == count).all()) and members.sponsor_rows == len(owners)
    else:
        holds = bool(((owners >= 0) & (owners < count)).all()) and members.sponsor_rows is None
    owner = "the sponsor's" if sponsored else "members'"
    whose = f"{owner} own, as the scenario has it"
    return compared(
        "test rows",
        holds=holds,
        same=f"all {len(owners)} rows that were measured on are {whose}",
        different=f"{COALITIONS} or {evidence.FEDERATION}: not all {len(owners)} rows that were "
        f"measured on are {whose}",
    )


def check_updates(
    training: TrainingDocument,
    rounds: tuple[Round, ...],
    members: FederationDocument,
    model: Model,
) -> Check:
    """Hold kept updates, and what is said of them, against their digests."""
    names, sizes = members.names, {training.parameters, _parameters(members, model)}
    wrong = [
        f"round {said.round}"
        for said, round_ in zip(training.rounds, rounds, strict=False)
        if any(getattr(said, key) != found for key, found in kept(round_, names).items())
    ]
    if any({len(round_.global_before)} != sizes - {None} for round_ in rounds):
        wrong.append("parameters, which features and classes have to give")
    lengths = {one.name: len(training.rounds) + 1 for one in members.members if one.validation_rows}
    if {name: len(said) for name, said in training.by_owner_micro.items()} != lengths:
        wrong.append("who brought which validation rows, in which rounds")
    if len(rounds) != len(training.rounds):
        wrong.append(f"{len(rounds)} rounds kept of {len(training.rounds)}")
    return compared(
        "updates",
        holds=not wrong,
        same=f"{len(rounds)} rounds of updates hash to their roots",
        different=f"{evidence.TRAINING} and the kept updates differ: {', '.join(wrong)}",
    )


def _parameters(members: FederationDocument, model: Model) -> int | None:
    """Count the parameters of a model of ours between these features and classes."""
    hidden = {"logistic": (), "linear": (), "mlp": model.hidden}.get(model.kind)
    if hidden is None:
        return None
    widths = (len(members.features), *hidden, len(members.classes) or 1)
    return sum((wide + 1) * narrow for wide, narrow in pairwise(widths))


def _sampled(scenario: Scenario, members: FederationDocument, training: TrainingDocument) -> Check:
    """Draw again who takes part in each round; whose update was refused is taken on faith."""
    wrong = []
    spans = [scenario.spans.get(name, (1, None)) for name in members.names]
    for said in training.rounds:
        draw = sampled(
            members.names,
            scenario.training.participation,
            round_=said.round,
            seed=scenario.seed,
            full_round=scenario.training.full_round,
            there=present(spans, said.round),
        )
        if {name for name, drawn in zip(members.names, draw, strict=True) if drawn} != set(
            said.sampled
        ):
            wrong.append(said.round)
    return compared(
        "sampling",
        holds=not wrong,
        same="in every round those took part whom the seed draws"
        + (" of those that are there" if scenario.spans else ""),
        different=f"in round {wrong} others took part than the seed draws",
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


def _end(training: TrainingDocument, models: list[NDArray[np.float32]], asked: Training) -> Check:
    """Check that training went on for as long as the scenario asks, and why it ended."""
    rounds, said = len(models) - 1, training.stop_reason
    earlier = any(_still(models[: at + 1], asked, 1 - _NORM) for at in range(rounds))
    if said == "converged":
        holds = rounds <= asked.rounds and _still(models, asked, 1 + _NORM)
    else:
        holds = said == "rounds" and rounds == asked.rounds
        holds = holds and not _still(models, asked, 1 - _NORM)
    return compared(
        "end of training",
        holds=holds and not earlier,
        same=f"{rounds} rounds of at most {asked.rounds}: "
        + ("the model had converged" if said == "converged" else "it had not converged before"),
        different=f"{evidence.TRAINING} says that training ended by {said!r} after {rounds} "
        f"rounds; {asked.rounds} were asked for, and the models say otherwise",
    )


def _still(models: Sequence[NDArray[np.float32]], asked: Training, slack: float) -> bool:
    """Say whether the last rounds moved the model by less than the tolerance; see training."""
    recent = [model.astype(np.float64) for model in models[-asked.patience - 1 :]]
    moves = [
        (np.linalg.norm(after - before), asked.tolerance * slack * np.linalg.norm(after))
        for before, after in pairwise(recent)
    ]
    return len(moves) == asked.patience and all(0 < moved < least for moved, least in moves)


def check_idle(
    names: tuple[str, ...], training: TrainingDocument, rounds: tuple[Round, ...]
) -> Check:
    """See who sent nothing but zeros."""
    idle = zero_update_members(names, rounds)
    return compared(
        "zero updates",
        holds=idle == training.idle,
        same=f"only zeros from {', '.join(idle)}" if idle else "every member sent updates",
        different=f"only zeros from {idle}, but {evidence.TRAINING} names {training.idle}",
    )


def _recomputed(bundle: Bundle, rounds: tuple[Round, ...]) -> ValuationDocument:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    game, owners = recorded_game(bundle, members.names)
    measured = Measured(
        game=game,
        owners=owners,
        updates=Updates(rounds, recorded_gradients(bundle)),
        curve=said.curve,
        rounds=recorded_rounds(bundle, members.names, rounds)
        if reads_rounds(bundle.scenario.valuation.method)
        else None,
    )
    return valuation_document(measured, bundle.scenario, members, int(said.seed, 16))


def _values(bundle: Bundle, found: ValuationDocument) -> Check:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    beside = {"suspicion"}
    asked = "coalitions of rounds" if reads_rounds(said.method) else "coalitions"
    wrong = differing(said.model_dump(exclude=beside), found.model_dump(exclude=beside), rounding)
    return compared(
        "values",
        holds=not wrong,
        same=f"{said.method} values of {said.evaluations} recorded {asked}, with their "
        "intervals, ranks, interactions and baselines, each to a billionth",
        different=f"{evidence.VALUATION} and what was recorded differ in {', '.join(wrong[:20])}",
    )


def _suspicion(bundle: Bundle, found: ValuationDocument) -> Check:
    """Score everybody again from the kept updates, and say each score with its reasons."""
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    beside = {"suspicion"}
    wrong = differing(said.model_dump(include=beside), found.model_dump(include=beside), rounding)
    again = found.suspicion
    scores = [
        f"{name} {again.scores[place] / 1000:.1f}" + _why(again.reasons(place))
        for place, name in enumerate(found.participants)
        if again is not None
    ]
    return compared(
        "suspicion",
        holds=not wrong,
        same=f"scores, {TO_LOOK_AT // 1000} or more to be looked at and none a proof: "
        + "; ".join(scores),
        different=f"{evidence.VALUATION} and the kept updates differ in {', '.join(wrong[:20])}",
    )


def _why(reasons: tuple[str, ...]) -> str:
    return f" ({', '.join(reasons)})" if reasons else ""
