"""A run that trains every coalition several times pays by what another seed would give, too."""

from __future__ import annotations

import shutil
from functools import partial

import numpy as np
import pytest
from forging import reseal
from scipy.stats import t as student

import fedmerit
from fedmerit.bundle.directory import COALITIONS, Bundle
from fedmerit.bundle.intervals import left_out, sources
from fedmerit.bundle.schemas import VALUATION, ValuationDocument, nano
from fedmerit.commands.summary import as_json, key_figures
from fedmerit.errors import ScenarioError
from fedmerit.federation import RetrainingGame
from fedmerit.incentives import value
from fedmerit.kinds.horizontal.auditing import check_numbers
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.scenario.reading import parse
from fedmerit.scenario.terms import largest_error
from fedmerit.streams import repeat_seed

ROUNDS = 2


def schools(participants=3, **valuation):
    return parse(
        {
            "name": "schools",
            "data": {
                "source": "digits",
                "validation_share": 0.2,
                "partition": {"recipe": "dirichlet", "participants": participants},
            },
            "model": {"kind": "mlp", "hidden": [4]},
            "training": {"rounds": ROUNDS, "local_epochs": 1, "learning_rate": 0.2},
            "valuation": valuation,
            "settlement": {"commit_window": 0, "reveal_window": 0, "stake": 0},
        },
        origin="test",
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return fedmerit.run(schools(repeats=3), tmp_path_factory.mktemp("repeats") / "b")


@pytest.fixture(scope="module")
def valuation(bundle):
    return bundle.document(VALUATION, ValuationDocument)


@pytest.fixture
def copy(bundle, tmp_path):
    return Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))


def by_seed(seed):
    """Value a training under *seed* by itself: an oracle that knows nothing of repeats."""
    made = assemble(schools())
    game = RetrainingGame(made.federation, made.model, made.settings, rounds=ROUNDS, seed=seed)
    return value(game, method="exact", budget=8, seed=0)


@pytest.fixture(scope="module")
def trainings():
    return [by_seed(repeat_seed(0, number)) for number in range(3)]


def test_values_are_means_over_trainings_of_which_the_first_is_the_run(valuation, trainings):
    means = np.mean([training.values for training in trainings], axis=0)

    assert repeat_seed(0, 0) == 0
    assert valuation.repeats == 3
    assert valuation.values == pytest.approx(nano(means), abs=1)
    assert len({training.values.tobytes() for training in trainings}) == 3


def test_an_interval_holds_the_rows_and_the_trainings_by_their_own_degrees(valuation, trainings):
    rows = np.mean([training.row_values for training in trainings], axis=0)
    count = rows.shape[1]
    of_rows = rows.std(axis=1, ddof=1) / count**0.5
    of_trainings = np.std([one.values for one in trainings], axis=0, ddof=1) / 3**0.5
    squares = (student.ppf(0.975, count - 1) * of_rows) ** 2
    squares += (student.ppf(0.975, 2) * of_trainings) ** 2

    assert valuation.training_errors == pytest.approx(nano(of_trainings), abs=2)
    assert valuation.half_widths == pytest.approx(nano(np.sqrt(squares)), rel=1e-6)


def test_another_seeds_draw_is_the_same_for_all_coalitions_of_a_repeat():
    """So it cancels in what a member adds, and whoever is asked first changes nothing."""
    made = assemble(schools())
    alone = np.array([[True, False, False]])
    game, other = (
        RetrainingGame(made.federation, made.model, made.settings, rounds=1, seed=seed)
        for seed in (repeat_seed(0, 1), repeat_seed(0, 1))
    )
    both = np.array([[True, False, False], [True, True, False]])

    assert np.array_equal(game.models(alone)[0], other.models(both)[0])


def test_all_that_a_run_with_repeats_says_is_found_again(bundle):
    verdict = fedmerit.audit(bundle, retrain=True, spot_checks=3)

    assert verdict.passed
    made = {check.name for check in verdict.checks if check.status == "ok"}
    assert {"values", "payments", "retrained coalitions", "spot checks"} <= made


def altered(bundle, change):
    arrays = bundle.tensors(COALITIONS)
    arrays["gains_micro"] = change(arrays["gains_micro"].copy())
    bundle.write_tensors(COALITIONS, arrays)
    reseal(bundle)
    return {check.name for check in fedmerit.audit(bundle, retrain=True).differences}


