"""A chart of what members asked and what they are paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.report.colours import INK, SURFACE
from fedmerit.report.theme import blank, by_member, label, marks, room_for_numbers
from fedmerit.report.units import exact_tokens, short_tokens, tokens

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.bundle.schemas import BidsDocument, OutcomeDocument

_ROW = 42
_CHROME = 100


def asks(bids: BidsDocument, outcome: OutcomeDocument) -> go.Figure:
    """Draw each payment as a bar, and what its member asked as a mark on its row."""
    names, paid = outcome.participants, outcome.payments
    figure = blank(height=_CHROME + _ROW * len(names), x_title="tokens")
    figure.add_bar(
        name="is paid",
        orientation="h",
        y=list(range(len(names))),
        x=[tokens(amount) for amount in paid],
        width=0.56,
        marker=marks(names),
        text=[short_tokens(amount) if amount else "" for amount in paid],
        textposition="outside",
        cliponaxis=False,
        hovertext=[
            f"{label(name)} is paid {exact_tokens(amount)}"
            for name, amount in zip(names, paid, strict=True)
        ],
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_scatter(
        name="asks",
        mode="markers",
        y=[names.index(offer.name) for offer in bids.offers],
        x=[tokens(offer.cost) for offer in bids.offers],
        marker={
            "symbol": "diamond",
            "size": 11,
            "color": SURFACE,
            "line": {"width": 2, "color": INK},
        },
        hovertext=[f"{label(offer.name)} asks {exact_tokens(offer.cost)}" for offer in bids.offers],
        hoverinfo="text",
        showlegend=True,
    )
    by_member(figure, names)
    most = max([*paid, *(offer.cost for offer in bids.offers)])
    figure.update_xaxes(range=[0, tokens(most) or 1.0], nticks=5, tickangle=0)
    room_for_numbers(figure, max(len(short_tokens(amount)) for amount in paid))
    return figure
