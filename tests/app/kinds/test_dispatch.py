"""Which kind of federation a scenario is of is asked in one place."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.resources import files
from inspect import signature
from pathlib import Path

import pytest

from fedmerit.auditing.parts import AuditingPart, RetrainingPart
from fedmerit.errors import ScenarioError
from fedmerit.kinds.parts import ScoringPart, SimulationPart, SummaryPart
from fedmerit.report.parts import ReportPart
from fedmerit.scenario import kinds
from fedmerit.scenario.parts import ScenarioPart
from fedmerit.scenario.reading import load, shipped
from fedmerit.stages.parts import StagesPart

SOURCE = Path(str(files("fedmerit")))
ROOMS = ("auditing", "bundle", "commands", "report", "scenario", "simulation", "stages")
PARTS = {
    "scenario": ScenarioPart,
    "stages": StagesPart,
    "report": ReportPart,
    "summary": SummaryPart,
    "auditing": AuditingPart,
    "retraining": RetrainingPart,
    "simulation": SimulationPart,
    "scoring": ScoringPart,
}


def trees(*rooms):
    for room in rooms:
        for path in sorted((SOURCE / room).rglob("*.py")):
            yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text("utf-8"))
    yield "pipeline.py", ast.parse((SOURCE / "pipeline.py").read_text("utf-8"))


def asks(tree, *, kind="vertical"):
    """Find where a kind's section is read off a scenario, by whatever name the scenario has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == kind:
            yield node.lineno
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"getattr", "hasattr"}
            and any(isinstance(given, ast.Constant) and given.value == kind for given in node.args)
        ):
            yield node.lineno


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_room_looks_whether_a_scenario_has_a_kinds_section():
    found = {name: list(asks(tree)) for name, tree in trees(*ROOMS)}

    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    ["if scenario.vertical: pass", "x = bundle.scenario.vertical", "getattr(s, 'vertical', None)"],
)
def test_the_search_finds_who_looks(line):
    assert list(asks(ast.parse(line))) == [1]


def test_rooms_reach_a_kind_by_the_mapping_alone():
    """But for the simulation, whose members own rows, and for what every kind consists of."""
    allowed = ("fedmerit.kinds.parts.", "fedmerit.kinds.saved.", "fedmerit.kinds.scores.")
    reached = {
        name: wrong
        for name, tree in trees(*ROOMS)
        if (
            wrong := [
                module
                for module in imported(tree)
                if module.startswith("fedmerit.kinds")
                and not module.startswith(allowed)
                and not name.startswith("simulation/")
            ]
        )
    }

    assert reached == {}


#: Pooled rows are rows too, and a recorded run is one of updates.
BUILT_ON = {"pooled": {"horizontal"}, "recorded": {"horizontal"}}


def test_rows_know_nothing_of_columns_nor_columns_of_rows():
    named = list(kinds.KINDS)
    for one, tree in trees("kinds"):
        folder = Path(one).parent.parts[1:2]
        own = {*folder, *(name for kind in folder for name in BUILT_ON.get(kind, ()))}
        others = [f"fedmerit.kinds.{name}." for name in named if name not in own]
        if folder:
            assert not [m for m in imported(tree) if m.startswith(tuple(others))], one


def test_which_protocol_owners_of_columns_train_by_is_asked_in_one_place():
    """Everything else goes by the mapping of protocols, or writes down its name."""
    compared = []
    for name, tree in trees("kinds", *(room for room in ROOMS if room != "simulation")):
        for node in ast.walk(tree):
            sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            if {"regression", "split"} & {s.value for s in sides if isinstance(s, ast.Constant)}:
                compared.append((name, node.lineno))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
                kind = ast.unparse(node.args[1])
                if "Settings" in kind:
                    compared.append((name, node.lineno))

    assert compared == []


@pytest.mark.parametrize("kind", kinds.all_kinds(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("room", kinds.ROOMS)
def test_a_kind_has_for_each_room_what_the_room_asks(kind, room):
    part, asked = kind.part(room), PARTS[room]
    wanted = {name for name in vars(asked) if not name.startswith("_")}

    assert wanted
    for name in wanted:
        has = getattr(part, name)
        if callable(getattr(asked, name)):
            given = list(signature(getattr(asked, name)).parameters)[1:]
            assert [n.removeprefix("_") for n in signature(has).parameters] == given, name


def test_reading_reporting_and_auditing_load_no_torch():
    code = (
        "import sys, fedmerit.pipeline, fedmerit.auditing; from fedmerit.scenario import kinds\n"
        "for kind in kinds.all_kinds():\n"
        "    for room in ('scenario', 'auditing', 'report', 'summary'): kind.part(room)\n"
        "sys.exit('torch' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", shipped())
def test_a_scenario_is_of_one_kind_read_or_not(name):
    scenario = load(name)
    kind = kinds.kind_of(scenario)

    assert kind.package == kinds.KINDS[kind.name]
    assert kinds.kind_in(scenario.model_dump()) == kind


def test_a_scenario_of_two_kinds_is_refused(monkeypatch):
    monkeypatch.setattr(kinds, "KINDS", {**kinds.KINDS, "worths": "somewhere"})

    with pytest.raises(ScenarioError, match=r"one kind, and this one has \[vertical\], \[worths\]"):
        kinds.kind_in({"vertical": {}, "worths": {}})
