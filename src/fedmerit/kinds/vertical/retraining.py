"""Checks of a vertical run by doing it all again: alignment, training, every coalition, shap.

Noise that protects somebody comes from nobody's seed: a run under noise cannot be repeated, and
what depends on it is said to be unchecked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.numbers import differing
from fedmerit.auditing.tolerances import GAIN_TOLERANCE, MODEL_TOLERANCE
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle import vertical_schemas as joint
from fedmerit.errors import AuditImpossible, DataError
from fedmerit.federation.vertical.alignment.alignment import align
from fedmerit.kinds.vertical.explaining import attributed, used
from fedmerit.kinds.vertical.privacy import is_noised
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.kinds.vertical.tables import mean_game, read_table, summarise
from fedmerit.kinds.vertical.training import (
    learn,
    training_document,
    vertical_document,
)
from fedmerit.kinds.vertical.valuing import embedded_gains, retrained_gains
from fedmerit.kinds.vertical.wiring import assemble, federation_document, task_of
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.incentives import RecordedGame
    from fedmerit.kinds.vertical.tables import Summary
    from fedmerit.kinds.vertical.training import Learned
    from fedmerit.kinds.vertical.wiring import VerticalFederation


#: How far means over all rows and the spread of values may be off on another machine.
_MEAN_TOLERANCE: Final = 1e-5
_SPREAD_TOLERANCE: Final = 0.02
#: A variance of so many billionths may be off by one of them.
_LEAST: Final = 1 / _SPREAD_TOLERANCE

_NOISED: Final = (
    "noise that protects somebody comes from the operating system and cannot be drawn again: the "
    "model, its attributions and the coalitions are as the committee signed them"
)


def check_retraining(bundle: Bundle) -> Iterator[Check]:
    """Align and train again, the run and every coalition, and compare.

    Raises:
        AuditImpossible: The data are not here.
    """
    federation, task = _aligned(bundle)
    said = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    found = federation_document(federation, task)
    wrong = differing(said.model_dump(), found.model_dump(), 0)
    yield compared(
        "data and owners",
        holds=not wrong,
        same=f"the tables align again; the common rows hash to {found.data_digest}",
        different=f"{evidence.FEDERATION}: {', '.join(wrong)}",
    )
    if said.data_digest != found.data_digest:
        return
    if is_noised(vertical_of(bundle.scenario)):
        yield Check("retraining", "skipped", _NOISED)
    else:
        yield from _repeated(bundle, federation, task)


def measured_again(bundle: Bundle) -> tuple[str, Callable[[], RecordedGame]]:
    """Align again: give the digest of the common rows, and what measures every coalition on them.

    The game is the one that the parties are paid by.

    Raises:
        AuditImpossible: The data are not here, or noise protects somebody.
    """
    if is_noised(vertical_of(bundle.scenario)):
        raise AuditImpossible(_NOISED, hint="Audit without --spot-checks.")
    federation, task = _aligned(bundle)
    digest = federation_document(federation, task).data_digest
    return digest, lambda: _paid(bundle, federation, task)


def _paid(bundle: Bundle, federation: VerticalFederation, task: VerticalTask) -> RecordedGame:
    paid = bundle.scenario.valuation
    if paid.game == "embeddings":
        gains = embedded_gains(
            task, learn(task, federation.learner, bundle.scenario).trained.embeddings
        )
    else:
        gains = retrained_gains(federation, task, bundle.scenario)
    kept = summarise(gains, paid.method, paid.label_policy)
    return mean_game(task.participants, kept, paid.label_policy)


def _aligned(bundle: Bundle) -> tuple[VerticalFederation, VerticalTask]:
    """Read and align the owners' tables again."""
    scenario = bundle.scenario
    try:
        federation = assemble(scenario)
        rows = align(federation.keys, label_holder=federation.participants[0]).rows
        known = {name: own for name, own in rows.items() if own is not None}
        return federation, task_of(federation, scenario, known)
    except DataError as error:
        raise AuditImpossible(
            f"cannot retrain without the data: {error}",
            hint="Put the tables where scenario.toml says, or audit without retraining.",
        ) from error


