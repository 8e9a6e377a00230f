"""What a section of the report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from markupsafe import Markup

    from fedmerit.report.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure on the page.

    Attributes:
        id: Of its element.
        title: Above it.
        alt: What it shows, for those who do not see it.
        figure: In light colours.
        least_width: In pixels; below it the chart scrolls inside its frame.
        by_member: Whether its legend is the members'; the page then writes it, since
            Plotly's own does not wrap well.
        wide: Whether it takes the whole width of the page.
    """

    id: str
    title: str
    alt: str
    figure: go.Figure
    least_width: int = 0
    by_member: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image on the page.

    Attributes:
        id: Of its title.
        title: Above it.
        alt: What it shows, for those who do not see it.
        source: The image itself, as a data URL: nothing is fetched.
    """

    id: str
    title: str
    alt: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading of the report and what stands under it.

    Attributes:
        id: Of its heading.
        title: The heading.
        text: Paragraphs.
        callouts: Paragraphs that must not be overlooked.
        charts: Side by side where there is room.
        pictures: Below them, likewise.
        tables: Under them, folded up, except where there is no chart or a table is to be seen.
        closing: Paragraphs below the tables.
        folded: Whether only its heading shows until a reader opens it.
    """

    id: str
    title: str
    text: list[Markup]
    callouts: tuple[Markup, ...] = ()
    charts: tuple[Chart, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    closing: tuple[Markup, ...] = ()
    folded: bool = False
