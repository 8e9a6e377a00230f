"""Members that join late or leave early, from the scenario to the audit and the report."""

from __future__ import annotations

import json
import shutil

import pytest
from forging import forge, reseal

import fedmerit
from fedmerit.bundle.directory import SCENARIO, Bundle
from fedmerit.bundle.schemas import OUTCOME, TRAINING, VALUATION
from fedmerit.errors import ScenarioError
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.kinds.parts import simulation_part
from fedmerit.scenario.reading import parse

ASKED = {
    "name": "late",
    "data": {"source": "heart-disease"},
    "training": {"rounds": 5, "local_epochs": 1, "tolerance": 0.0},
    "valuation": {"game": "rounds"},
    "settlement": {"commit_window": 0, "reveal_window": 0, "stake": 0},
    "members": [
        {"name": "Hungary", "from_round": 4},
        {"name": "Cleveland", "until_round": 2},
    ],
}


def asked(**changes):
    return parse({**ASKED, **changes}, origin="test")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return fedmerit.run(asked(), tmp_path_factory.mktemp("late") / "b")


@pytest.fixture
def copy(bundle, tmp_path):
    return Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))


def differing(bundle, **more):
    return {each.name for each in fedmerit.audit(bundle, **more).checks if each.status == "differs"}


def read(bundle, name):
    return json.loads(bundle.read(name))


def test_the_run_says_who_was_there_and_holds_when_it_is_done_again(bundle):
    there = [set(round_["sampled"]) for round_ in read(bundle, TRAINING)["rounds"]]
    others = {"Switzerland", "VA Long Beach"}
    assert there == [others | {"Cleveland"}] * 2 + [others] + [others | {"Hungary"}] * 2

    verdict = fedmerit.audit(bundle, retrain=True)

    assert verdict.passed, verdict
    report = bundle.text("report.html")
    assert "there from round 4 on: 2 of 5" in report
    assert "there from round 1 to 2: 2 of 5" in report


def test_values_of_rounds_are_nothing_where_a_member_is_not_there(bundle):
    valuation = read(bundle, VALUATION)
    hungary = valuation["participants"].index("Hungary")

    shown = [point["values"][hungary] != 0 for point in valuation["curve"]]
    assert shown == [False, False, False, True, True]


@pytest.mark.parametrize(
    "change",
    [("from_round = 4", "from_round = 1"), ("until_round = 2", "until_round = 4")],
    ids=["joined-early", "stayed"],
)
def test_a_scenario_that_says_others_were_there_is_found_without_the_data(copy, change):
    text = copy.text(SCENARIO)
    assert change[0] in text
    copy.write(SCENARIO, text.replace(*change).encode())
    reseal(copy)

    assert "sampling" in differing(copy)


def test_a_member_that_is_smuggled_into_a_round_is_found_without_the_data(copy):
    def smuggle(said):
        said["rounds"][0]["sampled"].append("Hungary")

    forge(copy, TRAINING, smuggle)

    assert {"sampling", "updates"} & differing(copy)


def test_scenarios_without_spans_are_written_as_they_were():
    text = asked(members=[{"name": "Hungary", "behaviour": "label-flip"}]).to_toml()

    assert "from_round" not in text
    assert "until_round" not in text


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([{"name": "Hungary", "from_round": 6}], "Hungary joins in round 6"),
        ([{"name": "Hungary", "from_round": 3, "until_round": 2}], "there in none"),
        ([{"name": "Hungary", "from_round": 0}], "from_round"),
        (
            [
                {"name": name, "until_round": 3}
                for name in ("Hungary", "Cleveland", "Switzerland", "VA Long Beach")
            ],
            "nobody is there in round 4",
        ),
    ],
)
def test_members_without_a_round_and_rounds_without_members_are_refused(members, said):
    with pytest.raises(ScenarioError, match=said):
        assemble(asked(members=members))


def test_where_there_are_no_rounds_or_members_decide_themselves_spans_are_refused():
    trees = {"kind": "sklearn", "estimator": "sklearn.tree:DecisionTreeClassifier"}
    with pytest.raises(ScenarioError, match="pooled rows make none"):
        asked(model=trees, training={}, valuation={})
    with pytest.raises(ScenarioError, match="decide themselves"):
        simulation_part(asked()).assemble(asked())


@pytest.mark.slow  # another whole run, for the other game
def test_trained_again_each_is_there_in_its_own_rounds(tmp_path):
    bundle = fedmerit.run(asked(valuation={"game": "retraining"}), tmp_path / "b")

    assert fedmerit.audit(bundle, retrain=True).passed
    assert int(read(bundle, OUTCOME)["budget"]) > 0
