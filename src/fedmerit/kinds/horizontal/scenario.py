"""What a scenario says of owners of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.scenario.model import Member, Scenario
from fedmerit.scenario.starter import section_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fedmerit.scenario.sections import Offer

MODEL: Final = Scenario
LEFT_OUT: Final = frozenset[str]()


def check_sections(scenario: Scenario) -> None:
    """Refuse a scenario without a table."""
    if not scenario.data.source:
        msg = "the setting 'data.source' is missing: which table is to be learned from?"
        raise ValueError(msg)


def offers(scenario: Scenario) -> dict[str, Offer]:
    """Give what each member asks that asks for anything."""
    return {m.name: m.offer for m in scenario.members if m.offer is not None}


def draws_noise(_scenario: Scenario) -> bool:
    """Say that no noise protects anybody: what misbehaving members add comes of the seed."""
    return False


def anchored(scenario: Scenario, _seen: Callable[[str], str]) -> Scenario:
    """Give *scenario* as it is: ``data.source`` is its only path."""
    return scenario


def example() -> Iterator[str]:
    """Show a member that the table does not have."""
    yield from ("", "# [[members]]", *section_lines(Member(name="a-new-member"), active=False))


def catalogue() -> Mapping[str, Mapping[str, object]]:
    """Give tables, ways to deal them out, behaviours, models and games."""
    from fedmerit.federation import (  # noqa: PLC0415 - imports torch
        BEHAVIOURS,
        BUILTIN,
        GAMES,
        MODELS,
        RECIPES,
    )

    return {
        "Data sets": BUILTIN,
        "Partitions": RECIPES,
        "Behaviours": BEHAVIOURS,
        "Models": MODELS,
        "Games": GAMES,
    }
