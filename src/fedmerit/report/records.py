"""Tables of what happened: the training, the members, the ledger, the code."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fedmerit.chain import STEPS
from fedmerit.incentives.methods import reads_rounds
from fedmerit.report import quality
from fedmerit.report.figures.ledger import gas_by_step
from fedmerit.report.tables import NONE, Table
from fedmerit.report.units import (
    exact_tokens,
    milli_of_micro,
    moment,
    number,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.bundle.schemas import FederationDocument, TrainingDocument
    from fedmerit.report.findings import Findings

#: Arguments of events that are amounts of the token.
_MONEY = frozenset(
    {"amount", "cumulative", "reward", "roundBudget", "stake", "slash", "bond", "total", "value"}
)

#: Arguments of events that are times of the chain's clock.
_TIMES = frozenset({"commitDeadline", "deadline", "endsAt", "releasedAt", "revealDeadline"})


def learning(training: TrainingDocument, federation: FederationDocument) -> Table:
    """Tabulate the model after every round, and what it is held against."""
    models = {
        "Untrained": quality.untrained(training),
        **{f"Round {each.round}": quality.of_round(each) for each in training.rounds},
    }
    rows = [(name, *quality.cells(model, training, federation)) for name, model in models.items()]
    pooled = quality.cells(quality.pooled(training), training, federation)
    what = "how much is predicted" if quality.of_quantity(training) else "right predictions"
    return Table(
        caption=f"Mean log-likelihood per validation row, and {what}",
        columns=("Model", *quality.columns(training)),
        rows=tuple(rows),
        foot=() if training.delta_ppm is None else ("Pooled training", *pooled),
    )


def own_rows(training: TrainingDocument, participants: tuple[str, ...]) -> Table:
    """Tabulate the joint model on each member's own validation rows, round by round."""
    stages = ("Untrained", *(f"Round {each.round}" for each in training.rounds))
    # A JSON object's order is the alphabet's; members keep theirs.
    curves = {n: training.by_owner_micro[n] for n in participants if n in training.by_owner_micro}
    return Table(
        caption="Mean log-likelihood on each member's own validation rows, in milli-nats",
        columns=("Model", *curves),
        rows=tuple(
            (stage, *(number(milli_of_micro(curve[place]), 1) for curve in curves.values()))
            for place, stage in enumerate(stages)
        ),
    )


def members(
    federation: FederationDocument,
    training: TrainingDocument,
    spans: Mapping[str, tuple[int, int | None]] = MappingProxyType({}),
) -> Table:
    """Tabulate who took part, with what, and what was noticed about it.

    Args:
        federation: Who.
        training: How the model learned.
        spans: The first and the last round of each that is not there in all of them.
    """
    rows = tuple(
        (
            member.name,
            member.behaviour,
            f"{member.rows:,}",
            f"{member.declared_rows:,}",
            f"{member.validation_rows:,}",
            "yes" if member.name in federation.committee else "no",
            _notes(member.name, training, spans.get(member.name)),
        )
        for member in federation.members
    )
    sums = [
        sum(member.rows for member in federation.members),
        sum(member.declared_rows for member in federation.members),
        sum(member.validation_rows for member in federation.members),
    ]
    return Table(
        caption="The members, their rows, and what was noticed",
        columns=(
            "Member",
            "Behaviour",
            "Rows it trains on",
            "Rows it declares",
            "Validation rows",
            "Signs the report",
            "Notes",
        ),
        rows=rows,
        foot=("Sum", "", *(f"{each:,}" for each in sums), "", ""),
        by_member=True,
        prose=frozenset({1, 5, 6}),
    )


def shared_rows(federation: FederationDocument) -> tuple[Table, ...]:
    """List the rows that several members train on, if there are any."""
    if not federation.shared:
        return ()
    return (
        Table(
            caption="Rows that several members train on, alike to the last bit; a mechanism that "
            "pays for rows counts each of them once, in equal parts",
            columns=("Members", "Rows"),
            rows=tuple((", ".join(s.names), f"{s.rows:,}") for s in federation.shared),
            prose=frozenset({0}),
        ),
    )


def notes(federation: FederationDocument) -> tuple[Table, ...]:
    """List what was recognised and changed on reading the tables, if anything was."""
    if not federation.notes:
        return ()
    rows = tuple((f"{number}", note) for number, note in enumerate(federation.notes, start=1))
    return (
        Table(
            caption="What was recognised, left out and filled in on reading",
            columns=("", "Note"),
            rows=rows,
            prose=frozenset({1}),
            shown=True,
        ),
    )


def gas(findings: Findings) -> Table:
    """Tabulate what each step of the settlement cost."""
    spent = gas_by_step(findings.transactions)
    sums = [sum(column) for column in zip(*spent.values(), strict=True)]
    return Table(
        caption="Transactions of the settlement and their gas",
        columns=("Step", "Transactions", "Gas"),
        rows=tuple(
            (STEPS.get(step, step), f"{sent:,}", f"{total:,}")
            for step, (sent, total) in spent.items()
        ),
        foot=("Sum", *(f"{each:,}" for each in sums)),
    )


