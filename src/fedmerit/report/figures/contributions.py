"""Charts of what each participant contributed, and on whose rows that shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import INK, SURFACE
from fedmerit.report.theme import (
    across,
    blank,
    by_member,
    down,
    grid,
    label,
    looks,
    marks,
    short_label,
)
from fedmerit.report.units import decimals_for, milli, number, unit, with_error

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.bundle.schemas import ValuationDocument

_ROW: Final = 54
_CHROME: Final = 110
_CELL: Final = 44


def contributions(valuation: ValuationDocument) -> go.Figure:
    """Draw each value as a bar, with its interval."""
    names, rows = valuation.participants, list(range(len(valuation.participants)))
    figure = blank(height=_CHROME + _ROW * len(names), x_title=unit(valuation).long)
    read = readings_by_name(valuation)
    figure.add_bar(
        orientation="h",
        y=rows,
        x=[milli(value) for value in valuation.values],
        width=0.5,
        marker=marks(names),
        hovertext=[f"{label(name)}: {reading}" for name, reading in read],
        hoverinfo="text",
        showlegend=False,
    )
    _whiskers(figure, valuation)
    figure.update_xaxes(nticks=7, tickangle=0)
    down(figure, [f"<b>{label(name)}</b><br>{reading}" for name, reading in read])
    return figure


def _whiskers(figure: go.Figure, valuation: ValuationDocument) -> None:
    """Draw the intervals with a halo, so that they are seen on a bar of any colour."""
    for colour, thickness, width, size in ((SURFACE, 3.5, 6, 7), (INK, 1.5, 5, 5)):
        figure.add_scatter(
            mode="markers",
            y=list(range(len(valuation.participants))),
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
    grid(
        figure,
        cells,
        written=[[number(cell, decimals) for cell in row] for row in cells],
        said=[
            [f"{label(name)}<br>on the rows of {column}" for column in columns] for name in names
        ],
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
    across(figure, [*columns, "<b>value</b>"])
    by_member(figure, names)
    return figure


def round_values(valuation: ValuationDocument) -> go.Figure:
    """Draw what each participant added in each round, with one standard error."""
    figure = blank(height=430, x_title="round", y_title=unit(valuation).long)
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
    return [milli(half) for half in valuation.half_widths]


def readings(valuation: ValuationDocument) -> list[str]:
    """Write each value with half the width of its interval."""
    values = [milli(value) for value in valuation.values]
    decimals = max(0, decimals_for(values) - 1)
    pairs = zip(values, half_widths(valuation), strict=True)
    return [with_error(value, half, decimals) for value, half in pairs]


def readings_by_name(valuation: ValuationDocument) -> list[tuple[str, str]]:
    """Give each participant's name and reading."""
    return list(zip(valuation.participants, readings(valuation), strict=True))


def evaluators_of(valuation: ValuationDocument) -> list[int]:
    """Give the places of the members whose validation rows decide anything."""
    columns = enumerate(zip(*valuation.by_owner, strict=True))
    return [place for place, column in columns if any(column)]
