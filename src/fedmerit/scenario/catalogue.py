"""Everything a scenario can name, each with one line on what it is."""

from __future__ import annotations

from inspect import getdoc
from typing import TYPE_CHECKING

from fedmerit.scenario.kinds import all_kinds
from fedmerit.scenario.parts import scenario_part
from fedmerit.scenario.reading import load, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping


def catalogue() -> dict[str, dict[str, str]]:
    """Give the names that scenarios may use, by kind, with a summary of each."""
    from fedmerit.incentives import METHODS, SETTLED  # noqa: PLC0415 - only needed here

    names: dict[str, dict[str, object]] = {}
    for kind in all_kinds():
        for title, entries in scenario_part(kind).catalogue().items():
            names.setdefault(title, {}).update(entries)
    return {
        "Scenarios": {name: load(name).description for name in shipped()},
        **{title: _summaries(entries) for title, entries in names.items()},
        "Methods": _summaries(METHODS),
        "Mechanisms": _summaries(SETTLED),
    }


def _summaries(entries: Mapping[str, object]) -> dict[str, str]:
    return {name: (getdoc(entry) or "").partition("\n")[0] for name, entry in entries.items()}