def addresses(findings: Findings) -> Table:
    """Tabulate who is who on the chain, and what each account holds now."""
    balances = {address.lower(): held for address, held in findings.ledger.balances.items()}
    rows = [
        (
            name,
            role,
            address,
            exact_tokens(balances[key]) if (key := address.lower()) in balances else NONE,
        )
        for name, role, address in _people(findings)
    ]
    rows += [
        (name, "contract", address, NONE) for name, address in findings.receipt.addresses.items()
    ]
    return Table(
        caption="Accounts and contracts",
        columns=("Who", "What", "Address", "Holds, tokens"),
        rows=tuple(rows),
        prose=frozenset({1, 2}),
    )


def events(findings: Findings) -> Table:
    """Tabulate the job's events as the contracts emitted them, addresses as names."""
    known = {address.lower(): name for name, _, address in _people(findings)}
    contracts = findings.receipt.addresses.items()
    known |= {address.lower(): name for name, address in contracts}
    return Table(
        caption="Events of the job, as the chain holds them; amounts in tokens",
        columns=("Block", "Time, UTC", "Contract", "Event", "Says"),
        rows=tuple(
            (
                str(event.block),
                moment(event.timestamp),
                event.contract,
                event.name,
                ", ".join(
                    f"{key} {_said(key, value, known)}" for key, value in event.arguments.items()
                ),
            )
            for event in findings.ledger.events
        ),
        prose=frozenset({2, 3, 4}),
    )


def stakes(findings: Findings) -> Table:
    """Tabulate who had a part in the draw, and what became of its stake."""
    drawn, receipt = findings.drawn, findings.receipt
    return Table(
        caption="The members' part in the draw, and their stakes, in tokens",
        columns=("Member", "Showed its secret", "Lost", "Has back"),
        rows=tuple(
            (
                name,
                ("yes" if name in drawn.revealed else "no") if drawn.draws else NONE,
                exact_tokens(drawn.slashed.get(name, 0)),
                exact_tokens(receipt.stakes[name]),
            )
            for name in findings.federation.names
        ),
        prose=frozenset({1}),
    )


def provenance(findings: Findings) -> Table:
    """Tabulate what one needs to know to get the same numbers."""
    valuation, training = findings.valuation, findings.training
    rows = [
        ("Seed of the scenario", str(findings.run.seed)),
        *((f"Version of {name}", version) for name, version in findings.run.versions.items()),
        ("Game", f"{valuation.game}, metric {valuation.metric}"),
        ("Valuation method", f"{valuation.method}, seed {valuation.seed}"),
        (
            "Coalitions of rounds evaluated"
            if reads_rounds(valuation.method)
            else "Coalitions evaluated",
            f"{valuation.evaluations:,} of at most {valuation.budget:,}",
        ),
        ("Validation rows", f"{findings.validation_rows:,}"),
        ("Reward mechanism", findings.outcome.mechanism),
        ("Model parameters", f"{training.parameters:,}"),
        ("Digest of the data", findings.federation.data_digest),
        ("Digest of the manifest", findings.digest),
        ("Root of the payments", findings.receipt.root),
        ("Chain and job", f"chain {findings.receipt.chain_id}, job {findings.receipt.job}"),
    ]
    return Table(
        caption="What made these numbers",
        columns=("What", "Which"),
        rows=tuple(rows),
        prose=frozenset({1}),
    )


def _people(findings: Findings) -> list[tuple[str, str, str]]:
    receipt = findings.receipt
    return [
        ("Sponsor", "pays the budget", receipt.sponsor),
        ("Coordinator", "runs the training", receipt.coordinator),
        *((name, "member", receipt.accounts[name]) for name in findings.federation.names),
    ]


def _said(key: str, value: Any, known: Mapping[str, str]) -> str:  # noqa: ANN401 - any argument
    if isinstance(value, list | tuple):
        return "(" + ", ".join(_said(key, each, known) for each in value) + ")"
    if isinstance(value, dict):
        inner = (f"{name} {_said(name, each, known)}" for name, each in value.items())
        return "(" + ", ".join(inner) + ")"
    if isinstance(value, str):
        return known.get(value.lower(), shortened(value))
    if key in _TIMES:
        return f"{moment(value)} UTC"
    return exact_tokens(value) if key in _MONEY else str(value)


def _notes(name: str, training: TrainingDocument, span: tuple[int, int | None] | None) -> str:
    refused: dict[str, list[str]] = {}
    for each in training.rounds:
        if name in each.excluded:
            refused.setdefault(each.excluded[name], []).append(str(each.round))
    notes = [f"refused in round {', '.join(rounds)}: {why}" for why, rounds in refused.items()]
    first, last = span or (1, None)
    there = [each for each in training.rounds if first <= each.round <= (last or each.round)]
    if span:
        to = f"to {last}" if last else "on"
        notes.append(f"there from round {first} {to}: {len(there)} of {len(training.rounds)}")
    rested = sum(name not in each.sampled for each in there)
    if rested:
        notes.append(f"not drawn in {rested} of {len(there)} rounds")
    if name in training.idle:
        notes.insert(0, "every update was zero")
    return "; ".join(notes) or NONE
