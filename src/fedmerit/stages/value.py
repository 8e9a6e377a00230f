"""The value stage, which every kind of federation does in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.stages.parts import part_of

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.progress import Advance


def value(bundle: Bundle, advance: Advance) -> None:
    """Measure coalitions, and value the members by them."""
    part_of(bundle.scenario).value(bundle, advance)
