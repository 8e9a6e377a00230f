"""The report of a run: one HTML file, made from the bundle's files and nothing else.

May import `bundle`, `chain`, `incentives`, `scenario` and the ground.

Importing this package is light: Plotly is loaded by the first name that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fedmerit.report.page import render, write

__all__ = ["render", "write"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the names above have their types there
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("fedmerit.report.page"), name)
