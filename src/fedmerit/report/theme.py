"""How figures and participants are drawn: one look per participant, one style of axis."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from fedmerit.report.colours import (
    COOL,
    GRID,
    INK,
    LINE,
    MUTED,
    PARTICIPANTS,
    SURFACE,
    WARM,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


FONT: Final = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
)

#: Plotly's symbols, and characters that look like them.
_SYMBOLS: Final = (
    ("circle", "●"),
    ("square", "■"),
    ("diamond", "◆"),
    ("triangle-up", "▲"),
    ("triangle-down", "▼"),
    ("cross", "✚"),
    ("x", "✖"),
    ("star", "★"),
    ("hexagon", "⬢"),
    ("pentagon", "⬟"),
)
_PATTERNS: Final = ("", "/", "x", ".", "\\", "+", "-", "|")
_NAME_WIDTH: Final = 17
_NAME_LINES: Final = 2
_LEGEND_WIDTH: Final = 26
_DIGIT: Final = 8
#: As many column titles stand side by side.
UPRIGHT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one participant is drawn.

    Attributes:
        colour: Of every mark, in light.
        symbol: Of its points, by Plotly's name.
        glyph: The same as a character.
        pattern: Of its bars; empty for the first twelve participants.
    """

    colour: str
    symbol: str = ""
    glyph: str = ""
    pattern: str = ""


def looks(participants: Sequence[str]) -> tuple[Look, ...]:
    """Give each participant its look, by its place in the order of the documents."""
    shades = len(PARTICIPANTS)
    return tuple(
        Look(
            colour=PARTICIPANTS[place % shades][0],
            symbol=_SYMBOLS[place % len(_SYMBOLS)][0],
            glyph=_SYMBOLS[place % len(_SYMBOLS)][1],
            pattern=_PATTERNS[place // shades % len(_PATTERNS)],
        )
        for place in range(len(participants))
    )


def label(name: str) -> str:
    """Give a name as Plotly shall show it: as it is, in two short lines at most.

    Plotly reads HTML, so the name is escaped; the only tag in the result is our own.
    """
    lines = wrap(name, _NAME_WIDTH) or [""]
    if len(lines) > _NAME_LINES:
        lines = [*lines[: _NAME_LINES - 1], lines[_NAME_LINES - 1][: _NAME_WIDTH - 1] + "…"]
    return "<br>".join(map(escape, lines))


def short_label(name: str) -> str:
    """Give a name as :func:`label` does, in one line, for legends."""
    return escape(name if len(name) <= _LEGEND_WIDTH else name[: _LEGEND_WIDTH - 1] + "…")


def blank(*, height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """Give a figure with the house's axes and nothing on them.

    Args:
        height: In pixels; the width is the page's.
        x_title: What runs along x, with its unit.
        y_title: What runs along y, with its unit.
    """
    axis = {
        "gridcolor": GRID,
        "linecolor": LINE,
        "zerolinecolor": MUTED,
        "zerolinewidth": 1,
        "automargin": True,
        "fixedrange": True,
        "ticks": "",
        "tickfont": {"color": INK},
    }
    # All at once: plotly takes ten times as long to change a layout as to make one.
    return go.Figure(
        layout={
            "template": go.layout.Template(),
            "height": height,
            "autosize": True,
            "margin": {"l": 8, "r": 16, "t": 12, "b": 8},
            "paper_bgcolor": SURFACE,
            "plot_bgcolor": SURFACE,
            "font": {"family": FONT, "size": 13, "color": INK},
            "hoverlabel": {"bgcolor": SURFACE, "bordercolor": LINE, "font": {"color": INK}},
            "legend": dict(_LEGEND),
            "dragmode": False,
            "xaxis": {**axis, "title": _title(x_title)},
            "yaxis": {**axis, "title": _title(y_title)},
        }
    )


def by_member(figure: go.Figure, participants: Sequence[str], *extra: str) -> None:
    """Put the participants down the y axis, the first on top, and *extra* rows below them.

    Rows are numbers with names as their ticks: a name that looks like a number or a date
    is still a name.
    """
    down(figure, [label(name) for name in (*participants, *extra)])


def down(figure: go.Figure, ticks: Sequence[str]) -> None:
    """Put rows down the y axis; *ticks* may hold tags of ours."""
    figure.update_yaxes(
        tickvals=list(range(len(ticks))),
        ticktext=list(ticks),
        range=[len(ticks) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )


def grid(
    figure: go.Figure,
    cells: Sequence[Sequence[float | None]],
    *,
    written: Sequence[Sequence[str]],
    said: Sequence[Sequence[str]],
) -> None:
    """Draw a heat map with its numbers in it, cool above zero and warm below.

    Args:
        figure: To draw on.
        cells: Numbers, row by row from the top; None leaves a gap.
        written: What stands in each cell.
        said: What is said of each cell, before what stands in it.
    """
    largest = max((abs(cell) for row in cells for cell in row if cell is not None), default=0.0)
    figure.add_heatmap(
        z=cells,
        x=list(range(len(cells[0]))),
        y=list(range(len(cells))),
        zmid=0,
        zmin=-largest,
        zmax=largest,
        colorscale=[[0.0, WARM], [0.5, SURFACE], [1.0, COOL]],
        showscale=False,
        text=written,
        texttemplate="%{text}",
        textfont={"color": INK},
        hovertext=said,
        hovertemplate="%{hovertext}: %{text}<extra></extra>",
        hoverongaps=False,
        xgap=3,
        ygap=3,
    )


def across(figure: go.Figure, titles: Sequence[str]) -> None:
    """Put columns along the top; *titles* may hold tags of ours."""
    figure.update_xaxes(
        side="top",
        tickvals=list(range(len(titles))),
        ticktext=list(titles),
        range=[-0.5, len(titles) - 0.5],
        tickangle=0 if len(titles) <= UPRIGHT else -40,
        showgrid=False,
        zeroline=False,
        showline=False,
    )


def room_for_numbers(figure: go.Figure, digits: int) -> None:
    """Leave a margin for a number of *digits* at the end of the longest bar, at any width."""
    figure.update_layout(margin={"r": _DIGIT * (digits + 1)})


def marks(participants: Sequence[str]) -> dict[str, Any]:
    """Give the ``marker`` of a bar trace with one bar a participant."""
    given = looks(participants)
    return {
        "color": [look.colour for look in given],
        "pattern": {"shape": [look.pattern for look in given], "fgcolor": SURFACE, "size": 6},
        "line": {"width": 0},
    }


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 12, "color": MUTED}, "standoff": 10}


_LEGEND: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "orientation": "h",
        "yanchor": "bottom",
        "y": 1.0,
        "xanchor": "left",
        "x": 0,
        "font": {"size": 12},
        "itemclick": False,
        "itemdoubleclick": False,
    }
)
