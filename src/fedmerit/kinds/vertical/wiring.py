"""From a scenario to what a vertical protocol takes: owners' tables, settings, a committee."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import FederationDocument, MemberDocument, QuantityDocument
from fedmerit.canonical import digest
from fedmerit.errors import DataError, ScenarioError, suggestion
from fedmerit.federation.data.columns import Choice
from fedmerit.federation.data.files import Sheet, read_sheet
from fedmerit.federation.data.problems import Problems
from fedmerit.federation.vertical import tables
from fedmerit.federation.vertical.keys import unmet
from fedmerit.federation.vertical.shipped import WIDE, Part, deal
from fedmerit.kinds.reading import dialect_of
from fedmerit.kinds.vertical.alternative_values import GAMES
from fedmerit.kinds.vertical.joining import joined_in_the_clear, known_to_all, strangers
from fedmerit.kinds.vertical.protocols import learner_of
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.stages.names import check_names, named_committee, threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.tables import Holding
    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.kinds.vertical.protocols import Learner
    from fedmerit.scenario.columns import Owner, Vertical
    from fedmerit.scenario.model import Data, Scenario


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerticalFederation:
    """A vertical scenario, made ready to train.

    Attributes:
        holdings: Every owner's table, the label holder's first.
        learner: The protocol that they train by.
        committee: Owners whose keys sign the report.
        threshold: Signatures needed.
        notes: What was recognised, changed, left out and filled in on reading the tables.
        own_files: Owners whose keys stand in a file of their own.
    """

    holdings: tuple[Holding, ...]
    learner: Learner
    committee: tuple[str, ...]
    threshold: int
    notes: tuple[str, ...] = ()
    own_files: frozenset[str] = frozenset()

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

    def told_of_keys(self, common: int) -> tuple[str, ...]:
        """Tell each owner of a file of whose keys few are known to all what its own look like."""
        return unmet(
            {name: own for name, own in self.keys.items() if name in self.own_files}, common
        )


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
    if scenario.valuation.metric != "loss":
        raise ScenarioError(
            f"valuation.metric = {scenario.valuation.metric!r} is for owners of rows",
            hint='Set metric = "loss", or leave it out.',
        )
    asked = vertical_of(scenario)
    holdings, notes = _holdings(scenario, asked)
    names = tuple(held.party for held in holdings)
    committee = named_committee(scenario, names) or names
    return VerticalFederation(
        holdings=holdings,
        learner=learner_of(scenario, asked, quantity=holdings[0].predicts_quantity),
        committee=committee,
        threshold=threshold(scenario, committee),
        notes=notes,
        own_files=frozenset(owner.name for owner in asked.owners if owner.source is not None),
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
    common = 0
    try:
        rows = (
            joined_in_the_clear(federation.holdings, vertical_of(scenario))
            if rows is None
            else rows
        )
        common = known_to_all(rows)
        return tables.assemble(
            federation.holdings,
            rows,
            name=scenario.name,
            seed=scenario.seed,
            validation_share=scenario.data.validation_share,
        )
    except DataError as error:
        told = "; ".join(("", *federation.told_of_keys(common)))
        raise DataError(str(error) + told, hint=error.hint) from error


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
        notes=(
            *federation.notes,
            *strangers(task),
            *federation.told_of_keys(len(task.labels) + held_out),
        ),
        quantity=QuantityDocument.of(task.quantity),
    )


def data_digest(task: VerticalTask) -> str:
    """Give the Keccak-256 of all rows that are trained on or measured with, hex."""
    arrays = [part for c in task.parties for part in (c.training, c.held_out)]
    arrays += [task.labels, task.held_out_labels]
    return digest(b"".join(f"{a.shape}".encode() + a.astype("<f4").tobytes() for a in arrays))


def _holdings(scenario: Scenario, asked: Vertical) -> tuple[tuple[Holding, ...], tuple[str, ...]]:
    """Give every owner's table, the label holder's first, and notes on reading them."""
    data = scenario.data
    shared = [owner for owner in asked.owners if owner.source is None]
    dealt: dict[str, Holding] = {}
    notes: list[str] = []
    if shared:
        sheet = _shared_table(data)
        notes += sheet.notes
        dealt = {
            held.party: held
            for held in deal(
                sheet,
                [_part(owner) for owner in shared],
                seed=scenario.seed,
                impute=data.missing == "impute",
                dates=data.dates,
                dialect=dialect_of(data),
            )
        }
    problems = Problems("the scenario")
    holdings = list(dealt.values())
    for owner in asked.owners:
        if owner.name not in dealt:
            with problems.collecting():
                holdings.append(_own(owner, data))
    problems.check()
    found = {held.party: held for held in holdings}
    ordered = sorted(
        (found[owner.name] for owner in asked.owners), key=lambda held: held.labels is None
    )
    # What is shipped is read as it is meant; notes are for what people bring.
    own = [note for held in ordered for note in held.notes if data.source not in WIDE]
    return tuple(ordered), tuple(notes + own)


def _shared_table(data: Data) -> Sheet:
    if data.source in WIDE:
        return Sheet(name=data.source, frame=WIDE[data.source]())
    path = Path(data.source)
    if not path.suffix and not path.exists():
        raise DataError(
            f"no shipped table is called {data.source!r}", hint=suggestion(data.source, WIDE)
        )
    return read_sheet(path, dialect_of(data))


def _part(owner: Owner) -> Part:
    return Part(
        party=owner.name,
        columns=owner.columns,
        noise=owner.noise_columns,
        coverage=owner.coverage,
        label=owner.label,
        positive=owner.positive,
        target=owner.target,
    )


def _own(owner: Owner, data: Data) -> Holding:
    """Read an owner's own file."""
    dialect = dialect_of(data)
    sheet = read_sheet(Path(owner.source or ""), dialect)
    wanted = [*owner.key, *owner.columns, *([owner.label] if owner.label else [])]
    if twice := [name for name in wanted if wanted.count(name) > 1]:
        raise DataError(
            f"{owner.name} names the column {twice[0]!r} twice among its key, columns and label",
            hint="Name each column once: a key or a label is no column to learn from.",
        )
    if absent := [name for name in wanted if name not in sheet.frame.columns]:
        raise DataError(
            f"the table of {owner.name} has no column {', '.join(map(repr, absent))}",
            hint=suggestion(absent[0], map(str, sheet.frame)),
        )
    frame = sheet.frame[wanted] if owner.columns else sheet.frame
    return tables.holding(
        replace(sheet, frame=frame),
        party=owner.name,
        key=owner.key,
        label=owner.label,
        positive=owner.positive,
        target=owner.target,
        choice=Choice(
            columns=owner.columns,
            dates=data.dates,
            impute=data.missing == "impute",
            section="[[vertical.owners]]",
        ),
        dialect=dialect,
        aggregate=owner.aggregate,
    )
