"""Every test that the table of attacks names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"


def test_every_attack_names_tests_that_exist():
    forge = (ROOT / "contracts" / "test").rglob("*.t.sol")
    ours = (ROOT / "tests").rglob("test_*.py")
    written = "".join(path.read_text("utf-8") for path in (*forge, *ours))
    defined = set(re.findall(r"(?:function|def) (test\w*)\(", written))

    for section in PAGE.read_text("utf-8").split("## Attacks")[1:]:
        lines = section.split("\n## ")[0].splitlines()
        rows = [line for line in lines if line.startswith("| ")][1:]
        named = [set(re.findall(r"`(test\w+)`", row)) for row in rows]

        assert len(rows) > 20
        assert all(named)
        assert set().union(*named) <= defined
