"""The sections that every kind of federation has: payments, the draw, the ledger, checking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.report import figures, offers, records, sentences, tables
from fedmerit.report.layout import Chart, Section
from fedmerit.report.parts import part_of

if TYPE_CHECKING:
    from fedmerit.report.findings import Findings


def bought(findings: Findings) -> tuple[Section, ...]:
    """Show what members ask and what is bought, where anybody was asked."""
    return (offers.offers(findings, findings.bids),) if findings.bids else ()


def paid(findings: Findings) -> Section:
    """Show what each is paid."""
    valuation, outcome = findings.valuation, findings.outcome
    return Section(
        id="paid",
        title="What each is paid",
        text=sentences.paying(findings),
        charts=(
            Chart(
                id="chart-payments",
                title="Payments and reserve",
                alt="Bars of each member's payment in tokens, and of the reserve.",
                figure=figures.payments(outcome),
            ),
            Chart(
                id="chart-price",
                title="Value against payment (dotted: one price for all)",
                alt="One point a member: its value with its interval across, its payment up.",
                figure=figures.value_against_payment(valuation, outcome),
                by_member=True,
            ),
        ),
        tables=(tables.payments(valuation, outcome),),
    )


def why(findings: Findings) -> Section:
    """Show how each payment comes about."""
    return Section(
        id="why",
        title="Why this payout",
        text=sentences.explaining(findings),
        charts=(
            Chart(
                id="chart-waterfall",
                title="From the worth of all to each payment",
                alt="A waterfall: the worth of everyone, the members' values it is made of, "
                "what is set to nothing, what counts, and the budget split.",
                figure=figures.waterfall(findings.valuation, findings.outcome),
            ),
        ),
        tables=(
            tables.payout(findings.valuation, findings.outcome),
            tables.parts(findings.outcome),
        ),
    )


def draw(findings: Findings) -> Section:
    """Show how the seed was drawn."""
    return Section(
        id="draw",
        title="The draw",
        text=sentences.drawing(findings),
        tables=(records.stakes(findings),),
    )


def ledger(findings: Findings) -> Section:
    """Show what the chain recorded."""
    return Section(
        id="ledger",
        title="The ledger",
        text=sentences.settling(findings),
        charts=(
            Chart(
                id="chart-gas",
                title="Gas of each step",
                alt="Bars of the gas that each step of the settlement used.",
                figure=figures.gas(findings.transactions),
            ),
        ),
        tables=(records.gas(findings), records.addresses(findings), records.events(findings)),
    )


def checking(findings: Findings) -> Section:
    """Say how to check all of this."""
    return Section(
        id="check",
        title="How to check this",
        text=part_of(findings.scenario).checking(findings),
        tables=(records.provenance(findings),),
        closing=tuple(sentences.limits(findings)),
    )
