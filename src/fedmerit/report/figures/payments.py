"""Charts of what each participant is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import IDLE, INK, MUTED
from fedmerit.report.figures.contributions import half_widths
from fedmerit.report.theme import (
    blank,
    by_member,
    label,
    looks,
    marks,
    room_for_numbers,
    short_label,
)
from fedmerit.report.units import exact_tokens, milli, short_tokens, tokens, unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.bundle.schemas import OutcomeDocument, ValuationDocument

RESERVE: Final = "Reserve"

_ROW: Final = 42
_CHROME: Final = 100


def payments(outcome: OutcomeDocument) -> go.Figure:
    """Draw each payment, and under them what stays in the reserve."""
    names, rows = outcome.participants, len(outcome.participants) + 1
    amounts = (*outcome.payments, outcome.reserve)
    figure = blank(height=_CHROME + _ROW * rows, x_title="tokens")
    given = marks(names)
    given["color"].append(IDLE)
    given["pattern"]["shape"].append("")
    figure.add_bar(
        orientation="h",
        y=list(range(rows)),
        x=[tokens(amount) for amount in amounts],
        width=0.56,
        marker=given,
        text=[short_tokens(amount) for amount in amounts],
        textposition="outside",
        cliponaxis=False,
        hovertext=[
            f"{label(name)}: {exact_tokens(amount)}"
            for name, amount in zip((*names, RESERVE), amounts, strict=True)
        ],
        hoverinfo="text",
    )
    by_member(figure, names, RESERVE)
    figure.update_xaxes(range=[0, max(map(tokens, amounts))], nticks=5, tickangle=0)
    room_for_numbers(figure, max(len(short_tokens(amount)) for amount in amounts))
    return figure


def value_against_payment(valuation: ValuationDocument, outcome: OutcomeDocument) -> go.Figure:
    """Draw each participant's value against its payment, and the line of one price for all."""
    figure = blank(height=430, x_title=unit(valuation).long, y_title="tokens")
    _one_price(figure, valuation, outcome)
    everyone = zip(
        valuation.participants,
        looks(valuation.participants),
        valuation.values,
        half_widths(valuation),
        outcome.payments,
        strict=True,
    )
    for name, look, value, half, payment in everyone:
        figure.add_scatter(
            name=short_label(name),
            mode="markers",
            cliponaxis=False,
            x=[milli(value)],
            y=[tokens(payment)],
            marker={
                "color": look.colour,
                "symbol": look.symbol,
                "size": 13,
                "line": {"width": 1, "color": INK},
            },
            error_x={"array": [half], "color": look.colour, "thickness": 1.5, "width": 4},
            hovertext=[f"{label(name)}: {exact_tokens(payment)} tokens"],
            hoverinfo="text",
        )
    # Room below zero, where points lie that are paid nothing.
    most = tokens(max(outcome.payments) or outcome.budget)
    figure.update_xaxes(nticks=6, tickangle=0)
    figure.update_yaxes(range=[-0.07 * most, 1.1 * most])
    return figure


def _one_price(figure: go.Figure, valuation: ValuationDocument, outcome: OutcomeDocument) -> None:
    """Draw what everyone would get if each counted unit of value had the same price."""
    counted = sum(step.counted for step in outcome.steps)
    if not counted:
        return
    most = max(valuation.values)
    figure.add_scatter(
        name="one price for all",
        mode="lines",
        x=[milli(min(0, *valuation.values)), 0.0, milli(most)],
        y=[0.0, 0.0, tokens(outcome.budget * most // counted)],
        line={"color": MUTED, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
    )
