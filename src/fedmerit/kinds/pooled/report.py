"""The sections and figures of a run on pooled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from fedmerit.report import quality, records, sentences, worth
from fedmerit.report import sections as common
from fedmerit.report.headline import KeyFigure
from fedmerit.report.layout import Section
from fedmerit.report.tables import Table
from fedmerit.report.units import milli_of_micro, number, percent

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.report.findings import Findings


def read(_bundle: Bundle) -> None:
    """Read nothing: pooled rows have no documents of their own."""


def model_figures(findings: Findings) -> tuple[KeyFigure, KeyFigure]:
    """Give the estimator's accuracy, and its log-likelihood."""
    training = findings.training
    [last] = training.rounds
    return (
        KeyFigure(
            "Accuracy with everybody's rows",
            percent(training.quality[1]),
            "",
            f"{percent(training.quality[0])} with none; "
            f"{quality.beside(training, findings.federation)}",
        ),
        KeyFigure(
            "Log-likelihood of a row",
            number(milli_of_micro(last.log_likelihood_micro), 1),
            "milli-nats",
            f"{number(milli_of_micro(training.initial_log_likelihood_micro), 1)} with none",
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
        _learned(findings),
        worth.judged(findings),
        _members(findings),
        common.draw(findings),
        common.ledger(findings),
        common.checking(findings),
    ]
    return [section for section in found if section.charts or section.tables]


def _learned(findings: Findings) -> Section:
    training = findings.training
    own = training.by_owner_micro
    names = [name for name in findings.valuation.participants if name in own]
    [last] = training.rounds
    rows = [
        (
            "All validation rows",
            number(milli_of_micro(training.initial_log_likelihood_micro), 1),
            number(milli_of_micro(last.log_likelihood_micro), 1),
        ),
        *(
            (f"Those of {name}", *(number(milli_of_micro(each), 1) for each in own[name]))
            for name in names
        ),
    ]
    return Section(
        id="learned",
        title="What the rows teach together",
        text=[
            Markup(
                "This is <strong>data valuation by coalition, not federated averaging</strong>. "
                "Each coalition's rows are put in one place, and <code>{}</code> is fitted to them "
                "afresh, so whoever ran this saw every member's rows. A coalition without rows "
                "gives every class the same probability. Each fit counts as many votes as it had "
                "rows, beside one for each class, so that no probability is 0."
            ).format(findings.scenario.model.estimator)
        ],
        tables=(
            Table(
                caption="Mean log-likelihood per validation row, in milli-nats",
                columns=("Measured on", "Without rows", "With everybody's rows"),
                rows=tuple(rows),
            ),
        ),
    )


def _members(findings: Findings) -> Section:
    return Section(
        id="members",
        title="Members",
        text=sentences.gathering(findings),
        tables=(
            *records.notes(findings.federation),
            records.members(findings.federation, findings.training),
        ),
    )


def checking(_findings: Findings) -> list[Markup]:
    """Say what an audit does, and how to make one."""
    return [
        Markup(
            "Anyone with this directory can run <code>fedmerit audit &lt;directory&gt;</code>. It "
            "trusts nothing in it: it compares every file with its digest, plays the chain's "
            "transactions again or reads the live chain, checks the committee's signatures, "
            "computes the root of the rows' digests, the values, their intervals and ranks again "
            "from what is recorded and the payments from the values, holds them against the "
            "payment root and the claims on the chain, and draws this report again. What rows "
            "those digests are of, only <code>--retrain</code> says, with the table at hand."
        ),
        Markup(
            "The metric is the gain in mean log-likelihood per validation row over the same "
            "probability for every class. Values are kept in billionths of a nat, payments in "
            "base units, 10<sup>18</sup> to the token; both are integers, so that everyone "
            "computes the same payments."
        ),
    ]
