"""From a scenario to owners of rows that can train: a model, settings, a committee."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from fedmerit.bundle.schemas import (
    FederationDocument,
    MemberDocument,
    QuantityDocument,
    SharedRowsDocument,
)
from fedmerit.canonical import digest
from fedmerit.errors import ScenarioError, TrainingError, suggestion
from fedmerit.federation import (
    BEHAVIOURS,
    BUILTIN,
    DropOut,
    Federation,
    ModelSpec,
    Partition,
    Role,
    TrainingSettings,
    UnderEffort,
    federate,
    load_builtin,
    network,
    read_table,
    rehearse_metric,
)
from fedmerit.federation.data.columns import Choice
from fedmerit.federation.data.content import content_of, counted_rows, shared_rows
from fedmerit.federation.data.sponsored import read_test_table
from fedmerit.federation.horizontal.sampling import present
from fedmerit.kinds.reading import dialect_of
from fedmerit.stages.agreeing import agreed_parts
from fedmerit.stages.names import check_names, named_committee, threshold

if TYPE_CHECKING:
    from fedmerit import federation as federated
    from fedmerit.federation import Behaviour, Table
    from fedmerit.scenario.model import Data, Member, Scenario


#: What a coalition may be asked.
_GAMES: Final = frozenset({"retraining", "rounds"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consortium:
    """A scenario, made ready to train.

    Attributes:
        federation: The members and their rows.
        model: What they train.
        settings: How.
        committee: Members whose keys sign the report.
        threshold: Signatures needed.
    """

    federation: Federation
    model: ModelSpec
    settings: TrainingSettings
    committee: tuple[str, ...]
    threshold: int

    @property
    def participants(self) -> tuple[str, ...]:
        """The members' names, in the order that every document keeps."""
        return self.federation.participants

    @property
    def declared_rows(self) -> dict[str, int]:
        """How many rows each declares, in the same order."""
        return {member.name: member.declared_rows for member in self.federation.members}


def assemble(scenario: Scenario) -> Consortium:
    """Read the data, deal it out and check every name that *scenario* uses.

    Raises:
        FedmeritError: The scenario cannot be run; the error says what to change.
    """
    check_names(
        scenario,
        games=_GAMES,
        label_policies=("given",),
        members="owners of rows",
        local_steps=True,
    )
    federation = _as_agreed(scenario, federation_of(scenario))
    _check_spans(scenario, federation)
    chosen = scenario.model
    spec = ModelSpec(kind=chosen.kind, hidden=chosen.hidden, arguments=chosen.arguments)
    settings = TrainingSettings(**scenario.training.model_dump())
    built = network(federation, spec, seed=scenario.seed, device=settings.device)  # or fails now
    rehearse_metric(federation, built, scenario.valuation.metric)
    committee = committee_of(scenario, federation)
    return Consortium(
        federation=federation,
        model=spec,
        settings=settings,
        committee=committee,
        threshold=threshold(scenario, committee),
    )


def _as_agreed(scenario: Scenario, federation: Federation) -> Federation:
    """Let everybody take the part of the local steps that it agreed to, where there is one."""
    if scenario.offers.keys() != set(federation.participants):
        return federation  # without everybody's offer nothing is agreed, and the check says so
    declared = {member.name: member.declared_rows for member in federation.members}
    shared = shared_rows([content_of(m.features, m.labels) for m in federation.members])
    counted = counted_rows(tuple(declared.values()), shared)
    parts = agreed_parts(scenario, declared, dict(zip(declared, counted, strict=True)))
    if parts is None:
        return federation
    return replace(
        federation,
        members=tuple(_working(member, parts[member.name]) for member in federation.members),
    )


def _working(member: federated.Member, part: float) -> federated.Member:
    if not part:
        return replace(member, behaviour=DropOut(rate=1.0))  # nobody asked it to do anything
    return replace(member, behaviour=UnderEffort(effort=part, otherwise=member.behaviour))


def federation_of(scenario: Scenario) -> Federation:
    """Read the data, and deal it out to the members.

    Raises:
        FedmeritError: They cannot be read, or nobody could train on them.
    """
    table, test = _tables(scenario.data)
    return federate(
        table,
        test=test,
        seed=scenario.seed,
        partition=_partition(scenario.data),
        validation_share=scenario.data.validation_share,
        roles=[_role(member) for member in scenario.members],
        split=scenario.data.split,
    )


def data_digest(federation: Federation) -> str:
    """Give the Keccak-256 of all rows that are trained on or measured with, hex."""
    arrays = [(member.features, member.labels) for member in federation.members]
    arrays.append((federation.validation_features, federation.validation_labels))
    parts = (
        f"{x.shape}".encode()
        + x.astype("<f4").tobytes()
        + y.astype("<i8" if federation.classes else "<f4").tobytes()
        for x, y in arrays
    )
    return digest(b"".join(parts))


class Assembled(Protocol):
    """Owners of rows, and who signs for them."""

    @property
    def federation(self) -> Federation:
        """The members and their rows."""

    @property
    def committee(self) -> tuple[str, ...]:
        """Members whose keys sign the report."""

    @property
    def threshold(self) -> int:
        """Signatures needed."""


