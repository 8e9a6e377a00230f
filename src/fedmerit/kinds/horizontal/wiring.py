"""From a scenario to owners of rows that can train: a model, settings, a committee."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.bundle.schemas import FederationDocument, MemberDocument
from fedmerit.canonical import digest
from fedmerit.errors import ScenarioError, TrainingError, suggestion
from fedmerit.federation import (
    BEHAVIOURS,
    BUILTIN,
    Federation,
    ModelSpec,
    Partition,
    Role,
    TrainingSettings,
    federate,
    load_builtin,
    network,
    read_table,
)
from fedmerit.federation.data.columns import Choice
from fedmerit.kinds.reading import dialect_of
from fedmerit.stages.names import check_names, named_committee, threshold

if TYPE_CHECKING:
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
    check_names(scenario, games=_GAMES, label_policies=("given",), members="owners of rows")
    roles = [_role(member) for member in scenario.members]
    federation = federate(
        _table(scenario.data),
        seed=scenario.seed,
        partition=_partition(scenario.data),
        validation_share=scenario.data.validation_share,
        roles=roles,
        split=scenario.data.split,
    )
    chosen = scenario.model
    spec = ModelSpec(kind=chosen.kind, hidden=chosen.hidden, arguments=chosen.arguments)
    settings = TrainingSettings(**scenario.training.model_dump())
    network(federation, spec, seed=scenario.seed, device=settings.device)  # fails now if ever
    committee = _committee(scenario, federation)
    return Consortium(
        federation=federation,
        model=spec,
        settings=settings,
        committee=committee,
        threshold=threshold(scenario, committee),
    )


def data_digest(federation: Federation) -> str:
    """Give the Keccak-256 of all rows that are trained on or measured with, hex."""
    arrays = [(member.features, member.labels) for member in federation.members]
    arrays.append((federation.validation_features, federation.validation_labels))
    parts = (
        f"{x.shape}".encode() + x.astype("<f4").tobytes() + y.astype("<i8").tobytes()
        for x, y in arrays
    )
    return digest(b"".join(parts))


def federation_document(scenario: Scenario, consortium: Consortium) -> FederationDocument:
    """Say who takes part, with what."""
    federation = consortium.federation
    brought = np.bincount(federation.validation_owners, minlength=len(federation.members))
    behaviours = scenario.behaviours
    return FederationDocument(
        members=tuple(
            MemberDocument(
                name=member.name,
                behaviour=behaviours.get(member.name, "honest"),
                rows=len(member.labels),
                declared_rows=member.declared_rows,
                validation_rows=int(count),
            )
            for member, count in zip(federation.members, brought, strict=True)
        ),
        classes=federation.classes,
        features=federation.feature_names,
        data_digest=data_digest(federation),
        committee=consortium.committee,
        threshold=consortium.threshold,
        notes=federation.notes,
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


def _committee(scenario: Scenario, federation: Federation) -> tuple[str, ...]:
    """Give the named committee, or every honest member with validation rows."""
    names = federation.participants
    if named := named_committee(scenario, names):
        return named
    misbehaving = {n for n, kind in scenario.behaviours.items() if kind != "honest"}
    owners = set(federation.validation_owners.tolist())
    return tuple(n for i, n in enumerate(names) if i in owners and n not in misbehaving)
