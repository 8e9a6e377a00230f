"""Checks of a vertical run by doing it all again: alignment, training, every coalition, shap.

Noise that protects somebody comes from nobody's seed: a run under noise cannot be repeated, and
what depends on it is said to be unchecked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.floats import MEAN, by_coalition, by_row, judged, nudges
from fedmerit.auditing.metrics import metrics_differing
from fedmerit.auditing.money import Slack, slack, weighed
from fedmerit.auditing.numbers import differing, distances, exact
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle import vertical_schemas as joint
from fedmerit.coalitions import every_coalition
from fedmerit.errors import AuditImpossible, DataError
from fedmerit.kinds.vertical.explaining import attributed, used
from fedmerit.kinds.vertical.joining import joined
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
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from fedmerit.auditing.floats import Apart, Judged
    from fedmerit.auditing.parts import Measure
    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.incentives import RecordedGame
    from fedmerit.kinds.vertical.tables import Summary
    from fedmerit.kinds.vertical.training import Learned
    from fedmerit.kinds.vertical.wiring import VerticalFederation


#: Share by which the spread of values may be off on another machine.
_SPREAD: Final = 1e-5
#: Billionths by which a variance may be off, however small it is: both are rounded.
_UNITS: Final = 2
#: Billionths of log-odds by which an attribution may be.
_ATTRIBUTION: Final = 1000

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
    wrong = differing(said.model_dump(), found.model_dump(), exact)
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


def measured_again(bundle: Bundle) -> tuple[str, Measure]:
    """Align again: give the digest of the common rows, and what measures every coalition on them.

    The game is the one that the parties are paid by.

    Raises:
        AuditImpossible: The data are not here, or noise protects somebody.
    """
    if is_noised(vertical_of(bundle.scenario)):
        raise AuditImpossible(_NOISED, hint="Audit without --spot-checks.")
    federation, task = _aligned(bundle)
    digest = federation_document(federation, task).data_digest

    def measure(
        coalitions: NDArray[np.bool_], gains_micro: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], Judged]:
        ours = _paid(bundle, federation, task).worth_by_row(coalitions)
        return ours, judged(by_row(gains_micro / MICRO - ours, coalitions))

    return digest, measure


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
        rows = joined(federation.holdings, vertical_of(scenario)).rows
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
    again = _Again(bundle, federation, task)
    learned = again.learned()
    yield _metrics(again, learned)
    yield _gains(again, "retrained coalitions", joint.RETRAINED, again.retrained)
    if (bundle.path / joint.EMBEDDED).is_file() or learned.trained.embeddings:
        yield _gains(again, "coalitions of embeddings", joint.EMBEDDED, again.embedded)
    yield _attribution(again, learned)


class _Again:
    """A vertical run done again, as it was or from moved initial parameters."""

    def __init__(self, bundle: Bundle, federation: VerticalFederation, task: VerticalTask) -> None:
        self.bundle, self.task = bundle, task
        self._federation = federation
        self._learned: dict[int, Learned] = {}

    @property
    def nudges(self) -> tuple[int, ...]:
        """Numbers of moved trainings to hold differences against; regressions have no kinks."""
        kinks = self._federation.learner.nudged(1) is not None
        return nudges() if kinks else ()

    def federation(self, nudge: int = 0) -> VerticalFederation:
        moved = self._federation.learner.nudged(nudge) if nudge else None
        return replace(self._federation, learner=moved) if moved else self._federation

    def learned(self, nudge: int = 0) -> Learned:
        if nudge not in self._learned:
            learner = self.federation(nudge).learner
            self._learned[nudge] = learn(self.task, learner, self.bundle.scenario)
        return self._learned[nudge]

    def retrained(self, nudge: int = 0) -> Summary:
        gains = retrained_gains(self.federation(nudge), self.task, self.bundle.scenario)
        return self._summed(gains)

    def embedded(self, nudge: int = 0) -> Summary:
        return self._summed(embedded_gains(self.task, self.learned(nudge).trained.embeddings))

    def _summed(self, gains: Matrix) -> Summary:
        asked = self.bundle.scenario.valuation
        return summarise(gains, asked.method, asked.label_policy)


def _metrics(again: _Again, learned: Learned) -> Check:
    kept = again.bundle.document(joint.MESSAGES, joint.MessagesDocument)
    said = {
        evidence.TRAINING: again.bundle.document(evidence.TRAINING, evidence.TrainingDocument),
        joint.VERTICAL: again.bundle.document(joint.VERTICAL, joint.VerticalDocument),
    }

    def found(of: Learned) -> dict[str, object]:
        federation, scenario = again.federation(), again.bundle.scenario
        return {
            evidence.TRAINING: training_document(again.task, of, kept).model_dump(),
            joint.VERTICAL: vertical_document(
                scenario, federation, again.task, of, kept
            ).model_dump(),
        }

    wrong = metrics_differing(
        {name: document.model_dump() for name, document in said.items()},
        found(learned),
        lambda: (found(again.learned(number)) for number in again.nudges),
    )
    recomputed = vertical_document(
        again.bundle.scenario, again.federation(), again.task, learned, kept
    )
    recorded = again.bundle.document(joint.VERTICAL, joint.VerticalDocument)
    if recorded.exposures != recomputed.exposures:  # counts have no tolerance
        wrong = [*wrong, "exposures"]
    return compared(
        "retrained metrics",
        holds=not wrong,
        same="areas, accuracies and log-likelihoods of the federated and of the joined model, and "
        "what each party could solve for",
        different=", ".join(wrong[:5]),
    )


def _gains(again: _Again, name: str, file: str, measure: Callable[[int], Summary]) -> Check:
    """Sum up gains measured again, and compare: means, and what errors are computed from."""
    ours = measure(0)
    theirs = read_table(again.bundle, file, len(ours.given_nano))
    repeats = len(ours.by_repeat_micro)
    if len(theirs.by_repeat_micro) != repeats:
        said = f"{len(theirs.by_repeat_micro)} repeats of the training, and there are {repeats}"
        return Check(name, "differs", f"{file} holds {said}")
    moved = (lambda number: _apart(ours, measure(number))) if again.nudges else None
    found = judged(_apart(ours, theirs), moved, mean=MEAN, spread=_SPREAD)
    if not found.holds:
        return Check(name, "differs", f"{file}: {found.why}")
    times = f" in {repeats} trainings" if repeats > 1 else ""
    what = f"{len(ours.worths_micro)}{times}, their means and the spread of values"
    return weighed(again.bundle, name, found, _slack(again.bundle, found), what)


def _apart(ours: Summary, theirs: Summary) -> Apart:
    """Give how far a game's sums are from another's; the spread is of all coalitions at once."""
    worths = (theirs.by_repeat_micro - ours.by_repeat_micro).ravel() / MICRO
    spreads = np.full(len(worths), spread_apart(theirs, ours))
    every = every_coalition(len(ours.given_nano))
    return by_coalition(worths, spreads, np.tile(every, (len(ours.by_repeat_micro), 1)))


def _slack(bundle: Bundle, found: Judged) -> Slack:
    """Give what is let through of a value, and of its interval."""
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    rows = max(members.members[0].validation_rows, 1)
    wider = slack(found.mean, (_UNITS / NANO) ** 0.5, rows, said.confidence_ppm, said.repeats)
    share = round(max(said.half_widths) * found.spread)
    return wider._replace(half_width=wider.half_width + share)


def spread_apart(theirs: Summary, ours: Summary) -> float:
    """Give how far the kept spread is off, as a share of what it is: each party's of its own."""
    sizes = {
        "given_nano": ours.given_nano,
        "mandatory_nano": ours.mandatory_nano,
        "values_nano": np.sqrt(np.outer(*[ours.values_nano.diagonal().astype(np.float64)] * 2)),
        "pairs_nano": ours.pairs_nano,
    }
    least = _UNITS / _SPREAD
    return max(
        float((np.abs(getattr(theirs, kind) - getattr(ours, kind)) / np.maximum(size, least)).max())
        for kind, size in sizes.items()
    )


