"""Every test that the table of attacks names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"


@pytest.fixture(scope="module")
def defined():
    """Give the names of all tests."""
    forge = (ROOT / "contracts" / "test").rglob("*.t.sol")
    ours = (ROOT / "tests").rglob("test_*.py")
    written = "".join(path.read_text("utf-8") for path in (*forge, *ours))
    return set(re.findall(r"(?:function|def) (test\w*)\(", written))


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


def test_every_attack_names_tests_that_exist(defined):
    section = PAGE.read_text("utf-8").split("## Attacks")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    named = [set(re.findall(r"`(test\w+)`", row)) for row in rows]

    assert len(rows) > 40
    assert all(named)
    assert set().union(*named) <= defined