@pytest.mark.slow
def test_who_makes_repeats_agree_so_that_intervals_are_narrow_is_found_out(copy):
    """The means over the repeats, and so the values, stay what they are."""

    def agreeing(gains):
        by_repeat = gains.reshape(len(gains), 3, -1)
        means = by_repeat.mean(axis=(1, 2), keepdims=True)
        moved = by_repeat - by_repeat.mean(axis=2, keepdims=True) + means
        return np.rint(moved).astype(np.int64).reshape(gains.shape)

    assert {"values", "retrained coalitions"} <= altered(copy, agreeing)


@pytest.mark.slow
def test_who_leaves_a_repeat_out_of_the_table_is_found_out(copy):
    assert altered(copy, lambda gains: gains[:, : gains.shape[1] // 3 * 2])


@pytest.mark.slow
def test_a_repeats_table_alone_cannot_be_altered(copy):
    from fedmerit.kinds.horizontal.remeasured import Remeasured  # noqa: PLC0415 - imports torch
    from fedmerit.kinds.horizontal.retraining import (  # noqa: PLC0415 - as above
        consortium_of,
        recorded_run,
    )

    consortium = consortium_of(copy)
    again = Remeasured(copy, consortium, recorded_run(copy, consortium))
    arrays = copy.tensors(COALITIONS)
    coalitions, gains = arrays["coalitions"].astype(bool), arrays["gains_micro"]
    moved = gains.reshape(len(gains), 3, -1).copy()
    moved[3, 1] += 500
    moved[3, 2] -= 500  # the mean over the repeats stays

    assert again.judged(coalitions, gains).of.holds
    assert not again.judged(coalitions, moved.reshape(gains.shape)).of.holds


def test_report_summary_and_json_split_the_error_and_say_what_is_left_out(bundle, hospital_bundle):
    once = hospital_bundle.document(VALUATION, ValuationDocument)
    of = {one.name: one.errors for one in sources(once, hospital_bundle.scenario)}

    assert left_out(once, hospital_bundle.scenario) == ("the training's own randomness",)
    assert of["the draw of validation rows"] == once.validation_errors
    assert "leave out the training&#39;s own randomness" in hospital_bundle.text("report.html")
    assert "; leave out the training's own randomness" in key_figures(hospital_bundle)["Intervals"]
    assert "leave out" not in bundle.text("report.html")
    assert "s.e. of the training" in bundle.text("report.html")
    assert "leave out" not in key_figures(bundle)["Intervals"]
    intervals = as_json(bundle)["intervals"]
    assert intervals["repeats"] == 3
    assert intervals["leave_out"] == []
    assert set(intervals["hold"]) == {
        "the draw of validation rows",
        "the training's own randomness",
    }


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    asked = schools(5, repeats=3, max_coalitions=28)
    return fedmerit.run(asked, tmp_path_factory.mktemp("repeats") / "chosen")


@pytest.mark.slow
def test_auto_spends_the_price_on_what_varies_more_and_the_audit_finds_the_same(chosen):
    said = chosen.document(VALUATION, ValuationDocument)

    assert said.method == "antithetic"
    assert 3 <= said.repeats <= 12
    assert f"{said.repeats} trainings of up to {3 * 28 // said.repeats} coalitions" in said.reason
    assert {check.status for check in check_numbers(chosen)} == {"ok"}


def test_a_split_leaves_the_draw_a_stake_of_its_fewest_coalitions():
    asked = partial(schools, 10, max_coalitions=400)

    assert largest_error(asked(repeats=3), 10) > largest_error(asked(method="permutation"), 10)


@pytest.mark.parametrize(
    ("valuation", "message"),
    [
        ({"repeats": 2}, "single degree of freedom"),
        ({"repeats": 0}, "repeats"),
        ({"repeats": 3, "game": "rounds"}, "recorded is of one training"),
    ],
)
def test_repeats_that_would_say_nothing_are_refused_before_a_bundle_is_begun(
    valuation, message, tmp_path
):
    with pytest.raises(ScenarioError, match=message):
        fedmerit.run(schools(**valuation), tmp_path / "b")

    assert not (tmp_path / "b").exists()
