"""Charts of what each participant contributed, and on whose rows that shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import COOL, INK, MUTED, SURFACE, WARM
from fedmerit.report.theme import blank, by_member, down, label, looks, marks, short_label
from fedmerit.report.units import decimals_for, milli, number, quantile, with_error

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.evidence import ValuationDocument

UNIT: Final = "milli-nats per validation row"

_ROW: Final = 54
_CHROME: Final = 110
_CELL: Final = 44
#: As many column titles stand side by side.
_UPRIGHT: Final = 7
#: Where in a row the bar and the marks of simpler rules lie.
_ABOVE: Final = -0.1
_BELOW: Final = 0.3


def contributions(valuation: ValuationDocument) -> go.Figure:
    """Draw each value with its interval, and below it what three simpler rules would say."""
    names, rows = valuation.participants, range(len(valuation.participants))
    figure = blank(height=_CHROME + _ROW * len(names), x_title=UNIT)
    figure.add_bar(
        orientation="h",
        y=[row + _ABOVE for row in rows],
        x=[milli(value) for value in valuation.values],
        width=0.42,
        marker=marks(names),
        hovertext=[
            f"{label(name)}: {reading}"
            for name, reading in zip(names, readings(valuation), strict=True)
        ],
        hoverinfo="text",
        showlegend=False,
    )
    _whiskers(figure, valuation)
    simpler = (
        ("leave-one-out", valuation.leave_one_out, "diamond"),
        ("by declared rows", valuation.data_size, "square"),
        ("equal shares", valuation.equal, "circle"),
    )
    for title, numbers, symbol in simpler:
        figure.add_scatter(
            name=title,
            mode="markers",
            y=[row + _BELOW for row in rows],
            x=[milli(each) for each in numbers],
            marker={
                "symbol": symbol,
                "color": SURFACE,
                "size": 9,
                "line": {"width": 1.5, "color": MUTED},
            },
            hovertemplate=f"{title}: %{{x:.4g}}<extra></extra>",
        )
    figure.update_xaxes(nticks=7, tickangle=0)
    pairs = zip(names, readings(valuation), strict=True)
    down(figure, [f"<b>{label(name)}</b><br>{reading}" for name, reading in pairs])
    return figure


def _whiskers(figure: go.Figure, valuation: ValuationDocument) -> None:
    """Draw the intervals with a halo, so that they are seen on a bar of any colour."""
    for colour, thickness, width, size in ((SURFACE, 3.5, 6, 7), (INK, 1.5, 5, 5)):
        figure.add_scatter(
            mode="markers",
            y=[row + _ABOVE for row in range(len(valuation.participants))],
            x=[milli(value) for value in valuation.values],
            marker={"color": colour, "size": size},
            error_x={
                "array": half_widths(valuation),
                "color": colour,
                "thickness": thickness,
                "width": width,
            },
            hoverinfo="skip",
            showlegend=False,
        )


def evaluators(valuation: ValuationDocument) -> go.Figure:
    """Draw what each member's validation rows add to each value; rows add up to it."""
    owners = evaluators_of(valuation)
    names = valuation.participants
    cells = [[milli(of[owner]) for owner in owners] for of in valuation.by_owner]
    largest = max((abs(cell) for row in cells for cell in row), default=0.0)
    decimals = max(0, decimals_for([largest]) - 1)
    figure = blank(height=_CHROME + _CELL * len(names))
    columns = [label(names[owner]) for owner in owners]
    figure.add_heatmap(
        z=cells,
        x=list(range(len(owners))),
        y=list(range(len(names))),
        zmid=0,
        zmin=-largest,
        zmax=largest,
        colorscale=[[0.0, WARM], [0.5, SURFACE], [1.0, COOL]],
        showscale=False,
        text=[[number(cell, decimals) for cell in row] for row in cells],
        texttemplate="%{text}",
        textfont={"color": INK},
        hovertext=[
            [f"{label(name)}<br>on the rows of {column}" for column in columns] for name in names
        ],
        hovertemplate="%{hovertext}: %{z:.4g}<extra></extra>",
        xgap=3,
        ygap=3,
    )
    figure.add_scatter(
        mode="text",
        x=[len(owners)] * len(names),
        y=list(range(len(names))),
        text=[f"<b>{number(milli(value), decimals)}</b>" for value in valuation.values],
        textfont={"color": INK},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_xaxes(
        side="top",
        tickvals=list(range(len(owners) + 1)),
        ticktext=[*columns, "<b>value</b>"],
        range=[-0.5, len(owners) + 0.5],
        tickangle=0 if len(owners) <= _UPRIGHT else -40,
        showgrid=False,
        zeroline=False,
        showline=False,
    )
    by_member(figure, names)
    return figure


def round_values(valuation: ValuationDocument) -> go.Figure:
    """Draw what each participant added in each round, with one standard error."""
    figure = blank(height=430, x_title="round", y_title=UNIT)
    rounds = [point.round for point in valuation.curve]
    everyone = zip(valuation.participants, looks(valuation.participants), strict=True)
    for place, (name, look) in enumerate(everyone):
        figure.add_scatter(
            name=short_label(name),
            mode="lines+markers",
            x=rounds,
            y=[milli(point.values[place]) for point in valuation.curve],
            line={"color": look.colour, "width": 2},
            marker={"color": look.colour, "symbol": look.symbol, "size": 8},
            error_y={
                "array": [milli(point.standard_errors[place]) for point in valuation.curve],
                "color": look.colour,
                "thickness": 1,
                "width": 3,
            },
            hovertemplate=f"{label(name)}, round %{{x}}: %{{y:.4g}}<extra></extra>",
        )
    figure.update_xaxes(
        dtick=max(1, -(-len(rounds) // 8)),
        tick0=1,
        tickangle=0,
        range=[0.5, len(rounds) + 0.5],
        zeroline=False,
    )
    return figure


def half_widths(valuation: ValuationDocument) -> list[float]:
    """Give half of each value's interval, in thousandths."""
    reach = quantile(valuation.confidence_ppm)
    return [reach * milli(error) for error in valuation.standard_errors]


def readings(valuation: ValuationDocument) -> list[str]:
    """Write each value with half the width of its interval."""
    values = [milli(value) for value in valuation.values]
    decimals = max(0, decimals_for(values) - 1)
    pairs = zip(values, half_widths(valuation), strict=True)
    return [with_error(value, half, decimals) for value, half in pairs]


def evaluators_of(valuation: ValuationDocument) -> list[int]:
    """Give the places of the members whose validation rows decide anything."""
    columns = enumerate(zip(*valuation.by_owner, strict=True))
    return [place for place, column in columns if any(column)]
