"""What a scenario says of owners of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.errors import ScenarioError
from fedmerit.kinds.vertical.privacy import is_noised
from fedmerit.kinds.vertical.protocols import terms_of
from fedmerit.scenario.columns import Noise, Owner, Vertical
from fedmerit.scenario.model import Scenario, Training
from fedmerit.scenario.starter import section_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fedmerit.scenario.sections import Offer

MODEL: Final = Scenario
LEFT_OUT: Final = frozenset({"members", "training"})


def vertical_of(scenario: Scenario) -> Vertical:
    """Give the section that makes *scenario* a vertical one.

    Raises:
        ScenarioError: It has none.
    """
    if scenario.vertical is None:
        raise ScenarioError(
            f"{scenario.name} has no owners of columns", hint="Add a [vertical] section."
        )
    return scenario.vertical


def check_sections(scenario: Scenario) -> None:
    """Refuse what is for owners of rows, and a table that nobody's columns come from."""
    vertical = vertical_of(scenario)
    shared = [owner.name for owner in vertical.owners if owner.source is None]
    if bool(shared) != bool(scenario.data.source):
        msg = (
            f"data.source deals columns out to owners without a 'source' of their own: "
            f"{', '.join(shared) or 'there are none'}"
        )
        raise ValueError(msg)
    for given, usual, name in (
        (scenario.members, (), "[[members]]"),
        (scenario.training, Training(), "[training]"),
        (scenario.data.participant, None, "data.participant"),
        (scenario.data.partition, None, "[data.partition]"),
        (scenario.data.label, None, "data.label"),
        (scenario.data.positive, None, "data.positive"),
        (scenario.data.target, None, "data.target"),
        (scenario.data.validation, "", "data.validation"),
        (scenario.data.columns, (), "data.columns"),
        (scenario.data.ignore, (), "data.ignore"),
        (scenario.data.split, "rows", "data.split"),
    ):
        if given != usual:
            msg = f"{name} is for owners of rows, and [vertical] makes owners of columns"
            raise ValueError(msg)
    terms_of(vertical).check_sections(scenario)


def offers(scenario: Scenario) -> dict[str, Offer]:
    """Give what each owner asks that asks for anything."""
    owners = vertical_of(scenario).owners
    return {owner.name: owner.offer for owner in owners if owner.offer is not None}


def draws_noise(scenario: Scenario) -> bool:
    """Say whether noise protects labels, features or gradients."""
    return is_noised(vertical_of(scenario))


def anchored(scenario: Scenario, seen: Callable[[str], str]) -> Scenario:
    """Give *scenario* with the owners' own files as *seen* from here."""
    vertical = vertical_of(scenario)
    owners = tuple(
        owner.model_copy(update={"source": seen(owner.source)}) if owner.source else owner
        for owner in vertical.owners
    )
    found = vertical.model_copy(update={"owners": owners})
    return scenario.model_copy(update={"vertical": found})


def example() -> Iterator[str]:
    """Show the sections that make owners of columns out of owners of rows."""
    owners = (Owner(name="shop", source="shop.csv", key=("customer",), label="buys"),)
    vertical = Vertical.model_construct(owners=owners)
    yield from ("", "# Instead of [[members]] and [training], for owners of columns:")
    yield from ("# [vertical]", *section_lines(vertical, active=False))
    for name in ("label_privacy", "feature_privacy", "gradient_privacy"):
        yield from ("", f"# [vertical.{name}]", *section_lines(Noise(), active=False))
    for owner in owners:
        yield from ("", "# [[vertical.owners]]", *section_lines(owner, active=False))


def catalogue() -> Mapping[str, Mapping[str, object]]:
    """Give tables and games."""
    from fedmerit.federation.vertical.partygame import (  # noqa: PLC0415 - imports torch
        EmbeddingGame,
        PartyGame,
    )
    from fedmerit.federation.vertical.shipped import WIDE  # noqa: PLC0415 - as above

    return {
        "Data sets": WIDE,
        "Games of owners of columns": {"retraining": PartyGame, "embeddings": EmbeddingGame},
    }
