"""The section on offers: what was asked, when it was opened, and whose is bought."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.incentives import MECHANISMS
from fedmerit.report.figures.asks import asks
from fedmerit.report.layout import Chart, Section
from fedmerit.report.sentences.wording import strong
from fedmerit.report.tables import NONE, Table
from fedmerit.report.units import count, duration, exact_tokens, percent, short_tokens

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import BidsDocument, OutcomeDocument, ValuationDocument
    from fedmerit.report.findings import Findings

_ALL: Final = 10**6


def offers(findings: Findings, bids: BidsDocument) -> Section:
    """Give the section."""
    return Section(
        id="offers",
        title="Offers",
        text=_telling(findings, bids),
        charts=(
            Chart(
                id="chart-asks",
                title="What each asks (diamond) and is paid (bar)",
                alt="Bars of each member's payment in tokens, and a mark at what it asked.",
                figure=asks(bids, findings.outcome),
            ),
        ),
        tables=(_table(findings.valuation, findings.outcome, bids),),
    )


def _telling(findings: Findings, bids: BidsDocument) -> list[Markup]:
    if not MECHANISMS[findings.outcome.mechanism].model.agreed_first:
        return [_sealing(findings, bids), _buying(findings)]
    return [
        Markup(
            "What each asks was known before anybody trained, and decided which part of its local "
            "steps each was to take: the column 'Bought'. Pay is for the steps that were agreed, "
            "and goes to nobody who sent nothing of use or kept its secret from the draw. That the "
            "steps were taken is seen only by whoever trains again."
        )
    ]


def _sealing(findings: Findings, bids: BidsDocument) -> Markup:
    asked = findings.scenario.settlement
    opened = {offer.name for offer in bids.offers}
    silent = [name for name in findings.outcome.participants if name not in opened]
    said = Markup(
        "Each sealed its offer with its updates in {bind}, when nobody had shown one, and opened "
        "it in the {show} after that: {n} did. An offer opened later, or another than was sealed, "
        "the contracts refuse."
    ).format(
        bind=duration(asked.commit_window),
        show=duration(asked.reveal_window),
        n=count(len(opened), "member"),
    )
    if silent:
        said += Markup(" {} did not: out of the market, and the stake is lost.").format(
            strong(silent)
        )
    return said


def _buying(findings: Findings) -> Markup:
    outcome = findings.outcome
    if not outcome.bought_ppm:
        return Markup("What each asks is what the rule takes its costs to be.")
    parts = dict(zip(outcome.participants, outcome.bought_ppm, strict=True))
    bought = [name for name, part in parts.items() if part]
    if not bought:
        return Markup("Nothing is bought.")
    return Markup(
        "Bought is the use of what {} brought. The training was over by then: who is not bought "
        "is paid nothing, and the buyer may use what the others trained without it."
    ).format(strong(bought))


def _table(valuation: ValuationDocument, outcome: OutcomeDocument, bids: BidsDocument) -> Table:
    """Tabulate every offer, and what came of it."""
    offered = {offer.name: offer for offer in bids.offers}
    rows = []
    for place, name in enumerate(outcome.participants):
        offer, paid = offered.get(name), outcome.payments[place]
        bought = outcome.bought_ppm[place] if outcome.bought_ppm else None
        rows.append(
            (
                name,
                exact_tokens(offer.cost) if offer else NONE,
                f"{offer.units:,}" if offer else NONE,
                short_tokens(int(Fraction(offer.cost, offer.units))) if offer else NONE,
                NONE if bought is None else percent(bought, 0 if bought in {0, _ALL} else 2),
                exact_tokens(paid),
                _fate(
                    opened=offer is not None,
                    useful=valuation.values[place] > 0 and name not in outcome.barred,
                    bought=bought,
                ),
            )
        )
    return Table(
        caption="Offers as they were opened, in tokens, and what came of them",
        columns=(
            "Member",
            "Asks",
            "For the use of so many rows",
            "A row",
            "Bought",
            "Is paid",
            "Therefore",
        ),
        rows=tuple(rows),
        by_member=True,
        prose=frozenset({6}),
        shown=True,
    )


def _fate(*, opened: bool, useful: bool, bought: int | None) -> str:
    if not opened:
        return "did not open its offer"
    if bought is None:
        return "its costs are counted"
    if bought:
        return "bought" if bought == _ALL else "bought in part"
    return "not bought" if useful else "not bought: adds nothing"
