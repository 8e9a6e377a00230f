"""The sections and figures of a run that somebody else made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.kinds.horizontal.report import learned, model_figures, suspected
from fedmerit.kinds.recorded.document import RECORDED, RecordedDocument
from fedmerit.report import records, sentences, worth
from fedmerit.report import sections as common
from fedmerit.report.layout import Section
from fedmerit.report.tables import NONE, Table
from fedmerit.report.units import count

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.report.findings import Findings

__all__ = ["checking", "model_figures", "read", "sections"]

#: What the charts of the training show.
_LINES: Final = "A line over the rounds, beside the model that the first of them began with."


def read(bundle: Bundle) -> RecordedDocument:
    """Read what the files said beside models and updates."""
    return bundle.document(RECORDED, RecordedDocument)


def sections(findings: Findings) -> list[Section]:
    """Give all sections, in reading order."""
    found = [
        worth.contributed(findings),
        worth.sure(findings),
        worth.together(findings),
        *common.bought(findings),
        common.paid(findings),
        common.why(findings),
        learned(findings, _LINES),
        worth.helped(findings),
        suspected(findings),
        _members(findings),
        common.draw(findings),
        common.ledger(findings),
        _check(findings),
    ]
    return [section for section in found if section.charts or section.tables]


def _members(findings: Findings) -> Section:
    federation, trained = findings.federation, findings.training.rounds
    rounds = len(trained)
    sent = {name: sum(name in each.sampled for each in trained) for name in federation.names}
    return Section(
        id="members",
        title="Members",
        text=[
            Markup(
                "Somebody else ran this federation, and gave {} of {} as files. How members "
                "trained, on which rows, and whether these are the updates that they sent, the "
                "files cannot show. Coalitions were measured on {} that came with the files."
            ).format(
                count(rounds, "round"),
                count(len(federation.names), "member"),
                count(findings.validation_rows, "row"),
            )
        ],
        tables=(
            *records.notes(federation),
            Table(
                caption="The members, as the files say",
                columns=("Member", "Largest weight", "Rounds it sent in", "Signs", "Notes"),
                rows=tuple(
                    (
                        member.name,
                        f"{member.declared_rows:,}",
                        f"{sent[member.name]} of {rounds}",
                        "yes" if member.name in federation.committee else "no",
                        "every update was zero" if member.name in findings.training.idle else NONE,
                    )
                    for member in federation.members
                ),
                by_member=True,
                prose=frozenset({3, 4}),
            ),
        ),
    )


def _check(findings: Findings) -> Section:
    return Section(
        id="check",
        title="How to check this",
        text=checking(findings),
        tables=(records.provenance(findings),),
        closing=tuple(_limits(findings)),
    )


def checking(_findings: Findings) -> list[Markup]:
    """Say what an audit does, and how to make one."""
    return [
        Markup(
            "Anyone with this directory can run <code>fedmerit audit &lt;directory&gt;</code>. It "
            "compares every file with its digest, plays the chain's transactions again or reads "
            "the live chain, checks the committee's signatures, averages every round's updates "
            "again, computes the values, their intervals and ranks again from the table of "
            "coalitions and the payments from the values, holds them against the payment root "
            "and the claims on the chain, and draws this report again."
        ),
        Markup(
            "Whoever has the run's files too can add <code>--retrain</code>: nothing is trained, "
            "but the kept updates are held against the files, and every coalition is measured "
            "again on the validation rows."
        ),
    ]


def _limits(findings: Findings) -> list[Markup]:
    """Say what nobody should read into the report."""
    return [
        Markup(
            "<strong>What is not guaranteed.</strong> Whoever wrote the files could have chosen "
            "the updates, the weights, the models and the validation rows: no member signed "
            "them, and no check here can tell. Nobody can train again without the members' rows."
        ),
        *sentences.limits(findings)[1:],
    ]
