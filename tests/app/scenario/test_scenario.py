from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.chain.proofs.tree import MAXIMUM_AMOUNT
from fedmerit.errors import ScenarioError
from fedmerit.federation import (
    DisguisedRider,
    DropOut,
    LabelFlip,
    UnderEffort,
    UpdateNoise,
)
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.scenario.reading import load, parse, shipped
from fedmerit.scenario.starter import write_starter

SMALLEST = {"name": "small", "data": {"source": "digits"}}
OFFERED = {"name": "a", "offer": {"cost": 5, "overstates": 2.0}}


def refusal(given):
    with pytest.raises(ScenarioError) as caught:
        parse(given, origin="mine.toml")
    return caught.value


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_survives_being_written_out_in_full(name):
    scenario = load(name)

    assert parse(tomllib.loads(scenario.to_toml()), origin=name) == scenario


def test_an_unknown_setting_is_refused_with_the_nearest_known_one():
    error = refusal({**SMALLEST, "training": {"round": 3}})

    assert "training.round" in str(error)
    assert error.hint == "Did you mean 'rounds'?"


def test_an_unknown_setting_of_a_member_is_refused_with_the_nearest_known_one():
    error = refusal({**SMALLEST, "members": [{"name": "a", "flipshare": 0.5}]})

    assert "members.0.flipshare" in str(error)
    assert error.hint == "Did you mean 'flip_share'?"


def test_an_unknown_choice_is_refused_with_the_nearest_known_one():
    error = refusal({**SMALLEST, "data": {"source": "digits", "missing": "inpute"}})

    assert "'inpute'" in str(error)
    assert error.hint == "Did you mean 'impute'?"


def test_a_missing_setting_is_named():
    assert "'data.source' is missing" in str(refusal({"name": "small"}))
    assert "'name' is missing" in str(refusal({"data": {"source": "digits"}}))


@pytest.mark.parametrize("budget", [0, -1, MAXIMUM_AMOUNT + 1, str(MAXIMUM_AMOUNT + 1), "0"])
def test_a_budget_that_no_token_can_hold_is_refused_with_its_bounds(budget):
    error = refusal({**SMALLEST, "reward": {"budget": budget}})

    assert "1 to 2**128 - 1" in str(error)
    assert str(budget) in str(error)


@given(budget=st.integers(1, MAXIMUM_AMOUNT))
def test_a_budget_is_kept_to_the_last_base_unit_however_it_is_written(budget):
    as_number = parse({**SMALLEST, "reward": {"budget": budget}}, origin="number")
    as_digits = parse({**SMALLEST, "reward": {"budget": str(budget)}}, origin="digits")

    assert as_number.reward.budget == as_digits.reward.budget == budget


def test_a_new_member_with_a_source_of_rows_but_no_number_of_them_is_refused():
    error = refusal({**SMALLEST, "members": [{"name": "new", "rows_from": "old"}]})

    assert "'rows_from' and 'row_count' go together" in str(error)


def test_every_setting_of_a_behaviour_reaches_it():
    given = {
        "disguised-rider": ({"noise": 0.5, "copied": 0.25}, DisguisedRider(0.5, copied=0.25)),
        "under-effort": ({"effort": 0.75}, UnderEffort(0.75)),
        "drop-out": ({"drop_rate": 0.1}, DropOut(0.1)),
        "label-flip": ({"flip_share": 0.2}, LabelFlip(0.2)),
        "update-noise": ({"noise": 2.0}, UpdateNoise(2.0)),
    }
    members = [
        {"name": f"member-{i}", "behaviour": name, **settings}
        for i, (name, (settings, _)) in enumerate(given.items(), start=1)
    ]
    data = {"source": "digits", "partition": {"participants": 6}}

    federation = assemble(
        parse({**SMALLEST, "data": data, "members": members}, origin="m")
    ).federation

    found = {member.name: member.behaviour for member in federation.members}
    for place, (_, behaviour) in enumerate(given.values(), start=1):
        assert found[f"member-{place}"] == behaviour


