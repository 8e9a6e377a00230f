"""Kinds of federation: which one a scenario is of, and where all that differs between them lives.

A kind is a package with a module for each room that asks (:data:`ROOMS`); what each has to hold
stands in that room's ``parts.py``. The modules are imported when a room asks, so that an audit
without retraining loads no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from fedmerit.scenario.sections import Section

#: Every kind's package, by its name. The first is a scenario's unless a section of the scenario
#: is called as another, or its model is one of :data:`MODELS`.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "horizontal": "fedmerit.kinds.horizontal",
        "vertical": "fedmerit.kinds.vertical",
        "pooled": "fedmerit.kinds.pooled",
        "recorded": "fedmerit.kinds.recorded",
    }
)

#: Models that make a scenario one of a kind, without a section.
MODELS: Mapping[str, str] = MappingProxyType({"sklearn": "pooled"})

#: The modules of a kind's package.
ROOMS: Final = (
    "scenario",
    "stages",
    "report",
    "summary",
    "auditing",
    "retraining",
    "simulation",
    "scoring",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of federation.

    Attributes:
        name: As :data:`KINDS` and a scenario's section call it.
        package: The import path of what it consists of.
    """

    name: str
    package: str

    def part(self, room: str) -> ModuleType:
        """Import what this kind has for *room*, one of :data:`ROOMS`."""
        return import_module(f"{self.package}.{room}")


def kind_of(scenario: Section) -> Kind:
    """Say of which kind *scenario* is.

    Raises:
        ScenarioError: Sections make it one of several kinds.
    """
    named = [name for name in KINDS if getattr(scenario, name, None) is not None]
    return _only(named, getattr(getattr(scenario, "model", None), "kind", None))


def kind_in(given: Mapping[str, object]) -> Kind:
    """Say the same of a scenario that is *given* as TOML has it.

    Raises:
        ScenarioError: Sections make it one of several kinds.
    """
    named, model = [name for name in KINDS if given.get(name) is not None], given.get("model")
    return _only(named, model.get("kind") if isinstance(model, dict) else None)


def all_kinds() -> tuple[Kind, ...]:
    """Give every kind there is."""
    return tuple(Kind(name, package) for name, package in KINDS.items())


def _only(sections: list[str], model: object) -> Kind:
    asked = {name: f"[{name}]" for name in sections}
    if isinstance(model, str) and model in MODELS:
        asked[MODELS[model]] = f"model.kind = {model!r}"
    names = tuple(asked) or (next(iter(KINDS)),)
    if len(names) > 1:
        raise ScenarioError(
            f"a scenario is of one kind, and this one has {', '.join(asked.values())}",
            hint="Leave out all but one of these.",
        )
    return Kind(names[0], KINDS[names[0]])
