"""Scenarios out of TOML files, and plain words for what is wrong with one."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError

from fedmerit.errors import ScenarioError, suggestion
from fedmerit.scenario.estimators import is_known
from fedmerit.scenario.kinds import kind_in
from fedmerit.scenario.parts import part_of, scenario_part
from fedmerit.untrusted import argument, read_toml

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.resources.abc import Traversable

    from fedmerit.scenario.model import Scenario

#: What a directory says of the run that lies in it.
IN_A_DIRECTORY: Final = "merit.toml"
_EXPLAINED: Final = "'fedmerit init' writes a scenario with every setting explained."


def shipped() -> dict[str, Traversable]:
    """Give the scenarios that come with the package, by name."""
    folder = files("fedmerit.scenario").joinpath("shipped")
    found = {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir()}
    return dict(sorted(found.items()))


def load(scenario: str | Path, *, allow_code: Collection[str] = ()) -> Scenario:
    """Read a shipped scenario by name, or any other by its path.

    Args:
        scenario: A shipped scenario's name, a file, or a directory with a ``merit.toml``.
        allow_code: Import paths of the model and the metric whose code may be run, where a
            directory names any.

    Raises:
        ScenarioError: There is no such scenario, it says something we cannot run, or a directory
            names code that is not allowed.
    """
    ours = shipped()
    if str(scenario) in ours:
        return parse(read_toml(ours[str(scenario)].read_text("utf-8")), origin=str(scenario))
    path = Path(scenario)
    if not path.exists() and (named := path.with_name(f"{path.name}.toml")).is_file():
        path = named  # "mine" for mine.toml, as for a shipped scenario
    whole = path.is_dir()
    path = _inside(path) if whole else path
    if path.suffix != ".toml" and not path.exists():
        raise ScenarioError(
            f"no shipped scenario is called {str(scenario)!r}", hint=suggestion(str(scenario), ours)
        )
    try:
        given = read_toml(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(
            f"{path} cannot be read: {error.strerror}",
            hint="Check the path, or write a scenario with 'fedmerit init'.",
        ) from error
    except ValueError as error:  # as what is not UTF-8 is
        raise ScenarioError(
            f"{path} cannot be read as TOML: {error}", hint="See https://toml.io."
        ) from error
    said = parse(given, origin=str(path))
    found = _anchored(said, path.parent)
    if whole or found.model is not said.model:  # others may have written what lies there
        _require_allowed(found, allow_code)
    return found


def _inside(directory: Path) -> Path:
    """Give the file that says what is to be done with a run that lies in *directory*."""
    path = directory / IN_A_DIRECTORY
    if not path.is_file():
        raise ScenarioError(
            f"{directory} holds no {IN_A_DIRECTORY}",
            hint="It says how a run that lies there is valued, rewarded and settled: "
            'name = "our-run" and a section [recorded] are the least.',
        )
    return path


def _require_allowed(scenario: Scenario, allowed: Collection[str]) -> None:
    """Refuse code that files name and nobody here has."""
    model = scenario.model.estimator or scenario.model.kind
    named = [model, scenario.valuation.metric]
    if others := [n for n in named if ":" in n and n not in allowed and not is_known(n)]:
        options = " ".join(f"--allow-code {argument(name)}" for name in others)
        raise ScenarioError(
            f"{scenario.name} runs code that its files name: {', '.join(map(repr, others))}",
            hint=f"Read that code first; then allow it by its name: {options}",
        )


def parse(given: dict[str, Any], *, origin: str) -> Scenario:
    """Build a scenario from *given*, or say in plain words what is wrong with it."""
    model = scenario_part(kind_in(given)).MODEL
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _plainly(error, origin, model) from error


def reseeded(scenario: Scenario, seed: int) -> Scenario:
    """Give the same scenario under another seed."""
    return parse({**scenario.model_dump(), "seed": seed}, origin=scenario.name)


def _anchored(scenario: Scenario, folder: Path) -> Scenario:
    """Make data paths that are relative to the scenario's file lead there from here."""
    paths = {"source": scenario.data.source, "validation": scenario.data.validation}
    seen = {name: path and _seen(path, folder) for name, path in paths.items()}
    data = scenario.data.model_copy(update=seen)
    anchored = scenario.model_copy(update={"data": data})
    return part_of(anchored).anchored(anchored, lambda source: _seen(source, folder))


def _seen(source: str, folder: Path) -> str:
    """Give *source* as it is called from here, if it is a file in or below *folder*."""
    path = folder / source
    if Path(source).is_absolute() or not path.is_file():
        return source
    # Relative to where we are: a bundle tells nobody how its maker's disk is laid out.
    return os.path.relpath(path)


def _plainly(error: ValidationError, origin: str, model: type[BaseModel]) -> ScenarioError:
    """Turn pydantic's first finding into our one sentence and a hint."""
    # A misspelt setting explains why another is missing, and not the other way round.
    first, *others = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    where = ".".join(map(str, first["loc"]))
    more = f" (and {len(others)} more)" if others else ""
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1])
        message = f"{origin}: there is no setting {where!r}{more}"
        return ScenarioError(message, hint=suggestion(str(first["loc"][-1]), known))
    if first["type"] == "missing":
        return ScenarioError(
            f"{origin}: the setting {where!r} is missing{more}",
            hint=_EXPLAINED,
        )
    shown = f" (given {first['input']!r})" if not isinstance(first["input"], dict) else ""
    choices = str(first.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return ScenarioError(
        f"{origin}: {where or 'scenario'}: {message}{shown}{more}",
        hint=suggestion(str(first["input"]), choices.split(", ")) if choices else _EXPLAINED,
    )


def _fields_at(section: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Name the settings of the section at *location* in *section*."""
    for step in location:
        if isinstance(step, str):
            annotation = section.model_fields[step].annotation
            section = next(_models_in(annotation))
    return list(section.model_fields)


def _models_in(annotation: Any) -> Any:  # noqa: ANN401 - an annotation may be any object
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)