def test_a_game_that_does_not_exist_is_refused_with_the_nearest_one():
    error = refusal({**SMALLEST, "valuation": {"game": "round"}})

    assert "'round'" in str(error)
    assert error.hint == "Did you mean 'rounds'?"


@pytest.mark.parametrize("width", [0, -1.0])
def test_intervals_without_width_cannot_be_asked_for(width):
    assert "valuation.interval_width" in str(
        refusal({**SMALLEST, "valuation": {"interval_width": width}})
    )


def test_a_shipped_scenario_that_does_not_exist_is_refused_with_the_nearest_one():
    with pytest.raises(ScenarioError, match="hospital") as caught:
        load("hospital")

    assert caught.value.hint == "Did you mean 'hospitals'?"


def test_a_file_that_does_not_exist_is_refused_with_a_way_on(tmp_path):
    with pytest.raises(ScenarioError, match="No such file") as caught:
        load(tmp_path / "absent.toml")

    assert "fedmerit init" in caught.value.hint


def test_a_file_that_is_not_toml_is_refused_with_the_line(tmp_path):
    (tmp_path / "bad.toml").write_text("name = \n")

    with pytest.raises(ScenarioError, match="line 1"):
        load(tmp_path / "bad.toml")


def test_a_data_path_is_relative_to_the_scenario_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "rows.csv").write_text("x,label\n")
    (tmp_path / "deep" / "mine.toml").write_text('name = "mine"\n[data]\nsource = "rows.csv"\n')
    monkeypatch.chdir(tmp_path)

    assert load("deep/mine.toml").data.source == "deep/rows.csv"


def test_the_starter_runs_as_it_is_and_explains_every_setting(tmp_path):
    path = write_starter(tmp_path / "my-scenario.toml", None)

    text = path.read_text()
    assert load(path).name == "my-scenario"
    for setting in ("local_epochs", "validation_share", "threshold", "rows_from", "alpha"):
        assert f"# {setting} =" in text


def test_the_starter_names_a_table_that_lies_elsewhere_from_where_it_stands(tmp_path):
    rows = "1.5,ill\n2.5,well\n" * 4
    (tmp_path / "rows.csv").write_text(f"x,label\n{rows}")
    (tmp_path / "deep").mkdir()

    path = write_starter(tmp_path / "deep" / "mine.toml", tmp_path / "rows.csv")

    assert 'source = "../rows.csv"' in path.read_text()


def test_the_starter_never_overwrites_a_file(tmp_path):
    (tmp_path / "mine.toml").write_text("precious")

    with pytest.raises(ScenarioError, match="exists already"):
        write_starter(tmp_path / "mine.toml", None)

    assert (tmp_path / "mine.toml").read_text() == "precious"


@pytest.mark.parametrize(
    ("given", "old", "read"),
    [
        ({"valuation": {"budget": 7}}, "budget", lambda s: s.valuation.max_coalitions == 7),
        (
            {"valuation": {"label_holder": "mandatory"}},
            "label_holder",
            lambda s: s.valuation.label_policy == "mandatory",
        ),
        (
            {"members": [{"name": "a", "take_from": "b", "rows": 9}]},
            "take_from",
            lambda s: (s.members[0].rows_from, s.members[0].row_count) == ("b", 9),
        ),
        ({"members": [OFFERED]}, "overstates", lambda s: s.members[0].offer.asked == 10),
    ],
)
def test_a_setting_is_taken_by_its_old_name_with_a_word_on_the_new(given, old, read):
    with pytest.warns(FutureWarning, match=f"'{old}' is called"):
        scenario = parse({**SMALLEST, **given}, origin="mine.toml")

    assert read(scenario)
    assert scenario == parse(tomllib.loads(scenario.to_toml()), origin="again")


def test_a_setting_by_both_its_names_is_refused():
    given = {**SMALLEST, "valuation": {"budget": 7, "max_coalitions": 8}}

    assert "no setting 'valuation.budget'" in str(refusal(given))