def _attribution(again: _Again, learned: Learned) -> Check:
    """Explain the model again; the pictures are the libraries' and are not compared."""
    said = again.bundle.document(joint.OPINIONS, joint.OpinionsDocument)
    theirs, ours = _used(said.model_dump()), _explained(again, learned)
    allowed = _ATTRIBUTION
    if any((apart.by or 0) > allowed for apart in distances(theirs, ours)):
        for number in again.nudges:
            other = _explained(again, again.learned(number))
            by = (apart.by or 0 for apart in distances(other, ours))
            allowed = max(allowed, 2 * max(by, default=0))
    wrong = differing(theirs, ours, lambda place: 0 if place == "explained_rows" else allowed)
    return compared(
        "recomputed attributions",
        holds=not wrong,
        same=f"what shap says of {len(said.columns)} columns on {said.explained_rows} rows, to "
        f"{allowed} billionths",
        different=f"{joint.OPINIONS}: {', '.join(wrong[:3])}",
    )


def _explained(again: _Again, learned: Learned) -> dict[str, object]:
    seed = again.bundle.scenario.seed
    made = attributed(learned.trained.parameters, again.federation(), again.task, seed=seed)
    found = used(made, again.task)
    columns = tuple(use.model_dump() for use in found["columns"])
    return _used({**found, "columns": columns})


def _used(said: Mapping[str, Any]) -> dict[str, object]:
    """Give what is said of columns by their names: ties may be sorted otherwise."""
    each = {f"{use['owner']}: {use['column']}": use["importance_nano"] for use in said["columns"]}
    return {
        "columns": dict(sorted(each.items())),
        "by_owner_nano": said["by_owner_nano"],
        "explained_rows": said["explained_rows"],
    }
