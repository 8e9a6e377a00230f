"""What scenarios ask of a kind of federation: its module ``scenario``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from fedmerit.scenario.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fedmerit.scenario.kinds import Kind
    from fedmerit.scenario.model import Scenario
    from fedmerit.scenario.sections import Offer


class ScenarioPart(Protocol):
    """What a kind says of its scenarios."""

    @property
    def MODEL(self) -> type[Scenario]:  # noqa: N802 - a constant of the module
        """What its scenarios are read as: :class:`Scenario`, or one with further sections."""

    @property
    def LEFT_OUT(self) -> frozenset[str]:  # noqa: N802 - as above
        """Sections that say nothing of such a scenario, and are not written."""

    def check_sections(self, scenario: Scenario) -> None:
        """Refuse sections that do not go together, by a ValueError that says which."""

    def offers(self, scenario: Scenario) -> dict[str, Offer]:
        """Give what each asks that asks for anything."""

    def draws_noise(self, scenario: Scenario) -> bool:
        """Say whether its training draws noise that protects somebody, which has no seed."""

    def anchored(self, scenario: Scenario, seen: Callable[[str], str]) -> Scenario:
        """Give *scenario* with the paths that only this kind has as *seen* from here."""

    def example(self) -> Iterator[str]:
        """Give the lines that show the kind's sections in a scenario to start from."""

    def catalogue(self) -> Mapping[str, Mapping[str, object]]:
        """Give the names that its scenarios may use, by title, each with what it stands for."""


def scenario_part(kind: Kind) -> ScenarioPart:
    """Give what *kind* says of its scenarios."""
    return cast("ScenarioPart", kind.part("scenario"))


def part_of(scenario: Scenario) -> ScenarioPart:
    """Give what the kind of *scenario* says of it."""
    return scenario_part(kind_of(scenario))
