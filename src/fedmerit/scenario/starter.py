"""The commented scenario that ``fedmerit init`` writes.

The comments are the settings' own descriptions, so that the file cannot fall behind the
code that reads it.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from fedmerit.errors import ScenarioError
from fedmerit.scenario.kinds import KINDS, all_kinds
from fedmerit.scenario.model import Partition, Scenario
from fedmerit.scenario.parts import scenario_part
from fedmerit.scenario.proposing import proposed_settings, short_starter
from fedmerit.scenario.toml import as_toml
from fedmerit.untrusted import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPENING = """\
# A fedmerit scenario: with the code's version, this file decides every number of a run.
# Lines that begin with '#' and hold a setting show its default or an example.
# Run it with:  fedmerit run {path}
"""


#: Settings that are sections, and shown as such.
_APART: Final = frozenset({"members", "owners", "partition"})


def write_starter(
    path: Path | None,
    data: Path | None,
    *,
    full: bool = False,
    given: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Write a scenario to start from, and give its path.

    Args:
        path: The file to write; ``my-scenario.toml`` if None.
        data: The user's own table, which is read for it; a shipped one if None.
        full: Whether all settings are shown for the user's table too.
        given: Settings of ``[data]`` that are not left to the proposal.

    Raises:
        ScenarioError: The file exists already or cannot be written.
        DataError: The table cannot be read, or holds nothing to predict.
    """
    if given and data is None:
        raise ScenarioError(
            f"{', '.join(given)} is about a table, and no table is given", hint="Add --data FILE."
        )
    target = path or Path("my-scenario.toml")
    if target.exists():
        raise ScenarioError(f"{target} exists already", hint="Name another file.")
    for name in (target, *([data] if data else [])):
        if not encodable(str(name)):
            raise ScenarioError(
                f"the name of {name} is not UTF-8, so no scenario can say it",
                hint="Rename the file.",
            )
    text = (
        starter(target, data, given)
        if full or data is None
        else short_starter(_name(target), target, data, given)
    )
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ScenarioError(f"{target} exists already", hint="Name another file.") from error
    except OSError as error:
        raise ScenarioError(
            f"{target} cannot be written: {error.strerror}", hint="Name another file."
        ) from error
    return target


def starter(path: Path, data: Path | None, given: Mapping[str, str] = MappingProxyType({})) -> str:
    """Give the scenario's text with every setting."""
    source = proposed_settings(path, data, given) if data else {"source": "heart-disease"}
    lines = [_OPENING.format(path=path)]
    model = {"kind": "linear"} if source.get("target") == "quantity" else {}
    scenario = Scenario.model_validate({"name": _name(path), "data": source, "model": model})
    for name, field in Scenario.model_fields.items():
        value = getattr(scenario, name)
        if not isinstance(value, BaseModel) and name not in _APART | KINDS.keys():
            lines += _setting(name, field.description, value, active=name != "description")
    for name, section in scenario:
        if isinstance(section, BaseModel):
            lines += ["", f"[{name}]", *section_lines(section)]
            if name == "data":
                dealt = scenario.data.partition
                mark = "" if dealt else "# "
                example = section_lines(dealt or Partition(), active=dealt is not None)
                lines += ["", f"{mark}[data.partition]", *example]
    for kind in all_kinds():
        lines += scenario_part(kind).example()
    return "\n".join(lines) + "\n"


def _name(path: Path) -> str:
    stem = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.stem.lower())
    return stem.strip("-") or "scenario"


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
    text = f"{name} = {as_toml(value)}" if value is not None else f"{name} ="
    yield text if active else f"# {text}"
