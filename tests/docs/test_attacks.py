"""Every test that the table of attacks names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"


PAGES = (PAGE, ROOT / "docs" / "explanation" / "settlement.md")


@pytest.fixture(scope="module")
def defined():
    """Give the names of all tests, forge's and Python's."""
    forge = (ROOT / "contracts" / "test").rglob("*.t.sol")
    ours = (ROOT / "tests").rglob("test_*.py")
    written = "".join(path.read_text("utf-8") for path in (*forge, *ours))
    return set(re.findall(r"(?:function|def) (test\w*)\(", written))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_leans_on_is_there(page, defined):
    named = set(re.findall(r"`(test\w+)`", page.read_text("utf-8")))

    assert named
    assert named <= defined


@pytest.mark.parametrize("page", ["vertical.md", "threat-model.md"])
def test_what_is_said_of_privacy_names_tests_that_exist(page, defined):
    text = (ROOT / "docs" / "explanation" / page).read_text("utf-8")
    tables = re.findall(r"^\|.*\| test \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, flags=re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]

    assert all(re.findall(r"`(test\w+)`", row) for row in rows)
    assert len(rows) > 25 or page != "vertical.md"
    named = set(re.findall(r"`(test_\w+)`", text))
    assert named
    assert named <= defined


def test_every_row_on_who_can_lie_names_its_tests_or_says_that_nothing_defends():
    section = PAGE.read_text("utf-8").split("## Who can lie about what")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]

    assert len(rows) > 15
    assert all("`test" in row or "not defended" in row for row in rows)


def test_every_attack_names_tests_that_exist(defined):
    for section in PAGE.read_text("utf-8").split("## Attacks")[1:]:
        lines = section.split("\n## ")[0].splitlines()
        rows = [line for line in lines if line.startswith("| ")][1:]
        named = [set(re.findall(r"`(test\w+)`", row)) for row in rows]

        assert len(rows) > 20
        assert all(named)
        assert set().union(*named) <= defined
