"""Links lead somewhere, and name nothing that only one machine has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def named(page):
    return page.relative_to(ROOT).as_posix()


def headings(page):
    """Give the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_resolves(page):
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if link.startswith(("https://", "mailto:")):
            continue
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)

    assert not broken


def test_every_page_can_be_reached_from_the_index():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text("utf-8"))}

    assert set((ROOT / "docs").rglob("*.md")) - linked == {index}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_names_a_machine(page):
    assert not re.findall(r"(?<![\w.])/(?:home|root|tmp|work|Users)/", page.read_text("utf-8"))
