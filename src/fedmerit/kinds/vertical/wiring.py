"""From a scenario to what a vertical protocol takes: owners' tables, settings, a committee."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import FederationDocument, MemberDocument
from fedmerit.canonical import digest
from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data.tables import read_file
from fedmerit.federation.vertical import tables
from fedmerit.federation.vertical.alignment.alignment import align_in_the_clear
from fedmerit.federation.vertical.shipped import WIDE, Part, deal
from fedmerit.kinds.vertical.alternative_values import GAMES
from fedmerit.kinds.vertical.protocols import learner_of
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.stages.names import check_names, named_committee, threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.tables import Holding
    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.kinds.vertical.protocols import Learner
    from fedmerit.scenario.columns import Owner, Vertical
    from fedmerit.scenario.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerticalFederation:
    """A vertical scenario, made ready to train.

    Attributes:
        holdings: Every owner's table, the label holder's first.
        learner: The protocol that they train by.
        committee: Owners whose keys sign the report.
        threshold: Signatures needed.
    """

    holdings: tuple[Holding, ...]
    learner: Learner
    committee: tuple[str, ...]
    threshold: int

    @property
    def participants(self) -> tuple[str, ...]:
        """The owners' names, in the order that every document keeps."""
        return tuple(held.party for held in self.holdings)

    @property
    def declared_rows(self) -> dict[str, int]:
        """How many people each owner knows, in the same order."""
        return {held.party: len(held.keys) for held in self.holdings}

    @property
    def settings(self) -> RegressionSettings | SplitSettings:
        """How they train."""
        return self.learner.settings

    @property
    def keys(self) -> dict[str, tuple[object, ...]]:
        """Every owner's keys."""
        return {held.party: held.keys for held in self.holdings}


def assemble(scenario: Scenario) -> VerticalFederation:
    """Read every owner's table, and check every name that *scenario* uses.

    Raises:
        FedmeritError: The scenario cannot be run; the error says what to change.
    """
    check_names(
        scenario,
        games=GAMES,
        label_policies=("given", "mandatory"),
        members="owners of columns",
    )
    asked = vertical_of(scenario)
    holdings = _holdings(scenario, asked)
    names = tuple(held.party for held in holdings)
    committee = named_committee(scenario, names) or names
    return VerticalFederation(
        holdings=holdings,
        learner=learner_of(scenario, asked),
        committee=committee,
        threshold=threshold(scenario, committee),
    )


def task_of(
    federation: VerticalFederation,
    scenario: Scenario,
    rows: Mapping[str, NDArray[np.int64]] | None = None,
) -> VerticalTask:
    """Put the owners' tables into the form that training takes.

    Args:
        federation: Of the scenario.
        scenario: Whose seed picks the validation rows.
        rows: By party, the rows about the common people, as the alignment found them; looked
            up in the clear without, by one who may see all keys.

    Raises:
        DataError: A key is missing or repeated, or too few people are common.
    """
    return tables.assemble(
        federation.holdings,
        align_in_the_clear(federation.keys) if rows is None else rows,
        name=scenario.name,
        seed=scenario.seed,
        validation_share=scenario.data.validation_share,
    )


def federation_document(federation: VerticalFederation, task: VerticalTask) -> FederationDocument:
    """Say who takes part, with what: all validation rows are the label holder's."""
    held_out = len(task.held_out_labels)
    return FederationDocument(
        members=tuple(
            MemberDocument(
                name=held.party,
                behaviour="honest",
                rows=len(task.labels),
                declared_rows=len(held.keys),
                validation_rows=held_out if held.party == task.label_holder else 0,
            )
            for held in federation.holdings
        ),
        classes=federation.holdings[0].classes,
        features=tuple(f"{c.party}: {name}" for c in task.parties for name in c.names),
        data_digest=data_digest(task),
        committee=federation.committee,
        threshold=federation.threshold,
    )


def data_digest(task: VerticalTask) -> str:
    """Give the Keccak-256 of all rows that are trained on or measured with, hex."""
    arrays = [part for c in task.parties for part in (c.training, c.held_out)]
    arrays += [task.labels, task.held_out_labels]
    return digest(b"".join(f"{a.shape}".encode() + a.astype("<f4").tobytes() for a in arrays))


def _holdings(scenario: Scenario, asked: Vertical) -> tuple[Holding, ...]:
    impute = scenario.data.missing == "impute"
    shared = [owner for owner in asked.owners if owner.source is None]
    dealt: dict[str, Holding] = {}
    if shared:
        parts = [_part(owner) for owner in shared]
        table = _shared_table(scenario.data.source)
        found = deal(table, parts, seed=scenario.seed, impute=impute)
        dealt = {held.party: held for held in found}
    holdings = [
        dealt[owner.name] if owner.name in dealt else _own(owner, impute=impute)
        for owner in asked.owners
    ]
    return tuple(sorted(holdings, key=lambda held: held.labels is None))


def _shared_table(source: str) -> pd.DataFrame:
    if source in WIDE:
        return WIDE[source]()
    path = Path(source)
    if not path.suffix and not path.exists():
        raise DataError(f"no shipped table is called {source!r}", hint=suggestion(source, WIDE))
    return read_file(path)


def _part(owner: Owner) -> Part:
    return Part(
        party=owner.name,
        columns=owner.columns,
        noise=owner.noise,
        coverage=owner.coverage,
        label=owner.label,
        positive=owner.positive,
    )


def _own(owner: Owner, *, impute: bool) -> Holding:
    """Read an owner's own file."""
    frame = read_file(Path(owner.source or ""), text=owner.key)
    wanted = [*owner.key, *owner.columns, *([owner.label] if owner.label else [])]
    if twice := [name for name in wanted if wanted.count(name) > 1]:
        raise DataError(
            f"{owner.name} names the column {twice[0]!r} twice among its key, columns and label",
            hint="Name each column once: a key or a label is no column to learn from.",
        )
    if absent := [name for name in wanted if name not in frame.columns]:
        raise DataError(
            f"the table of {owner.name} has no column {absent[0]!r}",
            hint=suggestion(absent[0], map(str, frame)),
        )
    return tables.holding(
        frame[wanted] if owner.columns else frame,
        party=owner.name,
        key=owner.key,
        label=owner.label,
        positive=owner.positive,
        impute=impute,
    )
