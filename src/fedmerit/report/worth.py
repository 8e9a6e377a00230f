"""The sections on what members are worth, how sure that is, and where it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.report import doubts, figures, sentences, tables
from fedmerit.report.figures.contributions import evaluators_of
from fedmerit.report.layout import Chart, Section
from fedmerit.report.theme import UPRIGHT
from fedmerit.report.units import unit

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import ValuationDocument
    from fedmerit.report.findings import Findings

#: As many columns of a heat map fit a phone.
_FITTING: Final = 3
#: Pixels of the rows' names, and of a column whose title is slanted or stands upright.
_NAMES: Final = 130
_SLANTED: Final = 70
_ABREAST: Final = 96
#: Of more members not every pair is drawn and tabulated.
_PAIRED: Final = 16


def contributed(findings: Findings) -> Section:
    """Show the values, and what simpler answers would give."""
    valuation = findings.valuation
    return Section(
        id="contributed",
        title="What each contributed",
        text=sentences.valuing(findings),
        callouts=tuple(sentences.free_riders(findings)),
        charts=(
            Chart(
                id="chart-contributions",
                title="Value of each member",
                alt="Bars of each member's value with its interval.",
                figure=figures.contributions(valuation),
            ),
            Chart(
                id="chart-baselines",
                title="The values against simpler answers",
                alt="A point for each member's value, and below it marks for leave-one-out, its "
                "worth alone, shares by declared rows, equal shares and gradient alignment.",
                figure=figures.comparison(valuation),
            ),
        ),
        tables=(tables.contributions(valuation),),
    )


def sure(findings: Findings) -> Section:
    """Show how sure the values and their order are."""
    valuation = findings.valuation
    paired = 1 < len(valuation.participants) <= _PAIRED
    drawn = len(valuation.trace) > 1
    return Section(
        id="sure",
        title="How sure that is",
        text=sentences.trusting(findings, paired=paired),
        charts=(
            *((_ranks(valuation),) if paired else ()),
            *((_convergence(valuation),) if drawn else ()),
        ),
        tables=(
            doubts.ranks(valuation),
            *((doubts.outranking(valuation),) if paired else ()),
            *((doubts.convergence(valuation),) if drawn else ()),
        ),
        closing=() if valuation.interactions else (sentences.not_completing(valuation),),
    )


def _ranks(valuation: ValuationDocument) -> Chart:
    return Chart(
        id="chart-ranks",
        title="How probable it is that the row's member is above the column's",
        alt="A grid of members by members in the order of their values: cool where the order of "
        "the two is sure, the warmer the less it is.",
        figure=figures.ranks(valuation),
        least_width=_width(len(valuation.participants) - 1),
        wide=True,
    )


def _convergence(valuation: ValuationDocument) -> Chart:
    return Chart(
        id="chart-convergence",
        title="The values while the budget was spent",
        alt="One line a member over the groups measured.",
        figure=figures.convergence(valuation),
        by_member=True,
        wide=True,
    )


def together(findings: Findings) -> Section:
    """Show which pairs complete each other; nothing where that is not known."""
    valuation, found = findings.valuation, findings.valuation.interactions
    title = "Who completes whom"
    if found is None:
        return Section(id="together", title=title, text=[])
    columns = len(valuation.participants)
    return Section(
        id="together",
        title=title,
        text=sentences.completing(valuation, found),
        charts=(
            Chart(
                id="chart-interactions",
                title=f"What each pair adds together, in {unit(valuation).short}",
                alt="A grid of members by members: cool where two complete each other, warm "
                "where one can stand in for the other.",
                figure=figures.interactions(valuation, found),
                least_width=_width(columns),
            ),
        ),
        tables=(doubts.interactions(valuation, found),),
    )


def helped(findings: Findings) -> Section:
    """Show the values of each round, where any was valued."""
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


def judged(findings: Findings) -> Section:
    """Show on whose rows the values show."""
    valuation = findings.valuation
    if not evaluators_of(valuation):  # every worth is 0, on everybody's rows
        return Section(id="judged", title="Whose rows decide whose pay", text=[])
    columns = len(figures.evaluators(valuation).data[0].x) + 1
    return Section(
        id="judged",
        title="Whose rows decide whose pay",
        text=sentences.judging(findings),
        charts=(
            Chart(
                id="chart-evaluators",
                title=f"What each evaluator's rows add to each value, in {unit(valuation).short}",
                alt="A grid of members by evaluators; lines add up to the members' values.",
                figure=figures.evaluators(valuation),
                least_width=_width(columns),
            ),
        ),
        tables=(tables.evaluators(valuation),),
    )


def _width(columns: int) -> int:
    """Give the pixels below which a heat map of so many columns scrolls; 0 if it fits."""
    column = _SLANTED if columns > UPRIGHT else _ABREAST
    return _NAMES + column * columns if columns > _FITTING else 0