def _repeated(
    bundle: Bundle, federation: VerticalFederation, task: VerticalTask
) -> Iterator[Check]:
    learned = learn(task, federation.learner, bundle.scenario)
    yield _metrics(bundle, federation, task, learned)
    gains = retrained_gains(federation, task, bundle.scenario)
    yield _gains(bundle, "retrained coalitions", joint.RETRAINED, gains)
    if (bundle.path / joint.EMBEDDED).is_file() or learned.trained.embeddings:
        seen = embedded_gains(task, learned.trained.embeddings)
        yield _gains(bundle, "coalitions of embeddings", joint.EMBEDDED, seen)
    yield _attribution(bundle, federation, task, learned)


def _metrics(
    bundle: Bundle, federation: VerticalFederation, task: VerticalTask, learned: Learned
) -> Check:
    scenario = bundle.scenario
    kept = bundle.document(joint.MESSAGES, joint.MessagesDocument)
    recorded = bundle.document(joint.VERTICAL, joint.VerticalDocument)
    recomputed = vertical_document(scenario, federation, task, learned, kept)
    pairs = (
        (
            bundle.document(evidence.TRAINING, evidence.TrainingDocument),
            training_document(task, learned, kept),
        ),
        (recorded, recomputed),
    )
    wrong = [
        place
        for said, found in pairs
        for place in differing(said.model_dump(), found.model_dump(), round(GAIN_TOLERANCE * MICRO))
    ]
    if recorded.exposures != recomputed.exposures:  # counts have no tolerance
        wrong.append("exposures")
    return compared(
        "retrained metrics",
        holds=not wrong,
        same="areas, accuracies and log-likelihoods of the federated and of the joined model, and "
        "what each party could solve for",
        different=f"{joint.VERTICAL} or {evidence.TRAINING}: {', '.join(wrong[:5])}",
    )


def _gains(bundle: Bundle, name: str, file: str, found: Matrix) -> Check:
    """Sum up gains measured again, and compare: means, and what errors are computed from."""
    asked = bundle.scenario.valuation
    ours = summarise(found, asked.method, asked.label_policy)
    theirs = read_table(bundle, file, len(ours.given_nano))
    apart = float(np.abs(theirs.worths_micro - ours.worths_micro).max()) / MICRO
    spread = spread_apart(theirs, ours)
    return compared(
        name,
        holds=apart <= _MEAN_TOLERANCE and spread <= _SPREAD_TOLERANCE,
        same=f"{len(found)}, their means at most {apart:.1e} apart (tolerance {_MEAN_TOLERANCE}) "
        f"and the spread of values {spread:.1%} ({_SPREAD_TOLERANCE:.0%})",
        different=f"a mean in {file} is {apart:.1e} off, the spread of values {spread:.1%}",
    )


def spread_apart(theirs: Summary, ours: Summary) -> float:
    """Give how far the kept spread is off, as a share of what it is: each party's of its own."""
    sizes = {
        "given_nano": ours.given_nano,
        "mandatory_nano": ours.mandatory_nano,
        "values_nano": np.sqrt(np.outer(*[ours.values_nano.diagonal().astype(np.float64)] * 2)),
        "pairs_nano": ours.pairs_nano,
    }
    return max(
        float(
            (np.abs(getattr(theirs, kind) - getattr(ours, kind)) / np.maximum(size, _LEAST)).max()
        )
        for kind, size in sizes.items()
    )


def _attribution(
    bundle: Bundle, federation: VerticalFederation, task: VerticalTask, learned: Learned
) -> Check:
    """Explain the model again; the pictures are the libraries' and are not compared."""
    said = bundle.document(joint.OPINIONS, joint.OpinionsDocument)
    made = attributed(learned.trained.parameters, federation, task, seed=bundle.scenario.seed)
    found = used(made, task)
    ours = {(use.owner, use.column): use.importance_nano for use in found["columns"]}
    theirs = {(use.owner, use.column): use.importance_nano for use in said.columns}
    tolerance = round(MODEL_TOLERANCE * NANO)
    wrong = differing(said.by_owner_nano, found["by_owner_nano"], tolerance, "by_owner_nano")
    wrong += differing(
        tuple(sorted(theirs.items())), tuple(sorted(ours.items())), tolerance, "columns"
    )
    return compared(
        "recomputed attributions",
        holds=not wrong and said.explained_rows == found["explained_rows"],
        same=f"what shap says of {len(ours)} columns on {said.explained_rows} rows",
        different=f"{joint.OPINIONS}: {', '.join(wrong[:3])}",
    )
