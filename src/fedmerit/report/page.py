"""From a bundle to ``report.html``: the same files always give the same bytes.

The page allows its own two scripts by their digests and nothing else, so whatever a
participant is called, nothing of it can run, and nothing is fetched.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.io import to_json
from plotly.offline import get_plotlyjs

from fedmerit.bundle.directory import REPORT
from fedmerit.report.answer import answer
from fedmerit.report.colours import DARK, LIGHT, PARTICIPANTS
from fedmerit.report.findings import read
from fedmerit.report.headline import key_figures
from fedmerit.report.parts import part_of
from fedmerit.report.sentences import leaving_out
from fedmerit.report.theme import FONT, looks
from fedmerit.report.units import day
from fedmerit.untrusted import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jinja2 import Template

    from fedmerit.bundle.directory import Bundle
    from fedmerit.report.answer import Answer
    from fedmerit.report.headline import KeyFigure
    from fedmerit.report.layout import Chart, Section

#: No word of caution.
NOTHING: Final = Markup()


#: The sections that stand open, in this order.
_OPEN: Final = ("paid", "why", "sure", "check")


def render(bundle: Bundle) -> str:
    """Give the whole report of a settled bundle, as HTML.

    Raises:
        BundleError: A document is missing or not of its form.
    """
    part = part_of(bundle.scenario)
    findings = replace(read(bundle), own=part.read(bundle))
    version = findings.run.versions["fedmerit"]
    return page(
        title=findings.scenario.name,
        eyebrow=f"fedmerit report · {day(findings.started)} · seed {findings.run.seed}",
        lead=findings.scenario.description,
        caution=leaving_out(findings),
        figures=key_figures(findings, *part.model_figures(findings)),
        sections=_in_order(part.sections(findings)),
        members=findings.valuation.participants,
        written=f"Written by fedmerit {version} from the files beside it.",
        answer=answer(findings),
    )


def page(
    *,
    title: str,
    eyebrow: str,
    lead: str,
    figures: Sequence[KeyFigure],
    sections: Sequence[Section],
    members: tuple[str, ...],
    written: str,
    caution: Markup = NOTHING,
    answer: Answer | None = None,
) -> str:
    """Give a whole page.

    Args:
        title: Its heading.
        eyebrow: Above it.
        lead: Below it.
        figures: What a reader sees first.
        sections: In reading order.
        members: Whom colours and legends tell apart.
        written: By whom, and from what.
        caution: What not to read into it, above all else; nothing if empty.
        answer: Who gets how much, and why; stands above everything.
    """
    library, script = _library(), _part("report.js")
    return _template().render(
        title=title,
        eyebrow=eyebrow,
        lead=lead,
        caution=caution,
        figures=figures,
        sections=sections,
        members=members,
        written=written,
        answer=answer,
        shades=_shades(members),
        glyphs=[look.glyph for look in looks(members)],
        chart=_chart,
        dark=_verbatim(_inert(json.dumps(dict(DARK), sort_keys=True))),
        css=_verbatim(_variables() + _part("report.css")),
        library=_verbatim(library),
        script=_verbatim(script),
        digests=[_digest(library), _digest(script)],
    )


def _in_order(sections: Sequence[Section]) -> list[Section]:
    """Put what everybody asks for first and leave it open; fold away the rest."""
    by_id = {section.id: section for section in sections}
    first = [by_id[name] for name in _OPEN if name in by_id]
    return [*first, *(replace(each, folded=True) for each in sections if each.id not in _OPEN)]


def write(bundle: Bundle) -> Path:
    """Write the report into the bundle, and give its path."""
    bundle.write(REPORT, render(bundle).encode())
    return bundle.path / REPORT


@cache
def _template() -> Template:
    return Environment(
        autoescape=True,
        finalize=_readable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).from_string(_part("template.html"))


def _readable(value: object) -> object:
    """Write out characters that nobody sees, such as those that turn the direction of text."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return harmless(value, keep="\n")
    return value


@cache
def _library() -> str:
    return str(get_plotlyjs())


@cache
def _part(name: str) -> str:
    return files("fedmerit.report").joinpath(name).read_text(encoding="utf-8")


def _chart(chart: Chart) -> Markup:
    """Give a figure's JSON; never through orjson, which writes floats its own way."""
    figure = go.Figure(chart.figure)
    if chart.by_member:
        figure.update_layout(showlegend=False)
    return _verbatim(_inert(to_json(figure, engine="json")))


def _verbatim(text: str) -> Markup:
    """Let our own text, or text made inert, into the page as it is."""
    return Markup(text)  # noqa: S704 - see above


def _inert(text: str) -> str:
    """Take from JSON whatever HTML might read in it; its meaning stays."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@cache
def _digest(script: str) -> str:
    return "sha256-" + b64encode(sha256(script.encode()).digest()).decode()


def _shades(participants: tuple[str, ...]) -> list[int]:
    """Give each participant the number of its colour."""
    colours = [light for light, _ in PARTICIPANTS]
    return [colours.index(look.colour) for look in looks(participants)]


def _variables() -> str:
    """Give the theme's colours to the style sheet, light and dark."""
    light = dict(LIGHT) | {
        f"member-{number}": colour for number, (colour, _) in enumerate(PARTICIPANTS)
    }
    dark = {name: DARK[colour] for name, colour in light.items()}
    return (
        f":root{{--font:{FONT};{_declared(light)}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_declared(dark)}}}}}\n"
    )


def _declared(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
