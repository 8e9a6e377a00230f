"""A run that is valued round by round keeps what coalitions were worth in each round."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import fedmerit
from fedmerit.auditing.spots import check_spots
from fedmerit.auditing.verdict import Spots
from fedmerit.bundle.directory import COALITIONS, ROUNDS, Bundle
from fedmerit.bundle.rounds import recorded_rounds
from fedmerit.bundle.schemas import (
    FEDERATION,
    TRAINING,
    VALUATION,
    FederationDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.bundle.training import read_rounds, recorded_game, recorded_gradients
from fedmerit.bundle.valuation import Measured, Updates, valuation_document
from fedmerit.errors import BundleError, FedmeritError
from fedmerit.kinds.horizontal.auditing import check_numbers
from fedmerit.scenario.reading import parse
from fedmerit.scenario.terms import promise_of, stake_of
from fedmerit.stages.chains import EMBEDDED
from fedmerit.stages.committing import write_commitment
from fedmerit.stages.draw import seed_of
from fedmerit.stages.report import report
from fedmerit.stages.reward import reward
from fedmerit.stages.settle import settle


def scenario(method="comfedsv", training=None, **asked):
    """Four members, of whom two are sampled in a round, if not everyone in the first."""
    return parse(
        {
            "name": "rounds",
            "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 4}},
            "training": {
                "rounds": 3,
                "local_epochs": 1,
                "learning_rate": 0.5,
                "participation": 0.5,
                "full_round": True,
                **(training or {}),
            },
            "valuation": {"game": "rounds", "method": method, "max_coalitions": 40, **asked},
        },
        origin="test",
    )


@pytest.fixture(scope="module")
def completed_bundle(tmp_path_factory):
    """Give a bundle whose members are valued by comfedsv."""
    return fedmerit.run(scenario(), tmp_path_factory.mktemp("rounds") / "b")


@pytest.fixture
def copy(completed_bundle, tmp_path):
    """Give that bundle, to alter."""
    return Bundle(shutil.copytree(completed_bundle.path, tmp_path / "copy"))


def revalue(bundle):
    """Say anew what the recorded cells come to, as an honest stage would."""
    members = bundle.document(FEDERATION, FederationDocument)
    game, owners = recorded_game(bundle, members.names)
    rounds = read_rounds(bundle)
    measured = Measured(
        game=game,
        owners=owners,
        updates=Updates(rounds, recorded_gradients(bundle)),
        curve=bundle.document(VALUATION, ValuationDocument).curve,
        rounds=recorded_rounds(bundle, members.names, rounds),
    )
    said = valuation_document(measured, bundle.scenario, members, seed_of(bundle))
    bundle.write_document(VALUATION, said)
    write_commitment(bundle)


def altered(bundle, **changes):
    """Put other arrays into the table of rounds."""
    bundle.write_tensors(ROUNDS, {**bundle.tensors(ROUNDS), **changes})


def favoured(bundle, by):
    """Add to every cell that the first member is in."""
    stored = bundle.tensors(ROUNDS)
    gains = stored["gains_micro"] + by * stored["coalitions"][:, :1].astype(np.int32)
    altered(bundle, gains_micro=gains)


def differing(bundle):
    return {check.name: check.detail for check in check_numbers(bundle) if check.status != "ok"}


def test_the_table_holds_the_coalitions_of_those_who_were_there_and_no_more(completed_bundle):
    stored = completed_bundle.tensors(ROUNDS)
    training = completed_bundle.document(TRAINING, TrainingDocument)
    said = completed_bundle.document(VALUATION, ValuationDocument)

    assert [len(round_.sampled) for round_ in training.rounds] == [4, 2, 2]
    assert np.bincount(stored["rounds"]).tolist() == [0, 16, 4, 4]
    assert said.method == "comfedsv"
    assert said.evaluations == len(stored["rounds"])
    assert stored["gains_micro"].shape[1] == len(completed_bundle.tensors(COALITIONS)["owners"])
    assert fedmerit.audit(completed_bundle).passed


def test_values_of_altered_cells_are_found_without_training_again(copy):
    favoured(copy, 1000)

    assert list(differing(copy)) == ["values"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda stored: {"rounds": stored["rounds"].astype(np.int64)}, "has to hold"),
        (lambda stored: {"gains_micro": stored["gains_micro"] / 2}, "of integers"),
        (lambda stored: {"rounds": stored["rounds"] + 3}, "never played"),
        (lambda stored: {"rounds": 1 - stored["rounds"]}, "never played"),
        (lambda stored: {"rounds": stored["rounds"][::-1].copy()}, "absent from the round"),
        (lambda stored: {"coalitions": stored["coalitions"] * np.uint8(2)}, "1 or 0"),
        (lambda stored: {"coalitions": stored["coalitions"][1:]}, "do not fit together"),
        (lambda stored: {name: of[[0, *range(len(of))]] for name, of in stored.items()}, "repeat"),
        (lambda stored: {name: of[1:] for name, of in stored.items()}, "has no"),
    ],
)
def test_a_table_that_is_not_of_its_form_is_refused(copy, change, said):
    altered(copy, **change(copy.tensors(ROUNDS)))

    with pytest.raises(FedmeritError, match=said):
        list(check_numbers(copy))


def test_a_table_that_is_missing_is_missed(copy):
    (copy.path / ROUNDS).unlink()

    with pytest.raises(BundleError, match=r"rounds\.safetensors cannot be read"):
        list(check_numbers(copy))


@pytest.mark.slow
@pytest.mark.parametrize("by", [40, -40])
def test_a_settlement_of_altered_cells_is_found_by_retraining(copy, by):
    favoured(copy, by)
    revalue(copy)
    reward(copy)
    settle(copy, EMBEDDED, lambda *_: None)
    report(copy)
    copy.write_seal()

    assert fedmerit.audit(copy).passed  # it is consistent, and as the committee signed it
    verdict = fedmerit.audit(copy, retrain=True)
    assert [check.name for check in verdict.differences] == ["recomputed coalitions of rounds"]
    assert [answer.answer for answer in verdict.answers if "data" in answer.question] == ["no"]


def test_spot_checks_measure_the_cells_that_members_are_paid_by(copy):
    honest, _ = check_spots(copy, None, Spots(1000, 5))
    favoured(copy, 1000)

    check, faults = check_spots(copy, None, Spots(1000, 5))

    assert honest.status == "ok"
    assert "coalitions and coalitions of rounds are as recorded" in honest.detail
    assert check.status == "differs"
    assert not faults  # no contract knows a round's game


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["loss", "accuracy"])
@pytest.mark.parametrize("method", ["comfedsv", "gtg", "fedsv"])
def test_methods_of_rounds_hold_when_all_is_done_again(method, metric, tmp_path):
    bundle = fedmerit.run(scenario(method, metric=metric, max_coalitions=22), tmp_path / "b")

    verdict = fedmerit.audit(bundle, retrain=True)

    assert verdict.passed, verdict.differences
    assert "recomputed coalitions of rounds" in {check.name for check in verdict.checks}


@pytest.mark.slow
def test_a_run_in_which_nothing_was_accepted_pays_nobody_and_holds(tmp_path):
    said = scenario().model_dump()
    names = [f"member-{at}" for at in range(1, 5)]
    said["members"] = [{"name": name, "behaviour": "faulty"} for name in names]
    said["settlement"]["committee"] = names[:1]

    bundle = fedmerit.run(parse(said, origin="test"), tmp_path / "b")

    assert not len(bundle.tensors(ROUNDS)["rounds"])
    assert set(bundle.document(VALUATION, ValuationDocument).values) == {0}
    assert fedmerit.audit(bundle, retrain=True).passed


@pytest.mark.parametrize(
    ("asked", "said", "hint"),
    [
        ({"game": "retraining"}, "'comfedsv' values the rounds", 'game = "rounds"'),
        ({"training": {"full_round": False}}, "no round here", "full_round = true"),
        ({"interval_width": 0.1}, "at once", "Leave interval_width out"),
        ({"max_coalitions": 21}, "21 evaluations .* needs 22", "budget=22"),
    ],
)
def test_what_a_method_of_rounds_cannot_do_is_refused_before_training(asked, said, hint, tmp_path):
    with pytest.raises(FedmeritError, match=said) as caught:
        fedmerit.run(scenario(**asked), tmp_path / "b")

    assert hint in caught.value.hint
    assert not (tmp_path / "b").exists()


def test_the_stake_counts_the_orders_of_a_round():
    rounds, whole = scenario("gtg", max_coalitions=300), scenario("antithetic", max_coalitions=100)

    assert promise_of(rounds, 10).orders == 0
    assert stake_of(rounds, 10) == stake_of(whole, 10)
