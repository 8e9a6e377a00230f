"""What stages ask of a kind of federation: its module ``stages``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.progress import Advance
    from fedmerit.scenario.model import Scenario


class Together(Protocol):
    """Members that are ready to train, whatever they hold."""

    @property
    def participants(self) -> tuple[str, ...]:
        """Their names, in the order that every document keeps."""

    @property
    def declared_rows(self) -> dict[str, int]:
        """How many rows each declares, in the same order."""

    @property
    def committee(self) -> tuple[str, ...]:
        """Members whose keys sign the report."""

    @property
    def threshold(self) -> int:
        """Signatures needed."""


class StagesPart(Protocol):
    """The stages that are not alike for all kinds, each from a bundle's files to its files."""

    def check(self, scenario: Scenario) -> Together:
        """Read the data, and find out now what would stop the run; raises FedmeritError."""

    def train(self, bundle: Bundle, advance: Advance) -> None:
        """Train; write ``run.json``, ``federation.json``, ``training.json`` and what was kept."""

    def value(self, bundle: Bundle, advance: Advance) -> None:
        """Measure coalitions and value the members; write what was measured, and by whom."""


def part_of(scenario: Scenario) -> StagesPart:
    """Give the stages of the kind of *scenario*."""
    return cast("StagesPart", kind_of(scenario).part("stages"))
