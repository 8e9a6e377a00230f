"""The sections of the report, in reading order: text, charts, tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedmerit.report import figures, records, sentences, tables

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from markupsafe import Markup

    from fedmerit.report.findings import Findings
    from fedmerit.report.tables import Table

#: As many columns of a heat map fit a phone.
_FITTING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure on the page.

    Attributes:
        id: Of its element.
        title: Above it.
        alt: What it shows, for those who do not see it.
        figure: In light colours.
        least_width: In pixels; below it the chart scrolls inside its frame.
        by_member: Whether its legend is the members'; the page then writes it, since
            Plotly's own does not wrap well.
    """

    id: str
    title: str
    alt: str
    figure: go.Figure
    least_width: int = 0
    by_member: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading of the report and what stands under it.

    Attributes:
        id: Of its heading.
        title: The heading.
        text: Paragraphs.
        callouts: Paragraphs that must not be overlooked.
        charts: Side by side where there is room.
        tables: Under them, folded up, except where there is no chart.
        closing: Paragraphs below the tables.
    """

    id: str
    title: str
    text: list[Markup]
    callouts: tuple[Markup, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    closing: tuple[Markup, ...] = ()


def sections(findings: Findings) -> list[Section]:
    """Give all sections, in reading order."""
    found = [
        _contributed(findings),
        _paid(findings),
        _why(findings),
        _learned(findings),
        _helped(findings),
        _judged(findings),
        _members(findings),
        _ledger(findings),
        _checking(findings),
    ]
    return [section for section in found if section.charts or section.tables]


def _contributed(findings: Findings) -> Section:
    valuation = findings.valuation
    return Section(
        id="contributed",
        title="What each contributed",
        text=sentences.valuing(findings),
        callouts=tuple(sentences.free_riders(findings)),
        charts=(
            Chart(
                id="chart-contributions",
                title="Value of each member, and what simpler rules would say",
                alt="Bars of each member's value with its interval, beside leave-one-out, "
                "shares by declared rows and equal shares.",
                figure=figures.contributions(valuation),
            ),
        ),
        tables=(tables.contributions(valuation),),
    )


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
        tables=(tables.payout(findings.outcome),),
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


def _helped(findings: Findings) -> Section:
    valuation = findings.valuation
    chart = Chart(
        id="chart-rounds",
        title="Value of each member's update, round by round",
        alt="One line a member over the rounds, with standard errors.",
        figure=figures.round_values(valuation),
        by_member=True,
    )
    return Section(
        id="helped",
        title="Who helped when",
        text=sentences.helping(findings),
        charts=(chart,) if valuation.curve else (),
        tables=(tables.round_values(valuation),) if valuation.curve else (),
    )


def _judged(findings: Findings) -> Section:
    valuation = findings.valuation
    columns = len(figures.evaluators(valuation).data[0].x) + 1
    return Section(
        id="judged",
        title="Whose rows decide whose pay",
        text=sentences.judging(findings),
        charts=(
            Chart(
                id="chart-evaluators",
                title="What each evaluator's rows add to each value, in milli-nats",
                alt="A grid of members by evaluators; lines add up to the members' values.",
                figure=figures.evaluators(valuation),
                least_width=130 + 72 * columns if columns > _FITTING else 0,
            ),
        ),
        tables=(tables.evaluators(valuation),),
    )


def _members(findings: Findings) -> Section:
    return Section(
        id="members",
        title="Members",
        text=sentences.gathering(findings),
        tables=(records.members(findings.federation, findings.training),),
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
        text=sentences.checking(),
        tables=(records.provenance(findings),),
        closing=tuple(sentences.limits(findings)),
    )
