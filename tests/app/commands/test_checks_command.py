"""``fedmerit check`` as a person types it, and what it says when a promise is broken."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

import fedmerit.incentives
from fedmerit.commands.check import check
from fedmerit.errors import RewardError
from fedmerit.incentives import MECHANISMS, checking
from fedmerit.incentives.mechanisms import Mechanism, Model, Property
from fedmerit.incentives.mechanisms.impossible import IMPOSSIBLE, given_up


@pytest.fixture
def liar(monkeypatch):
    """Put a mechanism among the others that is equal pay and promises to pay nulls nothing."""
    lies = Mechanism(MECHANISMS["equal"].function, claims=[Property.NULL], needs=[], model=Model())
    monkeypatch.setattr(fedmerit.incentives, "MECHANISMS", MappingProxyType({"equal": lies}))


def test_one_mechanism_is_shown_with_its_worst_cases(capsys):
    assert check("shapley", trials=20) == 0

    shown = capsys.readouterr().out
    assert "replication-proof" in shown
    assert "copies instead of" in shown
    assert "proposition 5.1" in shown


def test_several_are_a_row_each(capsys):
    assert check("equal", "data-size", "equal", trials=9) == 0

    captured = capsys.readouterr()
    assert captured.out.count("data-size") == 1
    assert captured.out.count("equal") == 1
    assert "claims held" in captured.err


def test_json_has_every_property_and_nothing_else(capsys):
    assert check("data-size", trials=9, output="json") == 0

    (verdict,) = json.loads(capsys.readouterr().out)
    found = {each["property"]: each["status"] for each in verdict["properties"]}
    assert set(found) == {claim.value for claim in Property}
    assert found["sybil-proof"] == "held"
    assert found["null-member"] == "not claimed"


@pytest.mark.usefixtures("liar")
def test_a_broken_promise_is_exit_status_1_and_says_how(capsys):
    assert check("equal", trials=5) == 1

    captured = capsys.readouterr()
    assert "violated" in captured.out
    assert "adds nothing and is given" in captured.out
    assert "broken: equal" in captured.err


def test_what_too_few_settings_could_not_try_is_named_and_is_no_violation(capsys):
    assert check("fair-value", trials=1) == 0

    captured = capsys.readouterr()
    assert "never tried" in captured.out
    assert "not tried in so few settings (more: --trials): fair-value (symmetry)" in captured.err
    assert "broken" not in captured.err


def test_what_no_setting_can_try_is_exit_status_1_once_there_are_enough(monkeypatch, capsys):
    function = MECHANISMS["equal"].function
    vacuous = Mechanism(function, claims=[Property.IR], needs=[], model=Model())
    monkeypatch.setattr(fedmerit.incentives, "MECHANISMS", MappingProxyType({"equal": vacuous}))

    assert check("equal", trials=checking.TRIALS - 1) == 0
    assert check("equal") == 1

    captured = capsys.readouterr()
    assert "no setting tries: equal (ir)" in " ".join(captured.err.split())
    assert "broken" not in captured.err


@pytest.mark.usefixtures("liar")
def test_all_checks_whatever_there_is(capsys):
    assert check(all=True, trials=5, output="json") == 1

    assert [each["mechanism"] for each in json.loads(capsys.readouterr().out)] == ["equal"]


def test_an_unknown_mechanism_suggests_the_nearest():
    with pytest.raises(RewardError, match="'shapely'") as caught:
        check("equal", "shapely")

    assert "'shapley'" in caught.value.hint


def test_nothing_to_check_says_what_to_type():
    with pytest.raises(RewardError, match="nothing to check") as caught:
        check()

    assert "--all" in caught.value.hint


@pytest.mark.parametrize("name", MECHANISMS)
def test_no_mechanism_promises_the_impossible(name):
    rule = MECHANISMS[name]

    for each in IMPOSSIBLE:
        assert not (each.needs & rule.needs and each.claims <= rule.claims)


def test_what_is_given_up_is_named_with_its_reason():
    def without(name):
        return [claim for claim, _ in given_up(MECHANISMS[name])]

    assert without("shapley") == [Property.REPLICATION, Property.CORE, Property.CORE]
    assert without("vcg") == [Property.WBB]
    assert without("tullock") == [Property.EFF]
    assert without("robust-shapley") == [Property.SBB]
    assert without("data-size") == []  # it decides by declared rows, which names can share


@pytest.mark.usefixtures("liar")
def test_a_thorough_check_goes_on_and_keeps_its_witnesses(tmp_path, capsys):
    kept = tmp_path / "witnesses.json"

    assert check("equal", trials=2, thorough=0.02, witnesses=kept) == 1

    (verdict,) = json.loads(kept.read_text("utf-8"))
    found = {each["property"]: each for each in verdict["properties"]}
    assert "adds nothing and is given" in found["null-member"]["witness"]
    assert found["symmetry"]["trials"] > 8  # two trials a time cannot make as many
    assert "broken: equal" in capsys.readouterr().err


def test_what_was_found_at_two_times_is_the_worse_of_both():
    equal = MECHANISMS["equal"]
    first, second = (checking.check(equal, trials=6, seed=seed) for seed in (0, 1))

    both = checking.merged(first, second)

    for one, other, found in zip(first.results, second.results, both.results, strict=True):
        assert found.trials == one.trials + other.trials
        assert (found.gain or 0) == max(one.gain or 0, other.gain or 0)
        assert found.status in {one.status, other.status}
