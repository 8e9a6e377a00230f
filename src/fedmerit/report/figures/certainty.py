"""Charts of how sure the values and their order are, and of how pairs work together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.report.readings import order
from fedmerit.report.theme import across, blank, by_member, grid, label, looks, short_label
from fedmerit.report.units import chance, decimals_for, milli, number, unit
from fedmerit.units import MICRO

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.bundle.schemas import CheckpointDocument, InteractionsDocument, ValuationDocument

_CHROME: Final = 110
_CELL: Final = 44
#: So many bands can be told apart.
_BANDS: Final = 6
#: So many ticks fit along an axis.
_TICKS: Final = 6


def ranks(valuation: ValuationDocument) -> go.Figure:
    """Draw how probable it is that each participant is above each that follows it.

    Cool is as sure as the scenario asks for; the warmer, the nearer to tossing a coin.
    """
    places, wanted = order(valuation), valuation.confidence_ppm
    upper, lower = places[:-1], places[1:]
    table = [
        [valuation.outranks_ppm[i][j] if row <= column else None for column, j in enumerate(lower)]
        for row, i in enumerate(upper)
    ]
    names = [valuation.participants[i] for i in upper]
    columns = [label(valuation.participants[j]) for j in lower]
    figure = blank(height=_CHROME + _CELL * len(names))
    grid(
        figure,
        [[None if ppm is None else _sureness(ppm, wanted) for ppm in row] for row in table],
        written=[["" if ppm is None else chance(ppm) for ppm in row] for row in table],
        said=[[f"{label(name)}<br>above {column}" for column in columns] for name in names],
    )
    across(figure, columns)
    by_member(figure, names)
    return figure


def _sureness(ppm: int, wanted: int) -> float:
    """Give 1 for a probability as high as *wanted*, less below it, and -1 for one half."""
    if ppm >= wanted:
        return 1.0
    return max(-1.0, (ppm - wanted) / max(1, wanted - MICRO // 2))


def convergence(valuation: ValuationDocument) -> go.Figure:
    """Draw each estimate as the budget was spent, in a band of one standard error.

    Bands of more than a few participants would hide each other: they get lines only.
    """
    figure = blank(height=430, x_title="groups measured", y_title=unit(valuation).long)
    everyone = list(zip(valuation.participants, looks(valuation.participants), strict=True))
    spent = [checkpoint.evaluations for checkpoint in valuation.trace]
    if len(everyone) <= _BANDS:
        for place, (_, look) in enumerate(everyone):
            figure.add_scatter(
                mode="lines",
                x=[*spent, *reversed(spent)],
                y=_outline(valuation.trace, place),
                fill="toself",
                opacity=0.25,
                line={"width": 0, "color": look.colour},
                hoverinfo="skip",
                showlegend=False,
            )
    for place, (name, look) in enumerate(everyone):
        figure.add_scatter(
            name=short_label(name),
            mode="lines+markers",
            x=spent,
            y=[milli(checkpoint.values[place]) for checkpoint in valuation.trace],
            line={"color": look.colour, "width": 2},
            marker={"color": look.colour, "symbol": look.symbol, "size": 7},
            hovertemplate=f"{label(name)}, %{{x:,}} groups: %{{y:.4g}}<extra></extra>",
        )
    ticks = spent[:: -(-len(spent) // _TICKS)]
    figure.update_xaxes(
        type="log", tickvals=ticks, ticktext=[f"{tick:,}" for tick in ticks], tickangle=0
    )
    return figure


def interactions(valuation: ValuationDocument, found: InteractionsDocument) -> go.Figure:
    """Draw what each pair adds together that neither adds alone."""
    names = valuation.participants
    cells = [
        [None if i == j else milli(each) for j, each in enumerate(row)]
        for i, row in enumerate(found.matrix)
    ]
    decimals = max(0, decimals_for(milli(each) for row in found.matrix for each in row) - 1)
    columns = [label(name) for name in names]
    figure = blank(height=_CHROME + _CELL * len(names))
    grid(
        figure,
        cells,
        written=[["" if cell is None else number(cell, decimals) for cell in row] for row in cells],
        said=[[f"{label(name)}<br>and {column}" for column in columns] for name in names],
    )
    across(figure, columns)
    by_member(figure, names)
    return figure


def _outline(trace: tuple[CheckpointDocument, ...], place: int) -> list[float]:
    """Give the band's upper edge from left to right, then its lower one back."""
    pairs = [(point.values[place], point.standard_errors[place]) for point in trace]
    upper = [milli(value + error) for value, error in pairs]
    return upper + [milli(value - error) for value, error in reversed(pairs)]
