"""Checks of a recorded run with its files at hand: nothing is trained, all is measured again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.auditing.metrics import metrics_differing
from fedmerit.auditing.numbers import differing, exact
from fedmerit.auditing.verdict import compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.training import read_rounds
from fedmerit.errors import AuditImpossible, DataError
from fedmerit.kinds.horizontal.remeasured import Remeasured, check_measured, judged_cells
from fedmerit.kinds.horizontal.valuing import gradients, played
from fedmerit.kinds.recorded.document import RECORDED, RecordedDocument
from fedmerit.kinds.recorded.training import final_of, kept_run, recorded_document, training_of
from fedmerit.kinds.recorded.wiring import federation_document, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.auditing.floats import Judged
    from fedmerit.auditing.parts import Measure
    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation import Round
    from fedmerit.kinds.recorded.wiring import Opened


def check_retraining(bundle: Bundle) -> Iterator[Check]:
    """Hold the kept rounds against the files, and measure every recorded coalition again.

    Raises:
        AuditImpossible: The files are not here.
    """
    run = _opened(bundle)
    said = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    found = federation_document(run)
    wrong = differing(said.model_dump(), found.model_dump(), exact)
    yield compared(
        "data and members",
        holds=not wrong,
        same=f"who takes part; the validation rows hash to {found.data_digest}",
        different=f"{evidence.FEDERATION}: {', '.join(wrong)}",
    )
    if said.data_digest != found.data_digest or said.names != found.names:
        return
    yield _files(bundle, run)
    kept = kept_run(bundle, run.consortium)
    told = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    again = training_of(kept, run.consortium)
    off = metrics_differing(told.model_dump(), again.model_dump(), lambda: iter(()))
    yield compared(
        "recomputed metrics",
        holds=not off,
        same=f"accuracy and log-likelihood of {len(told.rounds)} rounds",
        different=f"{evidence.TRAINING}: {', '.join(off[:5])}",
    )
    rounds = played(kept, run.consortium, bundle.scenario)
    yield from check_measured(bundle, run.consortium, kept, rounds, gradients(rounds))


def measured_again(bundle: Bundle) -> tuple[str, Measure]:
    """Open the files again: give the digest of the rows, and what measures coalitions on them.

    Raises:
        AuditImpossible: The files are not here.
    """
    run = _opened(bundle)

    def measure(
        coalitions: NDArray[np.bool_], gains_micro: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], Judged]:
        again = Remeasured(bundle, run.consortium, kept_run(bundle, run.consortium))
        found = again.judged(coalitions, gains_micro)
        return found.ours, found.of

    return federation_document(run).data_digest, measure


def cells_judged(bundle: Bundle, places: NDArray[np.int64]) -> Judged:
    """Measure coalitions of rounds again, each in its own round.

    Args:
        bundle: Whose.
        places: Of the coalitions in ``rounds.safetensors``.

    Raises:
        AuditImpossible: The files are not here.
    """
    consortium = _opened(bundle).consortium
    return judged_cells(bundle, consortium, kept_run(bundle, consortium), places)


def _opened(bundle: Bundle) -> Opened:
    try:
        return opened(bundle.scenario)
    except DataError as error:
        raise AuditImpossible(
            f"cannot measure without the run's files: {error}",
            hint="Lay them where scenario.toml says, or audit without measuring again.",
        ) from error


def _files(bundle: Bundle, run: Opened) -> Check:
    """Hold every kept round against the files, one at a time."""
    kept, wrong, last = read_rounds(bundle), [], None
    try:
        for ours, theirs in zip(kept, run.rounds(), strict=True):
            last = theirs
            if not _same(ours, theirs):
                wrong.append(f"round {theirs.number}")
        final = final_of(run, last)
        if not np.array_equal(bundle.tensors(evidence.MODEL)["parameters"], final):
            wrong.append("the last model")
    except (DataError, ValueError) as error:  # of another number of rounds, too
        wrong.append(str(error))
    if bundle.document(RECORDED, RecordedDocument) != recorded_document(run):
        wrong.append("weights")
    return compared(
        "updates of the files",
        holds=not wrong,
        same=f"{len(kept)} rounds, to the last bit",
        different=f"kept is something else than in {run.files.directory}: {', '.join(wrong)}",
    )


def _same(ours: Round, theirs: Round) -> bool:
    return all(
        np.array_equal(getattr(ours, name), getattr(theirs, name))
        for name in ("global_before", "updates", "weights")
    )
