"""The colours of the report, light and dark, and which text can be read on them.

A figure is drawn in light colours, and each of them is a key of :data:`DARK`. The dark
figure is the same figure with every colour looked up there, in Python or in the page.
"""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE: Final = "#f4f6f8"
SURFACE: Final = "#ffffff"
INK: Final = "#18202b"
MUTED: Final = "#566170"
LINE: Final = "#d5dbe3"
GRID: Final = "#e7ebf0"
ACCENT: Final = "#1d5fae"
HARM: Final = "#a84a0b"
IDLE: Final = "#7f8a98"
#: Ends of a colour scale on which INK can still be read.
COOL: Final = "#8fb9ea"
WARM: Final = "#e9b48f"
#: Text on a participant's colour: white or black, which in dark may be the other one.
WHITE: Final = "#fefefe"
WHITE_THEN_BLACK: Final = "#fdfdfd"
BLACK: Final = "#0a0a0a"
BLACK_THEN_WHITE: Final = "#0b0b0b"

#: Light and dark, in the order they are given out. All have a contrast of 3:1 or more to
#: their surface; every two differ by 7 or more in OKLab (x 100) to people who lack red or
#: green cones, the first six by 11 or more (Machado et al., 2009).
PARTICIPANTS: Final[tuple[tuple[str, str], ...]] = (
    ("#2560bd", "#5ea4fe"),
    ("#d07f20", "#e39006"),
    ("#339181", "#38d6ad"),
    ("#8e2e7c", "#c865aa"),
    ("#7d1002", "#c44f2e"),
    ("#3799e5", "#c7f0ff"),
    ("#82762c", "#e9d562"),
    ("#6a6967", "#96aabe"),
    ("#6a6be9", "#946de4"),
    ("#52641a", "#a8bf71"),
    ("#e764a7", "#ffb4dc"),
    ("#251a68", "#5d5fbe"),
)

#: What each light colour becomes where the reader prefers dark.
DARK: Final[Mapping[str, str]] = MappingProxyType(
    {
        PAGE: "#0f1319",
        SURFACE: "#171c24",
        INK: "#e9edf2",
        MUTED: "#a6b1be",
        LINE: "#364150",
        GRID: "#262e39",
        ACCENT: "#7ab5ff",
        HARM: "#f2994f",
        IDLE: "#7f8b9a",
        COOL: "#2b5c97",
        WARM: "#8a4a1c",
        WHITE: WHITE,
        WHITE_THEN_BLACK: BLACK,
        BLACK: BLACK,
        BLACK_THEN_WHITE: WHITE,
        **dict(PARTICIPANTS),
    }
)

#: The colours of the page by the names that the style sheet knows them by.
LIGHT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "page": PAGE,
        "surface": SURFACE,
        "ink": INK,
        "muted": MUTED,
        "line": LINE,
        "grid": GRID,
        "accent": ACCENT,
        "harm": HARM,
    }
)


def dark(figure: go.Figure) -> go.Figure:
    """Give the same figure in dark colours."""
    return go.Figure(_darkened(figure.to_plotly_json()))


def text_on(colour: str) -> str:
    """Give the text colour that can be read on *colour*, in light and in dark."""
    in_light, in_dark = (
        contrast(WHITE, shade) >= contrast(BLACK, shade) for shade in (colour, DARK[colour])
    )
    if in_light:
        return WHITE if in_dark else WHITE_THEN_BLACK
    return BLACK_THEN_WHITE if in_dark else BLACK


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _darkened(part: Any, *, colour: bool = False) -> Any:  # noqa: ANN401 - any part of a figure
    if isinstance(part, dict):
        return {key: _darkened(value, colour=_is_colour(key)) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_darkened(value, colour=colour) for value in part]
    return DARK.get(part, part) if colour and isinstance(part, str) else part


def _is_colour(key: str) -> bool:
    return key.endswith(("color", "colorscale"))


def _luminance(colour: str) -> float:
    parts = [int(colour[a:b], 16) / 255 for a, b in pairwise((1, 3, 5, 7))]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]  # noqa: PLR2004 - sRGB's own
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
