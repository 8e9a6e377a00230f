"""The sections of the report, in reading order: text, charts, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.report import figures, joint, offers, records, sentences, tables, worth
from fedmerit.report.layout import Chart, Section

if TYPE_CHECKING:
    from fedmerit.report.findings import Findings, Joint


def sections(findings: Findings) -> list[Section]:
    """Give all sections, in reading order."""
    if findings.joint is not None:
        return _of_columns(findings, findings.joint)
    found = [
        worth.contributed(findings),
        worth.sure(findings),
        worth.together(findings),
        *_offers(findings),
        _paid(findings),
        _why(findings),
        _learned(findings),
        worth.helped(findings),
        worth.judged(findings),
        _members(findings),
        _draw(findings),
        _ledger(findings),
        _checking(findings),
    ]
    return [section for section in found if section.charts or section.tables]


def _of_columns(findings: Findings, found: Joint) -> list[Section]:
    """Give the sections of a vertical run, in reading order."""
    return [
        worth.contributed(findings),
        worth.sure(findings),
        worth.together(findings),
        *joint.sections(findings, found),
        *_offers(findings),
        _paid(findings),
        _why(findings),
        _draw(findings),
        _ledger(findings),
        _checking(findings),
    ]


def _offers(findings: Findings) -> tuple[Section, ...]:
    return (offers.offers(findings, findings.bids),) if findings.bids else ()


def _paid(findings: Findings) -> Section:
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


def _why(findings: Findings) -> Section:
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
        tables=(tables.payout(findings.valuation, findings.outcome),),
    )


def _learned(findings: Findings) -> Section:
    training = findings.training
    alt = "A line over the rounds, beside the untrained model and training on pooled data."
    return Section(
        id="learned",
        title="How the model learned",
        text=sentences.learning(findings),
        charts=(
            Chart(
                id="chart-likelihood",
                title="Log-likelihood",
                alt=alt,
                figure=figures.log_likelihood(training),
            ),
            Chart(
                id="chart-accuracy", title="Accuracy", alt=alt, figure=figures.accuracy(training)
            ),
            Chart(
                id="chart-own-rows",
                title="Log-likelihood on each member's own validation rows",
                alt="A line a member over the rounds: how well the joint model fits its rows.",
                figure=figures.own_rows(training, findings.valuation.participants),
            ),
        ),
        tables=(
            records.learning(training),
            records.own_rows(training, findings.valuation.participants),
        ),
    )


def _members(findings: Findings) -> Section:
    return Section(
        id="members",
        title="Members",
        text=sentences.gathering(findings),
        tables=(records.members(findings.federation, findings.training),),
    )


def _draw(findings: Findings) -> Section:
    return Section(
        id="draw",
        title="The draw",
        text=sentences.drawing(findings),
        tables=(records.stakes(findings),),
    )


def _ledger(findings: Findings) -> Section:
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


def _checking(findings: Findings) -> Section:
    return Section(
        id="check",
        title="How to check this",
        text=sentences.checking(findings),
        tables=(records.provenance(findings),),
        closing=tuple(sentences.limits(findings)),
    )
