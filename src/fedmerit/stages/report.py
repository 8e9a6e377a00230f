"""The report stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.report import write

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.bundle.directory import Bundle


def report(bundle: Bundle) -> Path:
    """Draw the report out of the bundle's files, and give its path."""
    return write(bundle)
