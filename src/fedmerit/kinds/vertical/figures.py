"""Charts of a vertical run: the values by several games, and who sent how much."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import ACCENT, COOL, IDLE, INK, MUTED, WARM
from fedmerit.report.theme import blank, by_member
from fedmerit.report.units import milli

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from fedmerit.bundle.vertical_schemas import OpinionsDocument, VerticalDocument

_ROW: Final = 84
_CHROME: Final = 130
#: By game and by the label holder's part: colour and symbol.
_LOOKS: Final[Mapping[tuple[str, str], tuple[str, str]]] = MappingProxyType(
    {
        ("retraining", "given"): (ACCENT, "circle"),
        ("retraining", "mandatory"): (INK, "square"),
        ("embeddings", "given"): (IDLE, "diamond"),
        ("embeddings", "mandatory"): (MUTED, "triangle-up"),
    }
)
_PROTOCOLS: Final[Mapping[str, str]] = MappingProxyType(
    {"alignment": COOL, "training": ACCENT, "parts": WARM}
)


def opinions(said: OpinionsDocument) -> go.Figure:
    """Draw each owner's value by every game, with its interval."""
    names = said.participants
    figure = blank(height=_CHROME + _ROW * len(names), x_title="milli-nats per validation row")
    step = 0.72 / max(1, len(said.games))
    for place, each in enumerate(said.games):
        colour, symbol = _LOOKS[each.game, each.label_holder]
        title = f"{each.game}, labels {each.label_holder}"
        offset = step * (place - (len(said.games) - 1) / 2)
        figure.add_scatter(
            name=title,
            mode="markers",
            x=[milli(value) for value in each.values],
            y=[row + offset for row in range(len(names))],
            marker={"color": colour, "symbol": symbol, "size": 10},
            error_x={
                "array": [milli(half) for half in each.half_widths],
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            hovertemplate=f"{title}: %{{x:.4g}}<extra></extra>",
        )
    figure.update_xaxes(nticks=6, tickangle=0)
    by_member(figure, names)
    return figure


def traffic(said: VerticalDocument) -> go.Figure:
    """Draw the kilobytes that each party sent in each protocol."""
    parties = list(said.bytes_sent)
    figure = blank(height=_CHROME + 44 * len(parties), x_title="kB sent")
    for protocol in said.protocols:
        figure.add_bar(
            name=protocol.name,
            orientation="h",
            y=list(range(len(parties))),
            x=[protocol.bytes_sent.get(party, 0) / 1000 for party in parties],
            marker={"color": _PROTOCOLS[protocol.name], "line": {"width": 0}},
            width=0.5,
            hovertemplate=f"{protocol.name}: %{{x:,.0f}} kB<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(nticks=5, tickangle=0)
    by_member(figure, parties)
    return figure
