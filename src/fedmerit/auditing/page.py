"""The report, drawn again and compared; one of another version has its numbers read back.

A page is trusted in nothing: what ``run.json`` says of versions decides how a difference is
called, never whether there is one to be called anything.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.directory import REPORT
from fedmerit.bundle.schemas import RUN, RunDocument
from fedmerit.provenance import versions
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle

#: A script that runs: of a library, or ours. Data have a type.
_RUNS: Final = re.compile(r"<script>.*?</script>", re.DOTALL)
_ALLOWED: Final = re.compile(r"script-src [^;]*;")
_FEW: Final = 3

#: A table as it is read: its caption, and every cell of every row.
Cells = tuple[str, tuple[tuple[str, ...], ...]]


def check_report(bundle: Bundle) -> Iterator[Check]:
    """Hold the report against the one that these files give here."""
    from fedmerit.report import render  # noqa: PLC0415 - imports plotly

    ours, theirs = render(bundle), bundle.text(REPORT)
    said = bundle.document(RUN, RunDocument).versions
    other = [n for n in ("fedmerit", "plotly") if said.get(n) != versions()[n]]
    if ours == theirs or not other:
        yield compared(
            "report",
            holds=ours == theirs,
            same=f"{REPORT} is what this evidence looks like",
            different=f"{REPORT} is not what the evidence looks like",
        )
        return
    wrong = _differences(ours, theirs, words="fedmerit" not in other)
    by = ", ".join(f"{name} {said.get(name)} (here is {versions()[name]})" for name in other)
    anew = f"do not rely on it; to draw it anew: fedmerit report {argument(bundle.path)}"
    if wrong:
        detail = f"{REPORT} says it was drawn by {by}, and differs in {wrong}; {anew}"
        yield Check("report", "differs", detail)
    else:
        bound = "its tables hold these numbers" + (
            ", and its words and scripts are bound by nothing"
            if "fedmerit" in other
            else ", its words are these, and its scripts are bound by nothing"
        )
        yield Check("report", "skipped", f"{REPORT} says it was drawn by {by}: {bound}; {anew}")


def _differences(ours: str, theirs: str, *, words: bool) -> str:
    """Say where two pages differ: in tables; or, where the words have to be ours, anywhere."""
    if words and _without_scripts(ours) != _without_scripts(theirs):
        return "more than the library that draws its charts"
    wanted, found = Counter(tables_in(ours)), Counter(tables_in(theirs))
    odd = [caption for caption, _ in ((wanted - found) + (found - wanted))]
    if not odd:
        return ""
    named = list(dict.fromkeys(odd))
    return f"the tables {'; '.join(map(repr, named[:_FEW]))}" + (
        f" and {len(named) - _FEW} more" if len(named) > _FEW else ""
    )


def _without_scripts(page: str) -> str:
    return _ALLOWED.sub("", _RUNS.sub("", page))


def tables_in(page: str) -> list[Cells]:
    """Read every table of a page back, as a reader of it would see it."""
    reader = _Tables()
    reader.feed(page)
    reader.close()
    return reader.found


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Cells] = []
        self._caption = ""
        self._rows: list[list[str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._caption, self._rows = "", []
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows = self._rows or [[]]
            self._rows[-1].append("")
        if tag in {"td", "th", "caption"}:
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.found.append((self._caption, tuple(map(tuple, self._rows))))
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "caption":
            self._caption += data
        elif self._inside:
            self._rows[-1][-1] += data
