"""Which methods wait for ``make slow``."""

from __future__ import annotations

import pytest

#: They fit a model again and again: seconds where the others take a moment.
FITTED = {"surrogate", "trees"}


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(items):
    """Hold the fitted methods to the axioms in every run, and to all else in the slow one."""
    for item in items:
        method = getattr(item, "callspec", None) and item.callspec.params.get("method")
        here = item.path.parent.name == "methods" and item.path.name != "test_axioms.py"
        if here and method in FITTED:
            item.add_marker(pytest.mark.slow)
