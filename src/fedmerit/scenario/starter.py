"""The commented scenario that ``fedmerit init`` writes.

The comments are the settings' own descriptions, so that the file cannot fall behind the
code that reads it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from fedmerit.errors import ScenarioError
from fedmerit.scenario.kinds import KINDS, all_kinds
from fedmerit.scenario.model import Partition, Scenario
from fedmerit.scenario.parts import scenario_part

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENING = """\
# A fedmerit scenario: with the code's version, this file decides every number of a run.
# Lines that begin with '#' and hold a setting show its default or an example.
# Run it with:  fedmerit run {path}
"""


#: Settings that are sections, and shown as such.
_APART: Final = frozenset({"members", "owners", "partition"})


def write_starter(path: Path | None, data: Path | None) -> Path:
    """Write a scenario to start from, and give its path.

    Args:
        path: The file to write; ``my-scenario.toml`` if None.
        data: The user's own table, to be named in it; a shipped one if None.

    Raises:
        ScenarioError: The file exists already or cannot be written.
    """
    target = path or Path("my-scenario.toml")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(starter(target, data))
    except FileExistsError as error:
        raise ScenarioError(f"{target} exists already", hint="Name another file.") from error
    except OSError as error:
        raise ScenarioError(
            f"{target} cannot be written: {error.strerror}", hint="Name another file."
        ) from error
    return target


def starter(path: Path, data: Path | None) -> str:
    """Give the scenario's text."""
    source = {"source": os.path.relpath(data, path.parent) if data else "heart-disease"}
    if data:
        source |= {"label": "label", "participant": "participant"}
    stem = "".join(c if c.isalnum() else "-" for c in path.stem.lower()).strip("-")
    lines = [_OPENING.format(path=path)]
    scenario = Scenario.model_validate({"name": stem or "scenario", "data": source})
    for name, field in Scenario.model_fields.items():
        value = getattr(scenario, name)
        if not isinstance(value, BaseModel) and name not in _APART | KINDS.keys():
            lines += _setting(name, field.description, value, active=name != "description")
    for name, section in scenario:
        if isinstance(section, BaseModel):
            lines += ["", f"[{name}]", *section_lines(section)]
            if name == "data":
                example = Partition()
                lines += ["", "# [data.partition]", *section_lines(example, active=False)]
    for kind in all_kinds():
        lines += scenario_part(kind).example()
    return "\n".join(lines) + "\n"


def section_lines(section: BaseModel, *, active: bool = True) -> Iterator[str]:
    """Give the lines of a section: its settings, each below what it means.

    Args:
        section: With the values to show.
        active: Whether the settings that were given count; all are comments otherwise.
    """
    given = section.model_fields_set
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if not isinstance(field.default, BaseModel) and name not in _APART:
            yield from _setting(name, field.description, value, active=active and name in given)


def _setting(name: str, description: str | None, value: object, *, active: bool) -> Iterator[str]:
    for line in (description or "").replace("``", "'").splitlines():
        yield f"# {line}"
    # A JSON scalar, list or empty object is TOML too.
    text = f"{name} = {json.dumps(value)}" if value is not None else f"{name} ="
    yield text if active else f"# {text}"
