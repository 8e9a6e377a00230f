"""The sections and figures of a run whose members own rows."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.report import figures, quality, records, sentences, tables, worth
from fedmerit.report import sections as common
from fedmerit.report.headline import KeyFigure
from fedmerit.report.layout import Chart, Section
from fedmerit.report.units import number, percent

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.report.findings import Findings

#: What metrics that are means over rows are called, and what one of each is.
_METRICS: Final = MappingProxyType(
    {
        "loss": ("mean log-likelihood per validation row", "a nat"),
        "accuracy": ("accuracy on the validation rows", "a right answer"),
        "squared-error": (
            "mean squared error per validation row, taken off,",
            "the label's variance",
        ),
    }
)


def read(_bundle: Bundle) -> None:
    """Read nothing: rows have no documents of their own."""


def model_figures(findings: Findings) -> tuple[KeyFigure, KeyFigure]:
    """Give the model's accuracy or R squared, and what not pooling the rows costs."""
    training = findings.training
    untrained, reached, pooled = training.quality
    return (
        KeyFigure(
            f"{quality.title(training)} of the joint model",
            percent(reached),
            "",
            f"{percent(untrained)} before training; "
            f"{quality.beside(training, findings.federation)}",
        ),
        KeyFigure("Against pooled training", "Not known", "", "nobody here has the rows")
        if training.delta_ppm is None
        else KeyFigure(
            "Against pooled training",
            number(-training.delta_ppm / 10**4, 1, sign=True),
            "points",
            f"{percent(pooled)} with all rows in one place",
        ),
    )


def sections(findings: Findings) -> list[Section]:
    """Give all sections, in reading order."""
    found = [
        worth.contributed(findings),
        worth.sure(findings),
        worth.together(findings),
        *common.bought(findings),
        common.paid(findings),
        common.why(findings),
        learned(findings),
        worth.helped(findings),
        worth.judged(findings),
        suspected(findings),
        _members(findings),
        common.draw(findings),
        common.ledger(findings),
        common.checking(findings),
    ]
    return [section for section in found if section.charts or section.tables]


def learned(
    findings: Findings,
    alt: str = "A line over the rounds, beside the untrained model and training on pooled data.",
) -> Section:
    """Show how the model learned, round by round.

    Args:
        findings: Of the bundle.
        alt: What the charts show, for those who do not see them.
    """
    training = findings.training
    members = findings.valuation.participants
    own = [records.own_rows(training, members)] if training.by_owner_micro else []
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
                id="chart-accuracy",
                title=quality.title(training),
                alt=alt,
                figure=figures.accuracy(training),
            ),
            *_own_rows(findings),
        ),
        tables=(
            records.learning(training, findings.federation),
            *own,
        ),
    )


def _own_rows(findings: Findings) -> list[Chart]:
    training = findings.training
    if not training.by_owner_micro:  # the sponsor's rows are nobody's own
        return []
    return [
        Chart(
            id="chart-own-rows",
            title="Log-likelihood on each member's own validation rows",
            alt="A line a member over the rounds: how well the joint model fits its rows.",
            figure=figures.own_rows(training, findings.valuation.participants),
        ),
    ]


def suspected(findings: Findings) -> Section:
    """Show who looks as if it did not play fair."""
    found = findings.valuation.suspicion
    return Section(
        id="suspicion",
        title="Who to look at",
        text=[] if found is None else sentences.suspecting(findings.valuation.participants, found),
        tables=() if found is None else (tables.suspicion(findings.valuation, found),),
    )


def _members(findings: Findings) -> Section:
    return Section(
        id="members",
        title="Members",
        text=sentences.gathering(findings),
        tables=(
            *records.notes(findings.federation),
            records.members(findings.federation, findings.training, findings.scenario.spans),
            *records.shared_rows(findings.federation),
        ),
    )


def checking(findings: Findings) -> list[Markup]:
    """Say what an audit does, and how to make one."""
    metric = findings.valuation.metric
    return [
        Markup(
            "Anyone with this directory can run <code>fedmerit audit &lt;directory&gt;</code>. It "
            "trusts nothing in it: it compares every file with its digest, plays the chain's "
            "transactions again or reads the live chain, checks the committee's signatures, "
            "averages every round's updates again, computes the values, their intervals and ranks "
            "again from the table of coalitions and the payments from the values, holds them "
            "against the payment root and the claims on the chain, and draws this report again."
        ),
        Markup(
            "The metric is the gain in {metric} over the untrained model. Values are kept in "
            "billionths of {unit}, payments in base units, 10<sup>18</sup> to the token; both "
            "are integers, so that everyone computes the same payments."
        ).format(
            metric=_METRICS.get(metric, (f"{metric} on the validation rows",))[0],
            unit=_METRICS.get(metric, ("", f"a whole of {metric}"))[1],
        ),
    ]