def federation_document(scenario: Scenario, consortium: Assembled) -> FederationDocument:
    """Say who takes part, with what."""
    federation = consortium.federation
    count = len(federation.members)
    brought = np.bincount(federation.validation_owners, minlength=count + 1)
    behaviours = scenario.behaviours
    return FederationDocument(
        members=tuple(
            MemberDocument(
                name=member.name,
                behaviour=behaviours.get(member.name, "honest"),
                rows=len(member.labels),
                declared_rows=member.declared_rows,
                validation_rows=int(own),
            )
            for member, own in zip(federation.members, brought[:count], strict=True)
        ),
        classes=federation.classes,
        features=federation.feature_names,
        data_digest=data_digest(federation),
        committee=consortium.committee,
        threshold=consortium.threshold,
        notes=federation.notes,
        quantity=QuantityDocument.of(federation.quantity),
        sponsor_rows=int(brought[count]) or None,
        shared=_shared(federation),
    )


def _shared(federation: Federation) -> tuple[SharedRowsDocument, ...]:
    names = federation.participants
    found = shared_rows([content_of(m.features, m.labels) for m in federation.members])
    return tuple(
        SharedRowsDocument(names=tuple(names[place] for place in places), rows=rows)
        for places, rows in found.items()
    )


def _check_spans(scenario: Scenario, federation: Federation) -> None:
    """Refuse members that no round has, and rounds that no member has.

    Raises:
        ScenarioError: With the member or the round.
    """
    rounds, spans = scenario.training.rounds, [member.span for member in federation.members]
    late = {n: first for n, (first, _) in scenario.spans.items() if first > rounds}
    for name, first in late.items():
        raise ScenarioError(
            f"{name} joins in round {first}, and training.rounds is {rounds}: it would be there "
            "in no round",
            hint=f"Set from_round to {rounds} or less, or leave the member out.",
        )
    for number in range(1, rounds + 1):
        if not present(spans, number).any():
            raise ScenarioError(
                f"nobody is there in round {number} of {rounds}",
                hint="Let somebody join earlier or leave later, or train for fewer rounds.",
            )


def _table(data: Data) -> Table:
    if data.source in BUILTIN:
        return load_builtin(data.source)
    path = Path(data.source)
    if not path.suffix and not path.exists():
        return load_builtin(data.source)  # its error names the nearest shipped table
    if data.label is None:
        raise ScenarioError(
            f"data.label is missing: which column of {path.name} is to be predicted?",
            hint='Add label = "..." below [data].',
        )
    return read_table(
        path,
        label=data.label,
        participant=data.participant,
        positive=data.positive,
        target=data.target,
        missing=data.missing,
        choice=Choice(columns=data.columns, ignore=data.ignore, dates=data.dates),
        dialect=dialect_of(data),
    )


def _tables(data: Data) -> tuple[Table, Table | None]:
    """Read what members train on, and the sponsor's test rows, if there are any."""
    table = _table(data)
    if not data.validation:
        return table, None
    if not table.label:
        raise ScenarioError(
            f"data.validation names a test table, and {data.source!r} is a shipped one",
            hint="Leave it out, or name a table of your own as data.source.",
        )
    test = read_test_table(
        Path(data.validation),
        table,
        positive=data.positive,
        impute=data.missing == "impute",
        dialect=dialect_of(data),
    )
    return table, test


def _partition(data: Data) -> Partition | None:
    return Partition(**data.partition.model_dump()) if data.partition else None


def _role(member: Member) -> Role:
    return Role(
        name=member.name,
        behaviour=_behaviour(member),
        rows_from=member.rows_from,
        row_count=member.row_count or 0,
        copy_of=member.copy_of,
        declared_rows=member.declared_rows,
        from_round=member.span[0],
        until_round=member.span[1],
    )


def _behaviour(member: Member) -> Behaviour:
    if member.behaviour not in BEHAVIOURS:
        raise TrainingError(
            f"no behaviour is called {member.behaviour!r}",
            hint=suggestion(member.behaviour, BEHAVIOURS),
        )
    arguments: dict[str, dict[str, float | str]] = {
        "label-flip": {"share": member.flip_share},
        "disguised-rider": {"noise": member.noise, "copied": member.copied},
        "feature-noise": {"noise": member.noise},
        "update-noise": {"noise": member.noise},
        "under-effort": {"effort": member.effort},
        "drop-out": {"rate": member.drop_rate},
        "faulty": {"kind": member.fault},
    }
    return BEHAVIOURS[member.behaviour](**arguments.get(member.behaviour, {}))


def committee_of(scenario: Scenario, federation: Federation) -> tuple[str, ...]:
    """Give the named committee, or every honest member with validation rows.

    Where those are the sponsor's, every honest member.
    """
    names = federation.participants
    if named := named_committee(scenario, names):
        return named
    misbehaving = {n for n, kind in scenario.behaviours.items() if kind != "honest"}
    owners = set(federation.validation_owners.tolist())
    if len(names) in owners:  # the sponsor's rows: members bring none
        return tuple(n for n in names if n not in misbehaving)
    return tuple(n for i, n in enumerate(names) if i in owners and n not in misbehaving)
