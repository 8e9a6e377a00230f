"""Checks of a recorded run's evidence against itself: from updates and utilities to payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.auditing.numbers import check_members
from fedmerit.auditing.verdict import compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.training import read_rounds, recorded_game
from fedmerit.errors import BundleError
from fedmerit.kinds.horizontal.auditing import (
    check_idle,
    check_paid,
    check_sponsored,
    check_updates,
)
from fedmerit.kinds.recorded.document import RECORDED, RecordedDocument
from fedmerit.kinds.recorded.limits import RECORDED_ENDS, STRAY, UNKNOWN, average, shares, stray
from fedmerit.report import quality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument
    from fedmerit.federation import Round


def check_numbers(bundle: Bundle) -> Iterator[Check]:
    """Recompute every step from the recorded updates and utilities to the payments."""
    training = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    rounds = read_rounds(bundle)
    if not rounds:
        raise BundleError("no round is kept")
    yield check_sponsored(members, recorded_game(bundle, members.names)[1], sponsored=True)
    yield check_members(bundle, members, [0] * len(members.names), members.names, otherwise=UNKNOWN)
    yield check_updates(training, rounds, members, bundle.scenario.model)
    yield _files(bundle, members, rounds)
    yield _averages(rounds, bundle.tensors(evidence.MODEL)["parameters"])
    yield check_idle(members.names, training, rounds)
    yield from check_paid(bundle, rounds)


def _files(bundle: Bundle, members: FederationDocument, rounds: tuple[Round, ...]) -> Check:
    """Hold what is kept of the files against the rounds, the members and the ending."""
    said = bundle.document(RECORDED, RecordedDocument).weights
    training = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    wrong = [
        f"the weights of round {round_.number}"
        for round_, weights in zip(rounds, said, strict=False)
        if not _weighed(round_, weights, members.names)
    ]
    most = {n: max((one.get(n, 0) for one in said), default=0) for n in members.names}
    if members.declared_rows != most or any(m.rows != m.declared_rows for m in members.members):
        wrong.append("declared rows, which are each member's largest weight")
    if len(said) != len(rounds):
        wrong.append(f"weights of {len(said)} rounds, and {len(rounds)} are kept")
    if training.stop_reason != RECORDED_ENDS:
        wrong.append("why it ended")
    if any(value is not None for value in quality.pooled(training)):
        wrong.append("what pooled rows would give")
    return compared(
        "recorded files",
        holds=not wrong,
        same=f"weights of {len(rounds)} rounds are the shares that updates count for",
        different=f"{RECORDED} and the evidence differ: {', '.join(wrong)}",
    )


def _weighed(round_: Round, weights: dict[str, int], names: tuple[str, ...]) -> bool:
    known = weights.keys() <= set(names) and all(weight > 0 for weight in weights.values())
    return bool(known and weights and np.array_equal(round_.weights, shares(weights, names)))


def _averages(rounds: tuple[Round, ...], final: NDArray[np.float32]) -> Check:
    """Check that each global model is the weighted mean that the one before led to."""
    models = [*(round_.global_before for round_ in rounds[1:]), final]
    found = [stray(average(round_), after) for round_, after in zip(rounds, models, strict=True)]
    wrong = [r.number for r, (apart, most) in zip(rounds, found, strict=True) if not apart <= most]
    return compared(
        "averaging",
        holds=not wrong,
        same=f"every global model is the weighted mean of the updates before it, to "
        f"{max(apart for apart, _ in found):.1e} (allowed: {STRAY:.0e} where the largest "
        "parameter is 1 or less)",
        different=f"the model after round {wrong} is not the weighted mean of its updates",
    )
