"""The train stage, which every kind of federation does in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.stages.parts import part_of

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.progress import Advance


def train(bundle: Bundle, advance: Advance) -> None:
    """Train the federation, and keep what it learned and how."""
    part_of(bundle.scenario).train(bundle, advance)
