"""The chart of why each payment is what it is: from the worth of all to the budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import HARM, IDLE, INK, MUTED, SURFACE, text_on
from fedmerit.report.figures.payments import RESERVE
from fedmerit.report.theme import Look, blank, down, label, looks, room_for_numbers
from fedmerit.report.units import decimals_for, exact_tokens, milli, number, short_tokens, unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.bundle.schemas import OutcomeDocument, ValuationDocument

_ROW: Final = 42
_CHROME: Final = 90
_INKED: Final = Look(colour=INK)


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the chart: from where to where, in billionths."""

    name: str
    look: Look
    start: int
    change: int
    total: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of one of the last two rows: how wide, what is written on it and said of it."""

    look: Look
    weight: int
    text: str
    reading: str


def waterfall(valuation: ValuationDocument, outcome: OutcomeDocument) -> go.Figure:
    """Draw the worth, the values that it is made of, what counts of them, and the budget."""
    steps = moves(valuation, outcome)
    counted = sum(step.counted for step in outcome.steps)
    width = counted or abs(valuation.worth) or 1
    figure = blank(height=_CHROME + _ROW * (len(steps) + 2), x_title=unit(valuation).long)
    _draw_moves(figure, steps)
    _draw_parts(figure, len(steps), _counted(valuation, outcome), width=counted)
    _draw_parts(figure, len(steps) + 1, _paid(outcome), width=width)
    names = [f"<b>{step.name}</b>" if step.total else label(step.name) for step in steps]
    down(figure, [*names, "<b>What counts</b>", "<b>The budget,<br>in tokens</b>"])
    # Numbers that do not fit into their piece are left to the table.
    figure.update_layout(barmode="overlay", uniformtext={"mode": "hide", "minsize": 11})
    _room(figure, [*(s.start for s in steps), *(s.start + s.change for s in steps), 0, width])
    return figure


def moves(valuation: ValuationDocument, outcome: OutcomeDocument) -> list[Move]:
    """List the rows above the last two; after the first, each begins where one ended.

    They end at what counts, whether or not the method's values add up to the worth.
    """
    found = [Move("Everyone together", _INKED, 0, valuation.worth, total=True)]
    level = 0
    for name, look, value in zip(
        valuation.participants, looks(valuation.participants), valuation.values, strict=True
    ):
        found.append(Move(name, look, level, value))
        level += value
    if harm := sum(min(0, value) for value in valuation.values):
        found.append(Move("Harm, set to nothing", Look(colour=HARM, pattern="/"), level, -harm))
        level -= harm
    for step in outcome.steps:
        if step.barred and step.value > 0:
            title = f"{step.name}, set aside"
            found.append(Move(title, Look(colour=IDLE, pattern="/"), level, -step.value))
            level -= step.value
    return found


def _draw_moves(figure: go.Figure, steps: list[Move]) -> None:
    decimals = decimals_for([milli(step.change) for step in steps])
    figure.add_bar(
        orientation="h",
        y=list(range(len(steps))),
        base=[milli(step.start) for step in steps],
        x=[milli(step.change) for step in steps],
        width=0.56,
        marker={
            "color": [step.look.colour for step in steps],
            "pattern": {
                "shape": [step.look.pattern for step in steps],
                "fgcolor": SURFACE,
                "size": 6,
            },
        },
        text=[number(milli(step.change), decimals, sign=not step.total) for step in steps],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    links = [
        (milli(step.start + step.change), row, row + 1) for row, step in enumerate(steps) if row
    ]
    figure.add_scatter(
        mode="lines",
        x=[at for end, _, _ in links for at in (end, end, None)],
        y=[at for _, above, below in links for at in (above, below, None)],
        line={"color": MUTED, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )


def _counted(valuation: ValuationDocument, outcome: OutcomeDocument) -> list[Part]:
    decimals = decimals_for([milli(sum(step.counted for step in outcome.steps))])
    return [
        Part(
            look=look,
            weight=step.counted,
            text=number(milli(step.counted), decimals),
            reading=f"{label(step.name)}: {milli(step.counted):.4g} {unit(valuation).short}",
        )
        for step, look in zip(outcome.steps, looks(outcome.participants), strict=True)
    ]


def _paid(outcome: OutcomeDocument) -> list[Part]:
    names = (*outcome.participants, RESERVE)
    given = (*looks(outcome.participants), Look(colour=IDLE))
    return [
        Part(
            look=look,
            weight=amount,
            text=short_tokens(amount),
            reading=f"{label(name)}: {exact_tokens(amount)} tokens",
        )
        for name, look, amount in zip(
            names, given, (*outcome.payments, outcome.reserve), strict=True
        )
    ]


def _draw_parts(figure: go.Figure, row: int, parts: list[Part], *, width: int) -> None:
    """Draw one bar of *width* billionths, cut by the parts' weights."""
    total = sum(part.weight for part in parts) or 1
    done = 0
    for part in parts:
        figure.add_bar(
            orientation="h",
            y=[row],
            base=[milli(width * done // total)],
            x=[milli(width * part.weight // total)],
            width=0.72,
            marker={
                "color": part.look.colour,
                "pattern": {"shape": part.look.pattern, "fgcolor": SURFACE, "size": 6},
                "line": {"color": SURFACE, "width": 1},
            },
            text=[part.text],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": text_on(part.look.colour)},
            textangle=0,
            hovertext=[part.reading],
            hoverinfo="text",
            showlegend=False,
        )
        done += part.weight


def _room(figure: go.Figure, edges: list[int]) -> None:
    """Leave room for the numbers to the left of bars that go left; the right has a margin."""
    low, high = milli(min(edges)), milli(max(edges))
    margin = 0.16 * (high - low) if low < 0 else 0.0
    figure.update_xaxes(range=[low - margin, high], nticks=5, tickangle=0)
    room_for_numbers(figure, digits=6)
