"""No worked case is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
CASES = HERE / "cases.json"


def test_every_worked_case_is_held_to():
    tests = [*HERE.glob("test_*.py"), HERE.parent / "test_measures.py"]
    named = {number for test in tests for number in re.findall(r'"(C\d\d)"', test.read_text())}

    assert named == set(json.loads(CASES.read_text("utf-8")))
