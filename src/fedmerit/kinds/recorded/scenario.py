"""What a scenario says of a run that somebody else made."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from pydantic import ValidationError

from fedmerit.errors import ScenarioError
from fedmerit.scenario.model import Data, Member, Model, Scenario, Training, Valuation
from fedmerit.scenario.sections import Name, Section
from fedmerit.scenario.starter import section_lines
from fedmerit.untrusted import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fedmerit.scenario.sections import Offer

LEFT_OUT: Final = frozenset({"data", "training"})
#: What says which model the files are of.
MODEL_FILE: Final = "model.toml"
#: Settings of a member that still say something.
_OF_A_MEMBER: Final = frozenset({"name", "offer", "reveals", "reputation"})


class Recorded(Section):
    """A run that somebody else made: a directory of files, valued round by round."""

    directory: str = "."
    """Where its files are, seen from this one."""
    deltas: bool = False
    """Whether the files of updates hold differences to the round's global model; otherwise each
    holds the model that a member sent."""
    label: str = "label"
    """The column of a validation table that holds the class; all others are inputs of the model,
    in their order."""
    classes: tuple[Name, ...] = ()
    """The classes in the order of the model's scores; absent: labels are whole numbers from 0."""
    keys: tuple[str, ...] = ()
    """What the files call the model's parameters, in the order in which the model has them;
    absent: as the model itself calls them."""


class RecordedValuation(Valuation):
    """How contributions to a recorded run are measured."""

    game: Literal["retraining", "rounds", "embeddings"] = "rounds"
    """``rounds``: nobody can train a recorded run again."""


class RecordedScenario(Scenario):
    """A scenario of a recorded run."""

    recorded: Recorded | None = None
    valuation: RecordedValuation = RecordedValuation()


MODEL: Final = RecordedScenario


def recorded_of(scenario: Scenario) -> Recorded:
    """Give the section that makes *scenario* one of this kind."""
    section = getattr(scenario, "recorded", None)
    return section if isinstance(section, Recorded) else Recorded()


def check_sections(scenario: Scenario) -> None:
    """Refuse what is for members that train here."""
    if scenario.data != Data():
        msg = "[data] is for tables that are trained on, and a recorded run brings its own rows"
        raise ValueError(msg)
    if scenario.training != Training():
        msg = "[training] is for members that train here, and a recorded run was trained elsewhere"
        raise ValueError(msg)
    if scenario.valuation.game != "rounds":
        msg = (
            f"valuation.game = {scenario.valuation.game!r} trains again, and nobody here has the "
            "rows of a recorded run: leave it out"
        )
        raise ValueError(msg)
    if scenario.valuation.repeats > 1:
        msg = f"valuation.repeats = {scenario.valuation.repeats} trains again, and nobody here can"
        raise ValueError(msg)
    for member in scenario.members:
        if others := sorted(_given(member) - _OF_A_MEMBER):
            msg = (
                f"member {member.name!r}: {', '.join(others)} is for members that train here, and "
                "this run was trained elsewhere"
            )
            raise ValueError(msg)


def _given(member: Member) -> set[str]:
    """Name the settings that are not their defaults: a bundle writes all of them out."""
    usual = Member(name=member.name)
    return {name for name in Member.model_fields if getattr(member, name) != getattr(usual, name)}


def offers(scenario: Scenario) -> dict[str, Offer]:
    """Give what each member asks that asks for anything."""
    return {m.name: m.offer for m in scenario.members if m.offer is not None}


def draws_noise(scenario: Scenario) -> bool:  # noqa: ARG001 - other kinds look
    """Say no: nothing is drawn where nothing is trained."""
    return False


def anchored(scenario: Scenario, seen: Callable[[str], str]) -> Scenario:
    """Give *scenario* with its directory as seen from here, and the model that lies there.

    Raises:
        ScenarioError: The directory says no model, or the scenario says one too.
    """
    asked = recorded_of(scenario)
    path = Path(seen(str(Path(asked.directory) / MODEL_FILE)))
    if not path.is_file():
        raise ScenarioError(
            f"{scenario.name}: [recorded] needs a file {MODEL_FILE} beside the rounds, and there "
            f"is none in {asked.directory!r}",
            hint='Write what was trained: kind = "logistic", or kind = "mlp" and hidden = [24].',
        )
    if scenario.model != Model():
        raise ScenarioError(
            f"{scenario.name}: both [model] and {path} say what was trained",
            hint=f"Leave [model] out: {MODEL_FILE} lies with the files that it is about.",
        )
    there = asked.model_copy(update={"directory": str(path.parent)})
    return scenario.model_copy(update={"recorded": there, "model": _model(path)})


def _model(path: Path) -> Model:
    try:
        model = Model.model_validate(read_toml(path.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ScenarioError(
            f"{path}: {where} {first['msg']}".replace("  ", " "),
            hint="It holds the settings of [model]: kind, hidden and arguments.",
        ) from error
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{path} cannot be read: {error}", hint="See https://toml.io."
        ) from error
    if model.estimator is not None:
        raise ScenarioError(
            f"{path}: an estimator of pooled rows sends no updates",
            hint="Name a model whose parameters the files hold.",
        )
    return model


def example() -> Iterator[str]:
    """Show the section in a scenario to start from."""
    yield from ("", "# [recorded]", *section_lines(Recorded(), active=False))


def catalogue() -> Mapping[str, Mapping[str, object]]:
    """Give no further names: models and games are those of owners of rows."""
    return MappingProxyType({})
