"""The chart of the values against simpler answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import MUTED, SURFACE
from fedmerit.report.figures.contributions import half_widths, readings_by_name
from fedmerit.report.readings import ALONE, baselines
from fedmerit.report.theme import blank, by_member, label, looks
from fedmerit.report.units import milli, number, unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.bundle.schemas import ValuationDocument

_ROW: Final = 54
_CHROME: Final = 150
_SYMBOLS: Final = ("diamond", "triangle-up", "square", "circle", "x")
#: Where in a row the value and the marks of simpler answers lie.
_ABOVE: Final = -0.18
_BELOW: Final = 0.2
#: Of the width: the room beside the outermost marks.
_MARGIN: Final = 0.06


def comparison(valuation: ValuationDocument) -> go.Figure:
    """Draw each value as a point, and below it what each simpler answer would say.

    What a member is worth alone can be so far off that nothing else could be told apart; such
    a mark lies at the edge, with its number.
    """
    names = valuation.participants
    figure = blank(height=_CHROME + _ROW * len(names), x_title=unit(valuation).long)
    _values(figure, valuation)
    low, high = _shown(valuation)
    for (title, numbers), symbol in zip(baselines(valuation).items(), _SYMBOLS, strict=False):
        found = [milli(each) for each in numbers]
        figure.add_scatter(
            name=title,
            mode="markers+text",
            y=[row + _BELOW for row in range(len(names))],
            x=[min(max(each, low), high) for each in found],
            text=[number(each, 0) if _off(each, low, high) else "" for each in found],
            textposition=["middle right" if each < low else "middle left" for each in found],
            textfont={"color": MUTED, "size": 11},
            marker={
                "symbol": symbol,
                "color": SURFACE,
                "size": 9,
                "line": {"width": 1.5, "color": MUTED},
            },
            customdata=found,
            hovertemplate=f"{title}: %{{customdata:.4g}}<extra></extra>",
        )
    margin = _MARGIN * (high - low) or 1.0
    figure.update_xaxes(nticks=4, tickangle=0, range=[low - margin, high + margin])
    by_member(figure, names)
    return figure


def beyond(valuation: ValuationDocument) -> bool:
    """Say whether some marks of :func:`comparison` lie at the edge, for want of room."""
    low, high = _shown(valuation)
    return any(_off(milli(each), low, high) for each in baselines(valuation)[ALONE])


def _values(figure: go.Figure, valuation: ValuationDocument) -> None:
    rows = enumerate(zip(valuation.values, half_widths(valuation), strict=True))
    everyone = zip(rows, looks(valuation.participants), readings_by_name(valuation), strict=True)
    for (row, (value, half)), look, (name, reading) in everyone:
        figure.add_scatter(
            mode="markers",
            y=[row + _ABOVE],
            x=[milli(value)],
            marker={"color": look.colour, "size": 12},
            error_x={"array": [half], "color": look.colour, "thickness": 1.5, "width": 4},
            hovertext=[f"{label(name)}: {reading}"],
            hoverinfo="text",
            showlegend=False,
        )


def _off(mark: float, low: float, high: float) -> bool:
    return not low <= mark <= high


def _shown(valuation: ValuationDocument) -> tuple[float, float]:
    """Give the range of all but the worths alone, and of those what widens it little."""
    simpler = baselines(valuation)
    alone = simpler.pop(ALONE)
    reaches = zip(valuation.values, valuation.half_widths, strict=True)
    ends = [end for value, half in reaches for end in (value - half, value + half)]
    marks = [0, *ends, *(each for numbers in simpler.values() for each in numbers)]
    low, high = min(marks), max(marks)
    room = (high - low) // 2
    return (
        milli(max(min(low, *alone), low - room)),
        milli(min(max(high, *alone), high + room)),
    )
