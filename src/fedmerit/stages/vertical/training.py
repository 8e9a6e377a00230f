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
from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.federation.vertical.alignment.alignment import align
from fedmerit.federation.vertical.equations import check_exposures, exposures
from fedmerit.federation.vertical.regression.parts import show_parts
from fedmerit.federation.vertical.regression.regression import train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.vertical.yardstick import joined_scores, measured, untrained
from fedmerit.provenance import versions
from fedmerit.stages.vertical.message_totals import exchange, protocols
from fedmerit.stages.vertical.models import write_models
from fedmerit.stages.vertical.privacy import epsilons
from fedmerit.stages.vertical.processes import PARTIES, train_processes
from fedmerit.stages.vertical.tables import write_table
from fedmerit.stages.vertical.valuing import embedded_gains
from fedmerit.stages.vertical.wiring import assemble, federation_document, task_of, vertical_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.federation.vertical.yardstick import Measures
    from fedmerit.federation.wire.transcript import Transcript
    from fedmerit.scenario.model import Scenario
    from fedmerit.stages.chains import Advance
    from fedmerit.stages.vertical.models import Parameters
    from fedmerit.stages.vertical.wiring import VerticalFederation

#: Alignment and training.
_STEPS: Final = 2


class Quality(NamedTuple):
    """How good models are on the validation rows.

    Attributes:
        before: Of the labels' rate alone.
        after: Of the federated model.
        joined: Of the joined table's, which nobody has.
    """

    before: Measures
    after: Measures
    joined: Measures


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a protocol came to.

    Attributes:
        quality: Of the model, and of what it is held against.
        parameters: By party, and by name.
        epochs: Passes over the training rows.
        embeddings: What the label holder saw of each party; empty where it saw nothing.
        transcripts: What was said, by protocol.
    """

    quality: Quality
    parameters: Parameters
    epochs: int
    embeddings: Mapping[str, Embeddings]
    transcripts: Mapping[str, Transcript]


def train(bundle: Bundle, advance: Advance) -> None:
    """Align the owners' rows, train on them, and keep what was said and learned."""
    scenario = bundle.scenario
    federation = assemble(scenario)
    bundle.write_document(
        RUN, RunDocument(scenario=scenario.name, seed=scenario.seed, versions=versions())
    )
    aligned = align(federation.keys, label_holder=federation.participants[0])
    rows = {name: own for name, own in aligned.rows.items() if own is not None}
    task = task_of(federation, scenario, rows)
    bundle.write_document(FEDERATION, federation_document(federation, task))
    show_parts = vertical_of(scenario).show_parts
    check_exposures(task, federation.settings, seed=scenario.seed, show_parts=show_parts)
    advance(1, _STEPS)
    learned = learn(task, federation.settings, scenario, folder=bundle.path / PARTIES)
    transcripts = {"alignment": aligned.transcript, **learned.transcripts}
    bundle.write_document(joint.MESSAGES, messages(transcripts))
    write_models(bundle, learned.parameters)
    if learned.embeddings:
        write_table(bundle, joint.EMBEDDED, embedded_gains(task, learned.embeddings))
    advance(2, _STEPS)
    document = bundle.document(joint.MESSAGES, joint.MessagesDocument)
    bundle.write_document(
        joint.VERTICAL, vertical_document(scenario, federation, task, learned, document)
    )
    bundle.write_document(TRAINING, training_document(task, learned, document))


def learn(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    scenario: Scenario,
    *,
    folder: Path | None = None,
) -> Learned:
    """Train by the protocol that *settings* are of.

    Args:
        task: Whose columns.
        settings: How.
        scenario: Says whether owners are processes of their own.
        folder: Where those work in; without, they are threads of this process, which
            changes no number.
    """
    if not isinstance(settings, RegressionSettings):
        split = train_split(task, settings, seed=scenario.seed)
        return Learned(
            _quality(task, settings, split.scores, scenario),
            split.bottoms,
            settings.epochs,
            split.embeddings,
            {"training": split.transcript},
        )
    asked = vertical_of(scenario)
    if asked.processes and folder is not None:
        found = train_processes(task, settings, folder, seed=scenario.seed)
    else:
        found = train_regression(task, settings, seed=scenario.seed)
    transcripts, embeddings = {"training": found.transcript}, {}
    if asked.show_parts:
        shown = show_parts(task, found.weights)
        transcripts["parts"] = shown.transcript
        embeddings = dict(shown.results[task.label_holder])
    parameters = {name: {"weights": own} for name, own in found.weights.items()}
    quality = _quality(task, settings, found.scores, scenario)
    return Learned(quality, parameters, found.epochs, embeddings, transcripts)


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
    document: joint.MessagesDocument,
) -> joint.VerticalDocument:
    """Say who holds which columns, what was said, and what it came to."""
    asked = vertical_of(scenario)
    encrypted = asked.protocol == "regression" or asked.forward == "encrypted"
    label, feature = epsilons(asked)
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
        epochs=learned.epochs,
        key_bits=asked.key_bits if encrypted else 0,
        protocols=protocols(document),
        area_ppm=micro(learned.quality.after.area),
        joined_area_ppm=micro(learned.quality.joined.area),
        label_epsilon_micro=label,
        feature_epsilon_micro=feature,
        delta_ppm=micro(DELTA),
        exposures=tuple(
            joint.ExposureDocument(
                party=seen.party,
                secret=seen.secret,
                equations=seen.equations,
                unknowns=seen.unknowns,
                agreed=seen.agreed,
            )
            for seen in exposures(
                task, federation.settings, seed=scenario.seed, show_parts=asked.show_parts
            )
        ),
    )


def training_document(
    task: VerticalTask, learned: Learned, document: joint.MessagesDocument
) -> TrainingDocument:
    """Say how good the model is, in the form that owners of rows have, too."""
    before, after, joined = learned.quality
    return TrainingDocument(
        rounds=(
            RoundDocument(
                round=1,
                excluded={},
                sampled=task.participants,
                log_likelihood_micro=micro(after.log_likelihood),
                accuracy_ppm=micro(after.accuracy),
                **exchange(document, task.participants),
            ),
        ),
        parameters=sum(v.size for own in learned.parameters.values() for v in own.values()),
        initial_log_likelihood_micro=micro(before.log_likelihood),
        initial_accuracy_ppm=micro(before.accuracy),
        pooled_log_likelihood_micro=micro(joined.log_likelihood),
        pooled_accuracy_ppm=micro(joined.accuracy),
        by_owner_micro={},
        stop_reason="rounds",
        idle=(),
    )


def _quality(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    scores: Matrix,
    scenario: Scenario,
) -> Quality:
    labels = task.held_out_labels
    joined = joined_scores(task, settings, seed=scenario.seed)
    return Quality(*(measured(labels, of) for of in (untrained(task, settings), scores, joined)))
