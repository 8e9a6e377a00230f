"""The page that helps to choose a mechanism says of each what it claims, and nothing of others."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from fedmerit.incentives import MECHANISMS
from fedmerit.incentives.checking import check
from fedmerit.incentives.mechanisms import Property

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def decide():
    spec = spec_from_file_location("decide", DOCS / "decide.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page():
    return (DOCS / "explanation" / "mechanisms.md").read_text("utf-8")


def rows(page, part):
    block = page.partition(f"<!-- checked: {part} -->")[2].partition("<!-- end -->")[0]
    lines = [line for line in block.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_mechanism_is_on_the_page_with_its_claims(decide, page):
    head, _, *table = rows(page, "properties")

    assert [row[0].strip("`") for row in table] == list(MECHANISMS)
    for row in table:
        cells = dict(zip(head, row, strict=True))
        held = {
            Property(name): set(cell.split(", ")[1:])
            for name, cell in cells.items()
            if cell.split(", ")[0] == decide.HELD
        }
        domains = dict(MECHANISMS[row[0].strip("`")].domains)
        domains.pop(Property.CONSERVATION)
        assert held == domains, f"{row[0]}: run python docs/decide.py"


def test_every_case_that_the_table_names_is_told(decide, page):
    head, _, *table = rows(page, "properties")
    found = {
        (row[0], name)
        for row in table
        for name, cell in zip(head, row, strict=True)
        if cell == decide.FOUND
    }

    assert {(row[0], row[1]) for row in rows(page, "cases")[2:]} == found


def test_what_cannot_be_had_is_what_the_code_says(decide, page):
    block = page.partition("<!-- checked: impossible -->")[2].partition("<!-- end -->")[0]

    assert block.strip() == decide.impossible(), "run: python docs/decide.py"


def test_an_answer_is_a_mechanism_that_holds_what_is_asked(page):
    for _, must, fit in rows(page, "answers")[2:]:
        for name in re.findall(r"`([^`]+)`", fit):
            assert {Property(claim) for claim in must.split(", ")} <= MECHANISMS[name].claims


def test_a_page_is_filled_from_verdicts(decide):
    empty = "<!-- checked: properties -->\n<!-- end -->"

    filled = decide.filled(empty, [check(MECHANISMS["equal"], trials=4)])
    assert "| `equal` | nothing |" in filled
    assert decide.filled(filled, [check(MECHANISMS["equal"], trials=4)]) == filled
