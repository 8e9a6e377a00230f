"""Just enough SVG for the pictures of the mechanisms: axes, lines, bars, dots and words."""  # noqa: INP001 - a script beside the pages

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import GRID, INK, MUTED, PARTICIPANTS, SURFACE
from fedmerit.report.theme import FONT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Point = tuple[float, float]

WIDTH: Final = 640
HEIGHT: Final = 360
COLOURS: Final = tuple(light for light, _ in PARTICIPANTS)
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 52
_FONT: Final = FONT.replace('"', "'")


class Picture:
    """One picture, in its own units.

    Args:
        title: What it shows, for those who do not see it.
        across: The range of x.
        up: The range of y.
        labels: What runs along x and along y.
    """

    def __init__(
        self, title: str, *, across: Point, up: Point, labels: tuple[str, str] = ("", "")
    ) -> None:
        self._across, self._up = across, up
        self._parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{SURFACE}"/>']
        self._title = title
        self._keys = 0
        bottom, middle = HEIGHT - _BOTTOM, (_TOP + HEIGHT - _BOTTOM) / 2
        self._say(labels[0], (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 12, MUTED, "middle")
        if labels[1]:
            turned = f'transform="rotate(-90 18 {middle:.1f})"'
            self._say(labels[1], 18, middle, MUTED, "middle", turned)
        self._base = bottom

    def ticks(self, across: Mapping[float, str], up: Mapping[float, str]) -> None:
        """Write along the axes, with a line of the grid at each of *up*."""
        for value, text in up.items():
            y = self._y(value)
            self._line([(_LEFT, y), (WIDTH - _RIGHT, y)], GRID, 1)
            self._say(text, _LEFT - 8, y + 4, INK, "end")
        for value, text in across.items():
            self._say(text, self._x(value), self._base + 18, INK, "middle")

    def line(
        self, points: Sequence[Point], colour: str, *, width: float = 2.5, dashed: bool = False
    ) -> None:
        """Draw a line through *points*."""
        self._line([(self._x(x), self._y(y)) for x, y in points], colour, width, dashed=dashed)

    def area(self, points: Sequence[Point], colour: str) -> None:
        """Fill what lies between *points*."""
        corners = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)
        self._parts.append(f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.25"/>')

    def bar(self, x: float, low: float, high: float, colour: str, *, width: float = 0.7) -> None:
        """Draw a bar of *width* about *x*, from *low* to *high*."""
        left, right = self._x(x - width / 2), self._x(x + width / 2)
        top, bottom = self._y(max(low, high)), self._y(min(low, high))
        self._parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" fill="{colour}" stroke="{SURFACE}"/>'
        )

    def dot(self, x: float, y: float, colour: str, said: str = "") -> None:
        """Mark a point, with words beside it."""
        self._parts.append(
            f'<circle cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="5" fill="{colour}" '
            f'stroke="{SURFACE}" stroke-width="1.5"/>'
        )
        self._say(said, self._x(x) + 9, self._y(y) + 4, INK)

    def say(self, x: float, y: float, said: str, *, anchor: str = "middle") -> None:
        """Write at a point."""
        self._say(said, self._x(x), self._y(y), INK, anchor)

    def key(self, colour: str, said: str) -> None:
        """Add to the legend."""
        left = _LEFT + self._keys
        self._parts.append(
            f'<rect x="{left}" y="14" width="12" height="12" rx="3" fill="{colour}"/>'
        )
        self._say(said, left + 17, 24, INK)
        self._keys += 34 + 7 * len(said)

    def svg(self) -> str:
        """Give the whole picture."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="{_FONT}" font-size="13">'
        )
        return "\n".join([head, f"<title>{escape(self._title)}</title>", *self._parts, "</svg>\n"])

    def _say(  # noqa: PLR0917 - a point, and how to write at it
        self, said: str, x: float, y: float, colour: str, anchor: str = "start", more: str = ""
    ) -> None:
        if said:
            self._parts.append(
                f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" {more}>'
                f"{escape(said)}</text>"
            )

    def _line(
        self, points: Sequence[Point], colour: str, width: float, *, dashed: bool = False
    ) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = ' stroke-dasharray="6 5"' if dashed else ""
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"'
            f'{dashes} stroke-linejoin="round"/>'
        )

    def _x(self, value: float) -> float:
        low, high = self._across
        return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        low, high = self._up
        return self._base - (value - low) / (high - low) * (self._base - _TOP)
