"""Checks by doing it all again: the training, every coalition, every round's game.

The training is done afresh. Coalitions that are worth what their updates did, and gradients,
are measured on the kept rounds, which the training is held against. What may be off, and why, is
in :mod:`fedmerit.auditing.floats`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.floats import Apart, judged, nudges
from fedmerit.auditing.metrics import metrics_differing
from fedmerit.auditing.verdict import compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.training import read_rounds
from fedmerit.errors import AuditImpossible, DataError
from fedmerit.federation import TrainingRecord, train
from fedmerit.kinds.horizontal.encoded import check_data, check_encoding_again
from fedmerit.kinds.horizontal.remeasured import Remeasured, check_measured, judged_cells
from fedmerit.kinds.horizontal.training import training_of
from fedmerit.kinds.horizontal.valuing import gradients, played
from fedmerit.kinds.horizontal.wiring import assemble, federation_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.auditing.floats import Judged
    from fedmerit.auditing.parts import Measure
    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import TrainingDocument
    from fedmerit.kinds.horizontal.wiring import Consortium

#: By how much a parameter may be off when trained elsewhere, where the largest is 1 or less.
_PARAMETER: Final = 1e-5


def consortium_of(bundle: Bundle) -> Consortium:
    """Assemble the federation again, from the data that are here.

    Raises:
        AuditImpossible: They are not.
    """
    try:
        return assemble(bundle.scenario)
    except DataError as error:
        raise AuditImpossible(
            f"cannot retrain without the data: {error}",
            hint="Put the table where scenario.toml says, or audit without training again.",
        ) from error


def recorded_run(bundle: Bundle, consortium: Consortium) -> TrainingRecord:
    """Give the run as the bundle keeps it, whether or not this machine would have run it so."""
    said = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    return TrainingRecord(
        participants=consortium.participants,
        model=consortium.model,
        settings=consortium.settings,
        seed=bundle.scenario.seed,
        rounds=read_rounds(bundle),
        final=bundle.tensors(evidence.MODEL)["parameters"],
        stop="converged" if said.stop_reason == "converged" else "rounds",
        metrics=(),
        idle=said.idle,
    )


def check_retraining(bundle: Bundle) -> Iterator[Check]:
    """Train the run and every recorded coalition again, and compare.

    Raises:
        AuditImpossible: The data are not here.
    """
    consortium = consortium_of(bundle)
    if not (yield from check_data(bundle, federation_document(bundle.scenario, consortium))):
        return
    yield from check_encoding_again(bundle, consortium.federation)
    record, kept = _trained(consortium, bundle), recorded_run(bundle, consortium)
    run = played(kept, consortium, bundle.scenario)
    slopes = gradients(run)
    yield _models(bundle, consortium, (record, kept), slopes)
    yield _metrics(bundle, consortium, record)
    yield from check_measured(bundle, consortium, kept, run, slopes)


def measured_again(bundle: Bundle) -> tuple[str, Measure]:
    """Assemble again: give the digest of the rows, and what measures coalitions on them.

    Raises:
        AuditImpossible: The data are not here.
    """
    consortium = consortium_of(bundle)
    digest = federation_document(bundle.scenario, consortium).data_digest

    def measure(
        coalitions: NDArray[np.bool_], gains_micro: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], Judged]:
        again = Remeasured(bundle, consortium, recorded_run(bundle, consortium))
        found = again.judged(coalitions, gains_micro)
        return found.ours, found.of

    return digest, measure


def cells_judged(bundle: Bundle, places: NDArray[np.int64]) -> Judged:
    """Measure coalitions of rounds again, each in its own round.

    Args:
        bundle: Whose.
        places: Of the coalitions in ``rounds.safetensors``.

    Raises:
        AuditImpossible: The data are not here.
    """
    consortium = consortium_of(bundle)
    return judged_cells(bundle, consortium, recorded_run(bundle, consortium), places)


def _trained(consortium: Consortium, bundle: Bundle, nudge: int = 0) -> TrainingRecord:
    model = replace(consortium.model, nudge=nudge)
    seed = bundle.scenario.seed
    return train(consortium.federation, model, consortium.settings, seed=seed)


def _models(
    bundle: Bundle,
    consortium: Consortium,
    runs: tuple[TrainingRecord, TrainingRecord],
    gradients: NDArray[np.float32],
) -> Check:
    """Hold the kept models and updates against those of the training done again.

    What an update is off counts by what it does to the validation loss, to first order: an
    alteration that is small everywhere, and down the loss everywhere, is worth something.
    """
    record, kept = runs

    def nudged(number: int) -> Apart:
        return _apart(record, _trained(consortium, bundle, number), gradients)

    alike = len(kept.rounds) == len(record.rounds) and kept.final.shape == record.final.shape
    found = judged(_apart(record, kept, gradients), nudged, spread=_PARAMETER) if alike else None
    return compared(
        "retrained models",
        holds=found is not None and found.holds,
        same=f"{len(kept.rounds)} rounds: {found.why if found else ''} (allowed: "
        f"{found.mean if found else 0:.0e} nats of loss, {found.spread if found else 0:.0e})",
        different=found.why
        if found
        else f"{len(record.rounds)} rounds against {len(kept.rounds)} kept",
    )


def _apart(record: TrainingRecord, other: TrainingRecord, gradients: NDArray[np.float32]) -> Apart:
    """Give how far another run's updates, and models before and after, are from a run's."""
    rounds = min(len(record.rounds), len(other.rounds), len(gradients))
    pairs = list(zip(record.rounds, other.rounds, gradients, strict=False))[:rounds]
    means, spreads = [], []
    for ours, theirs, gradient in pairs:
        both = [(ours.updates, theirs.updates), (ours.global_before, theirs.global_before)]
        off = np.concatenate([np.atleast_2d(_off(*pair)) for pair in both])
        scale = max(1.0, float(np.abs(ours.global_before).max()))
        means.append(-off @ gradient.astype(np.float64))
        spreads.append(np.abs(off).max(axis=1) / scale)
    last = _off(record.final, other.final)
    means.append(np.zeros(1))  # no gradient was taken there
    spreads.append(np.abs(last).max(keepdims=True) / max(1.0, float(np.abs(record.final).max())))
    each = len(record.participants) + 1
    groups = np.tile(np.eye(each, dtype=np.bool_), (1, rounds))
    last_column = np.zeros((each, 1), dtype=np.bool_)
    return Apart(
        means=np.concatenate(means),
        spreads=np.concatenate(spreads),
        groups=np.concatenate([groups, last_column], axis=1),
    )


def _off(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give theirs less ours; nothing where both are the same, though that be no number."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, theirs.astype(np.float64) - ours.astype(np.float64))


def _metrics(bundle: Bundle, consortium: Consortium, record: TrainingRecord) -> Check:
    """Hold every accuracy and log-likelihood, per round and pooled, against those found again."""
    said = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    found = training_of(record, consortium)

    def others() -> Iterator[TrainingDocument]:
        for number in nudges():
            moved = replace(consortium, model=replace(consortium.model, nudge=number))
            yield training_of(_trained(consortium, bundle, number), moved)

    wrong = metrics_differing(
        _measured(said), _measured(found), lambda: map(_measured, others()), _untrained(record)
    )
    return compared(
        "retrained metrics",
        holds=not wrong,
        same=f"how good the models of {len(said.rounds)} rounds and of pooled training are",
        different=f"{evidence.TRAINING}: {', '.join(wrong[:5])}",
    )


def _untrained(record: TrainingRecord) -> set[str]:
    """Name the accuracies of rounds that left the model as it was before the first."""
    before = [round_.global_before for round_ in record.rounds]
    after = enumerate([*before[1:], record.final])
    return {
        f"rounds[{place}].accuracy_ppm"
        for place, model in after
        if np.array_equal(model, before[0])
    }


def _measured(said: TrainingDocument) -> dict[str, object]:
    """Give what is measured: digests of floats trained elsewhere are others."""
    digests = {"update_digests", "update_root"}
    return dict(said.model_dump(exclude={"rounds": {"__all__": digests}}))
