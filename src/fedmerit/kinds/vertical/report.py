"""The sections and figures of a run whose members own columns."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from fedmerit.bundle.vertical_schemas import (
    BY_COLUMN,
    BY_OWNER,
    OPINIONS,
    VERTICAL,
    ExposureDocument,
    OpinionsDocument,
    VerticalDocument,
)
from fedmerit.kinds.vertical import figures, sentences
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.report import quality, records, worth
from fedmerit.report import sections as common
from fedmerit.report.headline import KeyFigure
from fedmerit.report.layout import Chart, Picture, Section
from fedmerit.report.tables import NONE, Table
from fedmerit.report.units import decimals_for, milli, number, percent, with_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from fedmerit.bundle.directory import Bundle
    from fedmerit.report.findings import Findings
    from fedmerit.scenario.columns import Vertical

#: As many input columns are tabulated.
_MOST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """What only a vertical run has: :attr:`Findings.own` of it.

    Attributes:
        asked: The scenario's section.
        vertical: Who holds which columns, and what was said.
        opinions: Values by other games, and the model's use of columns.
        pictures: shap's plots, by file.
    """

    asked: Vertical
    vertical: VerticalDocument
    opinions: OpinionsDocument
    pictures: Mapping[str, bytes]


def read(bundle: Bundle) -> Joint:
    """Read the documents that only a vertical run has.

    Raises:
        BundleError: One is missing or not of its form.
    """
    return Joint(
        asked=vertical_of(bundle.scenario),
        vertical=bundle.document(VERTICAL, VerticalDocument),
        opinions=bundle.document(OPINIONS, OpinionsDocument),
        pictures={name: bundle.read(name) for name in (BY_COLUMN, BY_OWNER)},
    )


def _own(findings: Findings) -> Joint:
    return cast("Joint", findings.own)


def model_figures(findings: Findings) -> tuple[KeyFigure, KeyFigure]:
    """Give the area under the model's curve, and what not joining the tables costs."""
    said = _own(findings).vertical
    if said.area_ppm is None or said.joined_area_ppm is None:
        return _quantity_figures(findings)
    return (
        KeyFigure(
            "AUC of the joint model",
            sentences.area(said.area_ppm),
            "",
            f"0.5 would be guessing; accuracy {percent(findings.training.quality[1])}, of the "
            f"most frequent class {percent(findings.training.base_rate_ppm or 0)}",
        ),
        KeyFigure(
            "Against the joined table",
            number(-said.delta_area_ppm / 10**6, 4, sign=True),
            "",
            f"{sentences.area(said.joined_area_ppm)} with all columns in one place"
            + sentences.ordinary(said),
        ),
    )


def _quantity_figures(findings: Findings) -> tuple[KeyFigure, KeyFigure]:
    training = findings.training
    _, reached, pooled = training.quality
    return (
        KeyFigure(
            "R² of the joint model",
            percent(reached),
            "",
            quality.beside(training, findings.federation),
        ),
        KeyFigure(
            "Against the joined table",
            number(-(training.delta_ppm or 0) / 10**4, 1, sign=True),
            "points",
            f"{percent(pooled)} with all columns in one place",
        ),
    )


def sections(findings: Findings) -> list[Section]:
    """Give all sections, in reading order."""
    own = _own(findings)
    return [
        worth.contributed(findings),
        worth.sure(findings),
        worth.together(findings),
        _opinions(findings, own.opinions),
        _columns(findings, own),
        _messages(findings, own),
        _use(own),
        *common.bought(findings),
        common.paid(findings),
        common.why(findings),
        common.draw(findings),
        common.ledger(findings),
        common.checking(findings),
    ]


def checking(findings: Findings) -> list[Markup]:
    """Say what an audit does, and how to make one."""
    return sentences.checking(_own(findings).vertical)


def _columns(findings: Findings, found: Joint) -> Section:
    said = found.vertical
    return Section(
        id="columns",
        title="Who holds which columns",
        text=[
            *sentences.holding(findings, said, found.asked),
            *sentences.comparing(findings, said, found.asked),
        ],
        callouts=tuple(sentences.worse(findings, found.asked)),
        tables=(
            *records.notes(findings.federation),
            _owners(said, found.asked),
            _quality(findings),
        ),
    )


def _owners(said: VerticalDocument, asked: Vertical) -> Table:
    def common(rows: int) -> tuple[str, ...]:
        if asked.join == "left":  # notes say whom each owner knows of them
            return ()
        return f"{said.common:,}", percent(round(said.common * 10**6 / rows))

    shared = () if asked.join == "left" else ("In common", "Of its rows")
    return Table(
        caption="The owners, their tables, and whom they have in common",
        columns=("Owner", "Rows", *shared, "Columns", "Inputs of the model"),
        rows=tuple(
            (
                owner.name,
                f"{owner.table_rows:,}",
                *common(owner.table_rows),
                _holds(said, owner.name, owner.columns),
                f"{len(owner.inputs):,}",
            )
            for owner in said.owners
        ),
        by_member=True,
        prose=frozenset({2 + len(shared)}),
    )


def _holds(said: VerticalDocument, name: str, columns: tuple[str, ...]) -> str:
    listed = ", ".join(columns)
    if name != said.label_holder:
        return listed
    return f"{listed}; and the label" if columns else "the label"


