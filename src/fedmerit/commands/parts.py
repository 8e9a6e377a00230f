"""What the command line asks of a kind of federation: its module ``summary``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.bundle.directory import Bundle
    from fedmerit.scenario.model import Scenario


class SummaryPart(Protocol):
    """What a kind shows on the command line once a run is done."""

    def member_cells(self, bundle: Bundle) -> Mapping[str, Mapping[str, str]]:
        """Give what is said of each member beside its value, by its name and by title."""

    def model_figures(self, bundle: Bundle) -> Mapping[str, str]:
        """Give what is said of the model and of its training, by title."""


def part_of(scenario: Scenario) -> SummaryPart:
    """Give what the kind of *scenario* shows."""
    return cast("SummaryPart", kind_of(scenario).part("summary"))
