"""How whoever does long work tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Advance(Protocol):
    """A function that is told of every step."""

    def __call__(self, done: int, total: int, /) -> None:
        """Called after *done* of *total* steps."""