def _quality(findings: Findings) -> Table:
    training = findings.training
    taylor = _own(findings).vertical.logistic_area_ppm is not None
    joined = "Joined table, Taylor fit" if taylor else "Joined table"
    models = {
        "Labels alone": quality.untrained(training),
        "Federated model": quality.of_round(training.rounds[-1]),
        joined: quality.pooled(training),
    }
    return Table(
        caption="The models on the validation rows",
        columns=("Model", *quality.columns(training)),
        rows=tuple(
            (name, *quality.cells(model, training, findings.federation))
            for name, model in models.items()
        ),
    )


def _messages(findings: Findings, found: Joint) -> Section:
    said = found.vertical
    return Section(
        id="messages",
        title="What went over between them",
        text=sentences.protecting(said, found.asked),
        callouts=tuple(sentences.warnings(said, found.asked)),
        charts=(
            Chart(
                id="chart-traffic",
                title="What each party sent",
                alt="Bars of the kilobytes that each party sent, by protocol.",
                figure=figures.traffic(said),
            ),
        ),
        tables=(_exposures(said), _protocols(findings, said)),
    )


def _exposures(said: VerticalDocument) -> Table:
    return Table(
        caption="What messages tell, in bits at most",
        columns=("Who sees", "Of what", "By what", "Bits told", "Bits there are", "Share"),
        rows=tuple(
            (
                seen.party,
                seen.secret,
                f"{seen.by}{_kind(seen)}",
                f"{seen.bits:,}",
                f"{seen.of:,}",
                percent(round(seen.bits * 10**6 / max(1, seen.of))),
            )
            for seen in said.exposures
        ),
        prose=frozenset({1, 2}),
        shown=True,
    )


def _kind(seen: ExposureDocument) -> str:
    if seen.agreed:
        return ", which is what they train for"
    return ", if they collude" if seen.colluding else ""


def _protocols(findings: Findings, said: VerticalDocument) -> Table:
    parties = list(said.bytes_sent)
    committed = findings.training.rounds[0].update_root
    return Table(
        caption=f"Messages by protocol; committed on the chain: {committed}",
        columns=(
            "Protocol",
            "Messages",
            "Rounds",
            *(f"{party}, bytes" for party in parties),
            "Root of the transcript",
        ),
        rows=tuple(
            (
                each.name,
                f"{each.messages:,}",
                f"{each.rounds:,}",
                *(f"{each.bytes_sent.get(party, 0):,}" for party in parties),
                each.root,
            )
            for each in said.protocols
        ),
        foot=(
            "Sum",
            f"{sum(each.messages for each in said.protocols):,}",
            "",
            *(f"{size:,}" for size in said.bytes_sent.values()),
            "",
        ),
        prose=frozenset({3 + len(parties)}),
        shown=True,
    )


def _opinions(findings: Findings, said: OpinionsDocument) -> Section:
    return Section(
        id="opinions",
        title="What labels are worth, and other games",
        text=sentences.opining(findings, said),
        charts=(
            Chart(
                id="chart-opinions",
                title="Values by every game, with the labels given and as a contribution",
                alt="A point with its interval for each owner and each game.",
                figure=figures.opinions(said),
                wide=True,
            ),
        ),
        tables=(_games(said),),
    )


def _games(said: OpinionsDocument) -> Table:
    numbers = [milli(value) for each in said.games for value in each.values]
    decimals = decimals_for(numbers)
    return Table(
        caption="Values in milli-nats per validation row, with half of their intervals",
        columns=("Owner", *(f"{each.game}, labels {each.label_holder}" for each in said.games)),
        rows=tuple(
            (
                name,
                *(
                    with_error(milli(each.values[row]), milli(each.half_widths[row]), decimals)
                    for each in said.games
                ),
            )
            for row, name in enumerate(said.participants)
        ),
        foot=("Everyone together", *(number(milli(each.worth), decimals) for each in said.games)),
        by_member=True,
        shown=True,
    )


def _use(found: Joint) -> Section:
    said = found.opinions
    return Section(
        id="use",
        title="What the model makes of whose columns",
        text=sentences.using(said),
        pictures=(
            _picture(
                "use-columns", "Mean magnitude of each column's attributions", found, BY_COLUMN
            ),
            _picture("use-owners", "Mean magnitude of each owner's attributions", found, BY_OWNER),
        ),
        tables=(_owners_use(said), _columns_use(said)),
    )


def _picture(identity: str, title: str, found: Joint, file: str) -> Picture:
    data = b64encode(found.pictures[file]).decode()
    return Picture(
        id=identity,
        title=title,
        alt=f"shap's plot: {title.lower()}, by owner and column. The table below has the numbers.",
        source=f"data:image/png;base64,{data}",
    )


def _owners_use(said: OpinionsDocument) -> Table:
    total = sum(said.by_owner_nano)
    return Table(
        caption="Mean magnitude of the sums of each owner's attributions, in log-odds",
        columns=("Owner", "Mean magnitude", "Share"),
        rows=tuple(
            (
                name,
                number(own / 10**9, 4),
                percent(round(own * 10**6 / total)) if total else NONE,
            )
            for name, own in zip(said.participants, said.by_owner_nano, strict=True)
        ),
        by_member=True,
        shown=True,
    )


def _columns_use(said: OpinionsDocument) -> Table:
    return Table(
        caption=f"The {min(_MOST, len(said.columns))} input columns that the model uses most",
        columns=("Column", "Owner", "Mean magnitude, log-odds"),
        rows=tuple(
            (use.column, use.owner, number(use.importance_nano / 10**9, 4))
            for use in said.columns[:_MOST]
        ),
        prose=frozenset({1}),
    )
