from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import fedmerit
from fedmerit import pipeline
from fedmerit.bundle.directory import STAGES, Bundle
from fedmerit.bundle.schemas import (
    FEDERATION,
    OUTCOME,
    TRAINING,
    VALUATION,
    FederationDocument,
    OutcomeDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.commands.app import main
from fedmerit.commands.summary import key_figures
from fedmerit.errors import BundleError, ChainError, DataError, FedmeritError
from fedmerit.kinds.horizontal import training
from fedmerit.pipeline import ChainChoice, write_report
from fedmerit.scenario.reading import load, parse

#: What a scenario settles by if it says nothing: with the draw that most tests here do without.
DRAWN = {}
#: No draw, for tests that are not about it.
UNDRAWN = {"commit_window": 0, "reveal_window": 0, "stake": 0}


def members(count):
    """Give what makes so many."""
    return {"data": {"source": "digits", "partition": {"recipe": "iid", "participants": count}}}


def small(**changes):
    """Give a scenario that trains in a moment, and draws no seed."""
    scenario = {
        "name": "small",
        "data": {
            "source": "digits",
            "validation_share": 0.2,
            "partition": {"recipe": "iid", "participants": 3},
        },
        "training": {"rounds": 2, "local_epochs": 1, "learning_rate": 0.5},
        "settlement": UNDRAWN,
    }
    return parse({**scenario, **changes}, origin="test")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Give a run that did not die."""
    return fedmerit.run(small(settlement=DRAWN), tmp_path_factory.mktemp("whole") / "b")


def paid(bundle):
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    return dict(zip(outcome.participants, outcome.payments, strict=True))


def test_the_free_rider_is_named_and_paid_nothing(hospital_bundle):
    assert hospital_bundle.document(TRAINING, TrainingDocument).idle == ("Free-rider",)
    assert paid(hospital_bundle)["Free-rider"] == 0


def test_the_two_lessons_are_the_two_lowest_values_and_only_hospitals_are_paid(hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)

    ranked = [
        name for _, name in sorted(zip(valuation.values, valuation.participants, strict=True))
    ]
    assert set(ranked[:2]) == {"Free-rider", "Mislabelled clinic"}
    assert {name for name, amount in paid(hospital_bundle).items() if not amount} == set(ranked[:2])


def test_payments_and_reserve_are_the_budget_to_the_last_base_unit(hospital_bundle):
    outcome = hospital_bundle.document(OUTCOME, OutcomeDocument)
    receipt = json.loads(hospital_bundle.read("settlement/receipt.json"))

    assert sum(outcome.payments) + outcome.reserve == outcome.budget == 1000 * 10**18
    assert sum(map(int, receipt["paid"].values())) + int(receipt["reserve"]) == outcome.budget


def test_values_add_up_to_the_worth_of_everyone(hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)

    assert abs(sum(valuation.values) - valuation.worth) <= len(valuation.values)


def test_what_each_members_rows_add_makes_up_the_value(hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)

    for value, split in zip(valuation.values, valuation.by_owner, strict=True):
        assert abs(sum(split) - value) <= len(split)


def test_an_exact_value_still_has_the_error_of_its_validation_rows(hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)

    assert valuation.method == "exact"
    assert not any(valuation.sampling_errors)
    assert all(valuation.validation_errors)


@pytest.mark.slow
def test_the_default_scenario_gives_the_same_manifest_again(hospital_bundle, tmp_path):
    again = fedmerit.run("hospitals", tmp_path / "again")
    other = fedmerit.run("hospitals", tmp_path / "other", seed=1)

    assert again.digest == hospital_bundle.digest != other.digest
    assert paid(again) == paid(hospital_bundle) != paid(other)


def test_the_same_seed_gives_the_same_manifest_and_another_seed_does_not(whole, tmp_path):
    again = fedmerit.run(small(settlement=DRAWN), tmp_path / "again")
    other = fedmerit.run(small(settlement=DRAWN), tmp_path / "other", seed=1)

    assert again.digest == whole.digest != other.digest
    assert paid(again) == paid(whole) != paid(other)


def test_a_bundle_holds_no_float_outside_its_tensors_and_its_scenario(hospital_bundle):
    floats = []

    for name in hospital_bundle.names():
        if name.endswith(".json"):
            json.loads(hospital_bundle.read(name), parse_float=floats.append)

    assert not floats


def test_the_written_scenario_says_every_default(hospital_bundle):
    written = tomllib.loads(hospital_bundle.text("scenario.toml"))

    assert written["training"]["momentum"] == load("hospitals").training.momentum


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(stage, marks=[] if stage in {"train", "settle"} else pytest.mark.slow)
        for stage in STAGES
    ],
)
def test_a_run_that_died_says_where_and_resumes_to_the_same_result(
    stage, whole, tmp_path, monkeypatch
):
    def die(*_, **__):
        raise RuntimeError("the power went out")

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, stage, die)
        with pytest.raises(RuntimeError):
            fedmerit.run(small(settlement=DRAWN), tmp_path / "died")
    died = Bundle.open(tmp_path / "died")
    assert died.progress.failed == f"{stage}: RuntimeError: the power went out"
    assert died.progress.done == STAGES[: STAGES.index(stage)]

    resumed = fedmerit.resume(tmp_path / "died")

    assert resumed.digest == whole.digest
    assert fedmerit.audit(resumed).passed


@pytest.mark.slow
def test_training_that_died_between_rounds_goes_on_from_the_last_one(whole, tmp_path, monkeypatch):
    written = []
    keep = training.write_round

    def die_after_one(bundle, round_):
        keep(bundle, round_)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(training, "write_round", die_after_one)
        with pytest.raises(KeyboardInterrupt):
            fedmerit.run(small(settlement=DRAWN), tmp_path / "died")
    monkeypatch.setattr(
        training, "write_round", lambda b, r: (written.append(r.number), keep(b, r))
    )

    resumed = fedmerit.resume(tmp_path / "died")

    assert written == [2]
    assert resumed.digest == whole.digest


def test_a_complete_run_is_not_resumed(hospital_bundle):
    with pytest.raises(BundleError, match="is complete"):
        fedmerit.resume(hospital_bundle.path)


def test_a_bundle_directory_that_exists_is_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(BundleError, match="exists already"):
        fedmerit.run(small(), tmp_path)

    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_report_can_be_written_again_and_the_bundle_still_holds(tmp_path):
    bundle = fedmerit.run(small(), tmp_path / "b")
    (bundle.path / "report.html").unlink()

    write_report(bundle.path)

    assert fedmerit.audit(bundle).passed


@pytest.mark.parametrize(
    "fault",
    ["nan", *(pytest.param(fault, marks=pytest.mark.slow) for fault in ("inf", "shape"))],
)
def test_a_member_that_returns_nonsense_is_excluded_and_the_run_goes_on(fault, tmp_path):
    members = [{"name": "broken", "behaviour": "faulty", "fault": fault}]

    bundle = fedmerit.run(small(members=members), tmp_path / "b")

    training = bundle.document(TRAINING, TrainingDocument)
    assert all("broken" in round_.excluded for round_ in training.rounds)
    assert paid(bundle)["broken"] == 0
    assert fedmerit.audit(bundle).passed


@pytest.mark.slow
def test_confident_pays_by_the_lower_end_and_keeps_the_rest(tmp_path):
    bundle = fedmerit.run(small(reward={"mechanism": "confident", "budget": 1000}), tmp_path / "b")

    outcome = bundle.document(OUTCOME, OutcomeDocument)
    assert 0 < outcome.reserve < 1000
    assert sum(outcome.payments) + outcome.reserve == 1000
    assert fedmerit.audit(bundle).passed


@pytest.mark.parametrize(
    "mechanism",
    ["equal", *(pytest.param(m, marks=pytest.mark.slow) for m in ("proportional", "data-size"))],
)
def test_where_no_update_can_be_used_nobody_is_paid_and_the_run_says_so(tmp_path, mechanism):
    members = [{"name": f"member-{k}", "behaviour": "faulty", "fault": "inf"} for k in (1, 2, 3)]
    scenario = small(
        members=members,
        settlement={**UNDRAWN, "committee": ["member-1"]},
        reward={"mechanism": mechanism},
    )

    bundle = fedmerit.run(scenario, tmp_path / "b")

    assert set(paid(bundle).values()) == {0}
    assert "nobody contributed" in key_figures(bundle)["Unused"]
    assert "nobody contributed" in (bundle.path / "report.html").read_text("utf-8")
    assert fedmerit.audit(bundle).passed


def test_a_member_whose_every_update_is_refused_is_paid_by_no_rule(tmp_path):
    members = [{"name": "member-1", "behaviour": "faulty", "fault": "shape"}]

    bundle = fedmerit.run(
        small(members=members, reward={"mechanism": "equal", "budget": 100}), tmp_path / "b"
    )

    assert paid(bundle) == {"member-1": 0, "member-2": 50, "member-3": 50}
    assert "member-1" in key_figures(bundle)["Unused"]


@pytest.mark.parametrize("rate", [0.5, 500.0])
def test_a_model_that_is_worse_than_untrained_is_said_to_be(tmp_path, rate):
    settings = {"rounds": 2, "local_epochs": 1, "learning_rate": rate}

    bundle = fedmerit.run(small(training=settings), tmp_path / "b")

    warned = "learning_rate (500)" in key_figures(bundle).get("Warning", "")
    report = (bundle.path / "report.html").read_text("utf-8")
    assert warned == ("worse than the untrained one" in report) == (rate > 1)


@pytest.mark.slow
def test_many_members_are_valued_by_sampling_within_the_budget(tmp_path):
    data = {"source": "digits", "partition": {"recipe": "iid", "participants": 8}}
    asked = {"max_coalitions": 60, "method": "antithetic"}

    bundle = fedmerit.run(small(data=data, valuation=asked), tmp_path / "b")

    valuation = bundle.document(VALUATION, ValuationDocument)
    spent = [checkpoint.evaluations for checkpoint in valuation.trace]
    assert spent == sorted(set(spent))
    assert len(spent) > 1
    assert spent[-1] == valuation.evaluations <= 60
    assert valuation.trace[-1].values == valuation.values
    assert all(valuation.sampling_errors)
    assert valuation.errors == "analytic"
    assert valuation.reason == ""
    assert valuation.interactions is None
    assert "to converge" not in bundle.read("report.html").decode()
    assert fedmerit.audit(bundle).passed


@pytest.mark.slow
def test_intervals_that_are_narrow_enough_end_the_sampling(tmp_path):
    data = {"source": "digits", "partition": {"recipe": "iid", "participants": 8}}
    asked = {"max_coalitions": 200, "method": "antithetic", "interval_width": 2.0}

    bundle = fedmerit.run(small(data=data, valuation=asked), tmp_path / "b")

    valuation = bundle.document(VALUATION, ValuationDocument)
    assert valuation.evaluations < 200
    assert max(valuation.half_widths) <= 10**9
    assert "as narrow as the scenario asks for" in bundle.read("report.html").decode()
    assert fedmerit.audit(bundle).passed


@pytest.mark.slow
def test_half_widths_are_of_the_confidence_that_the_scenario_asks_for(tmp_path):
    asked = [
        fedmerit.run(small(valuation={"confidence": share}), tmp_path / str(share))
        for share in (0.5, 0.99)
    ]

    narrow, wide = (bundle.document(VALUATION, ValuationDocument) for bundle in asked)
    assert narrow.values == wide.values
    assert all(a < b for a, b in zip(narrow.half_widths, wide.half_widths, strict=True))


def test_ranks_interactions_and_baselines_are_those_of_the_coalition_table(hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)
    arrays = hospital_bundle.tensors("coalitions.safetensors")
    gains = arrays["gains_micro"].mean(axis=1) * 1000
    worth = {
        tuple(row): gain for row, gain in zip(arrays["coalitions"].tolist(), gains, strict=True)
    }

    for place, value in enumerate(valuation.individual):
        alone = tuple(int(place == other) for other in range(6))
        assert value == pytest.approx(worth[alone] - worth[(0,) * 6], abs=1)
    for i, row in enumerate(valuation.outranks_ppm):
        assert row[i] == 500_000
        assert all(
            abs(ppm + valuation.outranks_ppm[j][i] - 10**6) <= 1 for j, ppm in enumerate(row)
        )
    matrix = np.array(valuation.interactions.matrix)
    assert (matrix == matrix.T).all()
    assert not matrix.diagonal().any()
    assert matrix[0, 1] < 0 < matrix[0, 5]  # two hospitals overlap; one makes up for harm


def test_gradient_alignment_sees_who_sends_nothing_and_who_pulls_the_wrong_way(hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)
    scores = dict(zip(valuation.participants, valuation.alignment, strict=True))

    assert scores["Free-rider"] == 0
    assert scores["Mislabelled clinic"] < 0
    assert min(scores[name] for name in ("Cleveland", "Hungary", "Switzerland")) > 0


@pytest.mark.parametrize(
    ("weights", "metric"),
    [
        ("renormalised", "loss"),
        pytest.param("renormalised", "accuracy", marks=pytest.mark.slow),
        pytest.param("fixed", "loss", marks=pytest.mark.slow),
        pytest.param("fixed", "accuracy", marks=pytest.mark.slow),
    ],
)
def test_a_run_valued_by_its_rounds_adds_the_rounds_values_up(weights, metric, tmp_path):
    asked = {"game": "rounds", "weights": weights, "metric": metric}

    bundle = fedmerit.run(small(valuation=asked), tmp_path / "b")

    valuation = bundle.document(VALUATION, ValuationDocument)
    assert (valuation.game, valuation.metric) == ("rounds", metric)
    added = np.sum([point.values for point in valuation.curve], axis=0)
    assert valuation.values == pytest.approx(tuple(added), abs=2000)
    training = bundle.document(TRAINING, TrainingDocument)
    gained = {
        "accuracy": 1000 * (training.rounds[-1].accuracy_ppm - training.initial_accuracy_ppm),
        "loss": 1000
        * (training.rounds[-1].log_likelihood_micro - training.initial_log_likelihood_micro),
    }
    assert valuation.worth == pytest.approx(gained[metric], abs=5000)
    assert fedmerit.audit(bundle).passed


@pytest.mark.slow
def test_thirty_members_are_valued_by_their_rounds(tmp_path):
    data = {"source": "digits", "partition": {"recipe": "iid", "participants": 30}}
    asked = {"game": "rounds", "max_coalitions": 300, "method": "antithetic"}

    bundle = fedmerit.run(small(data=data, valuation=asked), tmp_path / "b")

    valuation = bundle.document(VALUATION, ValuationDocument)
    assert len(valuation.values) == 30
    assert abs(sum(valuation.values) - valuation.worth) <= 30
    assert "2<sup>30</sup>" in bundle.read("report.html").decode()
    assert fedmerit.audit(bundle).passed


def test_the_committee_is_every_honest_member_with_validation_rows_by_default(tmp_path):
    members = [{"name": "idle", "behaviour": "free-rider"}]

    bundle = fedmerit.run(small(members=members), tmp_path / "b")

    federation = bundle.document(FEDERATION, FederationDocument)
    assert federation.committee == ("member-1", "member-2", "member-3")
    assert federation.threshold == 2


def test_a_table_of_ones_own_is_run_from_its_file(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["age,dose,site,sick"]
    rows += [
        f"{a:.2f},{d:.2f},{'north' if i % 2 else 'south'},{int(a + d > 1)}"
        for i, (a, d) in enumerate(rng.random((120, 2)))
    ]
    (tmp_path / "mine.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\n[data]\nsource = "mine.csv"\nlabel = "sick"\nparticipant = "site"\n'
    )

    bundle = fedmerit.run(tmp_path / "mine.toml", tmp_path / "b")

    assert set(paid(bundle)) == {"north", "south"}
    assert fedmerit.audit(bundle, retrain=True).passed


@pytest.mark.parametrize(
    ("changes", "said", "hint"),
    [
        ({"reward": {"mechanism": "proportonal"}}, "proportonal", "proportional"),
        ({"reward": {"mechanism": "public-good"}}, "no run can settle", "uniform-price"),
        ({"reward": {"mechanism": "uniform-price"}}, "nothing seals them", "both windows"),
        ({"valuation": {"method": "exat"}}, "exat", "exact"),
        ({"model": {"kind": "mpl"}}, "mpl", "mlp"),
        ({"data": {"source": "digit"}}, "digit", "digits"),
        ({"members": [{"name": "x", "behaviour": "lable-flip"}]}, "lable-flip", "label-flip"),
        ({"settlement": {"committee": ["member-4"]}}, "member-4", "member-"),
        (members(257), "257 participants", "256 participants or fewer"),
        ({**members(257), "settlement": DRAWN}, "257 participants", "256 participants or fewer"),
        (members(300), "300 participants", "256 participants or fewer"),
        ({"settlement": {"threshold": 9}}, "9 signatures of 3", "at most 3"),
        ({"settlement": {"challenge_window": 2**40}}, "challenge window", ""),
        ({"members": [{"name": "sponsor", "behaviour": "free-rider"}]}, "sponsor", "Rename"),
        ({"valuation": {"method": "exact", "max_coalitions": 7}}, "7 evaluations", "budget=8"),
        ({"valuation": {"metric": "acuracy"}}, "metric is called 'acuracy'", "accuracy"),
        ({"valuation": {"metric": "squared-error"}}, "predictions of 10 classes", '"accuracy"'),
        ({"valuation": {"metric": "auc"}}, "'auc' is for two classes", '"accuracy"'),
        ({"valuation": {"metric": "no.such:thing"}}, "cannot be imported", "PYTHONPATH"),
        ({"model": {"kind": "linear"}}, "predicts a quantity", '"logistic"'),
        ({"valuation": {"weights": "renormalised"}}, "weights", "leave weights out"),
        ({"valuation": {"method": "gradient-alignment"}}, "asks for more", "another method"),
        ({"valuation": {"method": "cgsv", "game": "rounds"}}, "'cgsv'", "another method"),
        ({"valuation": {"method": "gtg"}}, "'gtg' values the rounds", 'game = "rounds"'),
        (
            {"valuation": {"method": "group-shapley", "game": "rounds"}},
            "hides nobody",
            "retraining",
        ),
    ],
)
def test_bad_settings_are_refused_with_a_hint_that_works(changes, said, hint, tmp_path):
    with pytest.raises(FedmeritError, match=said) as caught:
        fedmerit.run(small(**changes), tmp_path / "b")

    assert hint in caught.value.hint
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"chain_id": 31337}, "--chain-id"),
        ({"chain_id": 0}, "--chain-id"),
        ({"keystore": Path("keys --env-keys")}, "--keystore"),
        ({"env_keys": True, "chain_id": 1}, "--chain-id and --env-keys"),
    ],
)
def test_what_is_for_a_node_is_refused_where_none_is_named(options, names):
    with pytest.raises(ChainError, match=f"no node is named for {names}, and") as caught:
        ChainChoice(**options)

    assert f"--rpc URL, or leave {names} out" in caught.value.hint


@pytest.mark.parametrize("option", [("--chain-id", "5"), ("--keystore", "keys"), ("--env-keys",)])
def test_such_a_run_leaves_no_directory(tmp_path, option, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["fedmerit", "run", "--dir", str(tmp_path / "b"), *option])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert "--rpc URL" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "b").exists()


def test_an_unreachable_node_is_found_out_before_anything_is_trained(tmp_path):
    chain = ChainChoice(rpc="http://127.0.0.1:9")

    with pytest.raises(ChainError, match=r"127\.0\.0\.1:9"):
        fedmerit.run(small(), tmp_path / "b", chain=chain)

    assert not (tmp_path / "b").exists()


def test_missing_data_is_found_out_before_a_directory_is_made(tmp_path):
    scenario = small(data={"source": str(tmp_path / "absent.csv"), "label": "y"})

    with pytest.raises(DataError, match=r"absent\.csv"):
        fedmerit.run(scenario, tmp_path / "b")

    assert not (tmp_path / "b").exists()
