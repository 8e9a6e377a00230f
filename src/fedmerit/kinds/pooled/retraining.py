"""Checks of pooled rows by doing it all again: their digests, and every coalition's estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.auditing.floats import by_row, judged, nudges
from fedmerit.auditing.metrics import metrics_differing
from fedmerit.auditing.money import slack, weighed
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.directory import COALITIONS
from fedmerit.errors import AuditImpossible, DataError, TrainingError
from fedmerit.kinds.horizontal.encoded import check_data, check_encoding_again
from fedmerit.kinds.horizontal.wiring import federation_document
from fedmerit.kinds.pooled.rows import row_digest
from fedmerit.kinds.pooled.training import training_of
from fedmerit.kinds.pooled.valuing import game_of
from fedmerit.kinds.pooled.wiring import assemble
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.auditing.floats import Apart, Judged
    from fedmerit.auditing.parts import Measure
    from fedmerit.bundle.directory import Bundle
    from fedmerit.kinds.pooled.wiring import Pool


def check_retraining(bundle: Bundle) -> Iterator[Check]:
    """Fit the estimator to all rows and to every recorded coalition's again, and compare.

    Raises:
        AuditImpossible: The data or the estimator are not here.
    """
    pool = _pool(bundle)
    if not (yield from check_data(bundle, federation_document(bundle.scenario, pool))):
        return
    yield from check_encoding_again(bundle, pool.federation)
    yield _rows(bundle, pool)
    yield _metrics(bundle, pool)
    yield _coalitions(bundle, pool)


def measured_again(bundle: Bundle) -> tuple[str, Measure]:
    """Assemble again: give the digest of the rows, and what measures coalitions on them.

    Raises:
        AuditImpossible: The data or the estimator are not here.
    """
    pool = _pool(bundle)

    def measure(
        coalitions: NDArray[np.bool_], gains_micro: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], Judged]:
        ours, found, _ = _judged(bundle, pool, coalitions, gains_micro)
        return ours, found

    return federation_document(bundle.scenario, pool).data_digest, measure


def _pool(bundle: Bundle) -> Pool:
    try:
        return assemble(bundle.scenario)
    except (DataError, TrainingError) as error:
        raise AuditImpossible(
            f"cannot fit again: {error}",
            hint="Put the table where scenario.toml says, with the estimator's package, or audit "
            "without training again.",
        ) from error


def _rows(bundle: Bundle, pool: Pool) -> Check:
    """Hold each member's committed digest against its rows."""
    [round_] = bundle.document(evidence.TRAINING, evidence.TrainingDocument).rounds
    members = pool.federation.members
    wrong = [
        member.name
        for member, said in zip(members, round_.update_digests, strict=True)
        if row_digest(member) != said
    ]
    return compared(
        "committed rows",
        holds=not wrong,
        same=f"the rows of {len(members)} members hash to what they committed to",
        different=f"{evidence.TRAINING} binds other rows of {', '.join(wrong)}",
    )


def _metrics(bundle: Bundle, pool: Pool) -> Check:
    said = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    seed = bundle.scenario.seed
    found = training_of(pool, seed)

    def others() -> Iterator[object]:
        for number in nudges():
            yield training_of(pool, seed, number).model_dump()

    wrong = metrics_differing(said.model_dump(), found.model_dump(), others)
    return compared(
        "retrained metrics",
        holds=not wrong,
        same="accuracy and log-likelihood of the estimator on all rows",
        different=f"{evidence.TRAINING}: {', '.join(wrong[:5])}",
    )


def _coalitions(bundle: Bundle, pool: Pool) -> Check:
    stored = bundle.tensors(COALITIONS)
    coalitions = stored["coalitions"].astype(np.bool_)
    _, found, apart = _judged(bundle, pool, coalitions, stored["gains_micro"])
    name = "retrained coalitions"
    if not np.array_equal(stored["owners"], pool.federation.validation_owners):
        return Check(name, "differs", f"{COALITIONS} gives validation rows to other owners")
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    if found.holds:
        by = slack(found.mean, found.spread, len(stored["owners"]), said.confidence_ppm)
        return weighed(bundle, name, found, by, f"{len(coalitions)} coalitions")
    worst = coalitions[int(np.abs(apart.means).argmax())]
    names = [n for n, inside in zip(pool.participants, worst, strict=True) if inside]
    detail = f"gains in {COALITIONS}, most of all of {{{', '.join(names)}}}: {found.why}"
    return Check(name, "differs", detail)


def _judged(
    bundle: Bundle,
    pool: Pool,
    coalitions: NDArray[np.bool_],
    gains_micro: NDArray[np.int64],
) -> tuple[NDArray[np.float64], Judged, Apart]:
    """Measure *coalitions* again, and say whether a rounding explains what is off."""
    seed = bundle.scenario.seed
    ours = game_of(pool, seed).worth_by_row(coalitions)
    apart = by_row(gains_micro / MICRO - ours, coalitions)

    def nudged(number: int) -> Apart:
        moved = game_of(pool, seed, nudge=number)
        return by_row(moved.worth_by_row(coalitions) - ours, coalitions)

    return ours, judged(apart, nudged), apart
