"""The train stage of a vertical run: align, train on protected numbers, and say what was said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.schemas import (
    FEDERATION,
    RUN,
    TRAINING,
    RoundDocument,
    RunDocument,
    TrainingDocument,
    micro,
)
from fedmerit.bundle.training import base_rate, measures
from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.federation.vertical.exposures import check_exposures, exposures
from fedmerit.federation.vertical.yardstick import (
    is_approximate,
    joined_scores,
    measured,
    ordinary_scores,
    untrained,
)
from fedmerit.kinds.vertical.joining import joined
from fedmerit.kinds.vertical.message_totals import exchange, protocols
from fedmerit.kinds.vertical.models import write_models
from fedmerit.kinds.vertical.portable import descriptions
from fedmerit.kinds.vertical.processes import PARTIES, private_folder
from fedmerit.kinds.vertical.protocols import terms_of
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.kinds.vertical.tables import write_table
from fedmerit.kinds.vertical.valuing import embedded_gains
from fedmerit.kinds.vertical.wiring import assemble, federation_document, task_of
from fedmerit.provenance import versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.federation.vertical.yardstick import Measures
    from fedmerit.federation.wire.transcript import Transcript
    from fedmerit.kinds.vertical.protocols import Learner, Trained
    from fedmerit.kinds.vertical.wiring import VerticalFederation
    from fedmerit.progress import Advance
    from fedmerit.scenario.model import Scenario

#: Alignment and training.
_STEPS: Final = 2


class Quality(NamedTuple):
    """How good models are on the validation rows.

    Attributes:
        before: Of the labels' rate alone.
        after: Of the federated model.
        joined: Of the joined table's, which nobody has, by the run's loss.
        ordinary: Of ordinary logistic regression on it, where that is another loss.
    """

    before: Measures
    after: Measures
    joined: Measures
    ordinary: Measures | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a training came to.

    Attributes:
        trained: By the protocol.
        quality: Of the model, and of what it is held against.
    """

    trained: Trained
    quality: Quality


def train(bundle: Bundle, advance: Advance) -> None:
    """Align the owners' rows, train on them, and keep what was said and learned."""
    scenario = bundle.scenario
    federation = assemble(scenario)
    bundle.write_document(
        RUN, RunDocument(scenario=scenario.name, seed=scenario.seed, versions=versions())
    )
    aligned = joined(federation.holdings, vertical_of(scenario))
    rows = {name: own for name, own in aligned.rows.items() if own is not None}
    task = task_of(federation, scenario, rows)
    bundle.write_document(FEDERATION, federation_document(federation, task))
    show_parts = vertical_of(scenario).reveal_scores
    check_exposures(
        task,
        federation.learner.settings,
        show_parts=show_parts,
        repeats=scenario.valuation.repeats,
    )
    advance(1, _STEPS)
    learned = learn(task, federation.learner, scenario, folder=private_folder(bundle, PARTIES))
    transcripts = {"alignment": aligned.transcript, **learned.trained.transcripts}
    bundle.write_document(joint.MESSAGES, messages(transcripts))
    write_models(bundle, learned.trained.parameters, descriptions(scenario, federation, task))
    if learned.trained.embeddings:
        write_table(bundle, joint.EMBEDDED, embedded_gains(task, learned.trained.embeddings))
    advance(2, _STEPS)
    said = bundle.document(joint.MESSAGES, joint.MessagesDocument)
    bundle.write_document(
        joint.VERTICAL, vertical_document(scenario, federation, task, learned, said)
    )
    bundle.write_document(TRAINING, training_document(task, learned, said))


def learn(
    task: VerticalTask, learner: Learner, scenario: Scenario, *, folder: Path | None = None
) -> Learned:
    """Train, and measure the model beside the one of the joined table.

    Args:
        task: Whose columns.
        learner: The protocol.
        scenario: Whose seed decides.
        folder: Where owners keep what they need to go on after a break, and work if they are
            processes of their own; without, they are threads that keep nothing, which changes no
            number.
    """
    trained = learner.learn(task, seed=scenario.seed, folder=folder)
    labels, settings = task.held_out_labels, learner.settings
    joined = joined_scores(task, settings, seed=scenario.seed)
    compared = [untrained(task, settings), trained.scores, joined]
    if is_approximate(settings):
        compared.append(ordinary_scores(task, settings))
    quantity = task.quantity is not None
    found = (measured(labels, scores, quantity=quantity) for scores in compared)
    return Learned(trained, Quality(*found))


def _area(of: Measures | None) -> int | None:
    return None if of is None or of.area is None else micro(of.area)


def messages(transcripts: Mapping[str, Transcript]) -> joint.MessagesDocument:
    """Give every message of every protocol, by its digest."""
    return joint.MessagesDocument(
        protocols={
            name: tuple(joint.EntryDocument(**asdict(entry)) for entry in transcript.entries)
            for name, transcript in transcripts.items()
        }
    )


def vertical_document(
    scenario: Scenario,
    federation: VerticalFederation,
    task: VerticalTask,
    learned: Learned,
    said: joint.MessagesDocument,
) -> joint.VerticalDocument:
    """Say who holds which columns, what was said, and what it came to."""
    asked = vertical_of(scenario)
    label, feature = (
        None if epsilon is None else micro(epsilon)
        for epsilon in terms_of(asked).epsilons(asked, scenario.valuation.repeats)
    )
    columns = {each.party: each.names for each in task.parties}
    return joint.VerticalDocument(
        protocol=asked.protocol,
        label_holder=task.label_holder,
        owners=tuple(
            joint.OwnerDocument(
                name=held.party,
                table_rows=len(held.keys),
                columns=tuple(map(str, held.features)),
                inputs=columns[held.party],
            )
            for held in federation.holdings
        ),
        common=len(task.labels) + len(task.held_out_labels),
        epochs=learned.trained.epochs,
        key_bits=asked.key_bits if terms_of(asked).encrypts(asked) else 0,
        protocols=protocols(said),
        area_ppm=_area(learned.quality.after),
        joined_area_ppm=_area(learned.quality.joined),
        logistic_area_ppm=_area(learned.quality.ordinary),
        label_epsilon_micro=label,
        feature_epsilon_micro=feature,
        delta_ppm=micro(DELTA),
        exposures=tuple(
            joint.ExposureDocument(
                party=seen.party,
                secret=seen.secret,
                by=seen.by,
                bits=seen.bits,
                of=seen.of,
                guess_ppm=micro(seen.guess),
                agreed=seen.agreed,
                colluding=seen.colluding,
            )
            for seen in exposures(
                task,
                federation.learner.settings,
                show_parts=asked.reveal_scores,
                repeats=scenario.valuation.repeats,
            )
        ),
    )


def training_document(
    task: VerticalTask, learned: Learned, said: joint.MessagesDocument
) -> TrainingDocument:
    """Say how good the model is, in the form that owners of rows have, too."""
    before, after, joined, _ = learned.quality
    return TrainingDocument(
        rounds=(
            RoundDocument(
                round=1,
                excluded={},
                sampled=task.participants,
                **measures(after),
                **exchange(said, task.participants),
            ),
        ),
        parameters=sum(v.size for own in learned.trained.parameters.values() for v in own.values()),
        **{f"initial_{name}": value for name, value in measures(before).items()},
        **{f"pooled_{name}": value for name, value in measures(joined).items()},
        base_rate_ppm=None if task.quantity else base_rate(task.held_out_labels),
        by_owner_micro={},
        stop_reason="rounds",
        idle=(),
    )
