"""What reports ask of a kind of federation: its module ``report``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from fedmerit.bundle.directory import Bundle
    from fedmerit.report.findings import Findings
    from fedmerit.report.headline import KeyFigure
    from fedmerit.report.layout import Section
    from fedmerit.scenario.model import Scenario


class ReportPart(Protocol):
    """What a kind shows in a report."""

    def read(self, bundle: Bundle) -> object:
        """Read the documents that only this kind has, for :attr:`Findings.own`."""

    def model_figures(self, findings: Findings) -> tuple[KeyFigure, KeyFigure]:
        """Give the two figures at the top that are about the model: itself, and its yardstick."""

    def sections(self, findings: Findings) -> Sequence[Section]:
        """Give all sections in reading order, those of :mod:`fedmerit.report.sections` too."""

    def checking(self, findings: Findings) -> list[Markup]:
        """Say what an audit does, and how to make one."""


def part_of(scenario: Scenario) -> ReportPart:
    """Give what the kind of *scenario* shows."""
    return cast("ReportPart", kind_of(scenario).part("report"))
