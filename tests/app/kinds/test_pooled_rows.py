"""An estimator on pooled rows, from the scenario to the audit, and what a forger tries."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from forging import forge, reseal

import fedmerit
from fedmerit.bundle.directory import COALITIONS, SCENARIO, Bundle
from fedmerit.bundle.schemas import FEDERATION, OUTCOME, TRAINING, FederationDocument
from fedmerit.commands.summary import key_figures
from fedmerit.errors import AuditImpossible, BundleError, ScenarioError, TrainingError
from fedmerit.kinds.parts import scoring_part, simulation_part
from fedmerit.kinds.pooled.retraining import check_retraining
from fedmerit.kinds.pooled.rows import NO_ROWS, bound
from fedmerit.kinds.pooled.wiring import check
from fedmerit.scenario.reading import parse

ASKED = {
    "name": "trees",
    "data": {"source": "heart-disease"},
    "model": {"kind": "sklearn", "estimator": "sklearn.tree:DecisionTreeClassifier"},
    "settlement": {"commit_window": 0, "reveal_window": 0, "stake": 0},
    "members": [
        {"name": "rider", "behaviour": "free-rider"},
        {"name": "flipper", "behaviour": "label-flip", "rows_from": "Cleveland", "row_count": 60},
    ],
}


def asked(**changes):
    return parse({**ASKED, **changes}, origin="test")


def model(estimator, **arguments):
    return {"kind": "sklearn", "estimator": estimator, "arguments": arguments}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    scenario = asked(model=model("sklearn.tree:DecisionTreeClassifier", max_depth=3))
    return fedmerit.run(scenario, tmp_path_factory.mktemp("pooled") / "b")


@pytest.fixture
def copy(bundle, tmp_path):
    return Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))


def differing(found):
    return {each.name for each in found if each.status == "differs"}


def test_a_run_is_audited_and_fitted_again(bundle):
    verdict = fedmerit.audit(bundle, retrain=True, spot_checks=3)

    assert verdict.passed, verdict
    done = {each.name for each in verdict.checks if each.status == "ok"}
    assert {"bound rows", "committed rows", "retrained coalitions", "spot checks"} <= done


def test_it_is_said_to_be_no_federated_averaging(bundle):
    assert "not federated averaging" in key_figures(bundle)["Learner"]
    assert "not federated averaging" in bundle.text("report.html")
    assert "[training]" not in bundle.text(SCENARIO)


def test_a_member_without_rows_is_worth_and_paid_nothing(bundle):
    members = bundle.document(FEDERATION, FederationDocument)
    rider = members.names.index("rider")
    valuation = document(bundle, "valuation.json")
    outcome = document(bundle, OUTCOME)

    assert valuation["values"][rider] == 0
    assert outcome["payments"][rider] == "0"
    assert NO_ROWS in bundle.text("report.html")


def document(bundle, name):
    return json.loads(bundle.read(name))


def test_digests_of_other_rows_with_their_root_are_found_by_fitting_again(copy):
    def swap(said):
        [round_] = said["rounds"]
        round_["update_digests"].reverse()
        round_.update(bound(round_["update_digests"]))

    forge(copy, TRAINING, swap)

    assert "committed rows" in differing(check_retraining(copy))
    assert "update commitments" in differing(fedmerit.audit(copy).checks)


@pytest.mark.parametrize(
    "change",
    [
        lambda round_: round_.update(update_digests=round_["update_digests"][::-1]),
        lambda round_: round_.update(excluded={}),
        lambda round_: round_.update(excluded={**round_["excluded"], "Hungary": NO_ROWS}),
        lambda round_: round_.update(sampled=round_["sampled"][1:]),
    ],
    ids=["digests", "nobody-excluded", "an-owner-excluded", "sampled"],
)
def test_what_does_not_go_together_is_found_without_the_data(copy, change):
    forge(copy, TRAINING, lambda said: change(said["rounds"][0]))

    assert "bound rows" in differing(fedmerit.audit(copy).checks)


def test_gains_that_a_forger_raised_are_found_by_fitting_again(copy):
    arrays = dict(copy.tensors(COALITIONS))
    arrays["gains_micro"] = arrays["gains_micro"] + 20 * arrays["coalitions"][:, :1].astype(
        np.int64
    )
    copy.write_tensors(COALITIONS, arrays)
    reseal(copy)

    assert "retrained coalitions" in differing(check_retraining(copy))


def test_metrics_that_a_forger_raised_are_found_by_fitting_again(copy):
    def raised(said):
        said["rounds"][0]["accuracy_ppm"] += 5000

    forge(copy, TRAINING, raised)

    assert "retrained metrics" in differing(check_retraining(copy))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training": {"rounds": 3}}, "federated averaging"),
        ({"valuation": {"game": "rounds"}}, "of updates"),
        ({"model": {"kind": "sklearn"}}, "go together"),
        ({"model": {"kind": "logistic", "estimator": "sklearn.tree:X"}}, "go together"),
        ({"model": {"kind": "sklearn", "estimator": "Trees"}}, "no 'package.module:Class'"),
        ({"vertical": {"owners": []}}, "one kind"),
        *(
            ({"members": [{"name": "Hungary", "behaviour": name}]}, "acts on updates")
            for name in ("stale-rider", "update-noise", "under-effort", "drop-out", "faulty")
        ),
    ],
)
def test_what_is_for_members_that_send_updates_is_refused(changes, said):
    with pytest.raises(ScenarioError, match=said):
        asked(**changes)


def test_an_estimator_that_cannot_learn_from_somebodys_rows_is_refused_before_the_run():
    few = model("sklearn.neighbors:KNeighborsClassifier", n_neighbors=80)

    with pytest.raises(TrainingError, match="the rows of flipper") as refused:
        check(asked(model=few))

    assert "n_neighbors" in str(refused.value)


@pytest.mark.parametrize("estimator", ["evil:Tree", "sklearn.tree._evil:Tree", "sklearn:Tree"])
def test_an_audit_runs_no_estimator_that_is_not_scikit_learns_unless_it_is_named(copy, estimator):
    text = copy.text(SCENARIO).replace("sklearn.tree:DecisionTreeClassifier", estimator)
    copy.write(SCENARIO, text.encode())
    reseal(copy)

    with pytest.raises(AuditImpossible, match=estimator):
        fedmerit.audit(copy, retrain=True)
    with pytest.raises(AuditImpossible, match=estimator):
        fedmerit.audit(copy, retrain=True, allow_model="sklearn.tree:DecisionTreeClassifier")
    with pytest.raises(AuditImpossible, match="cannot fit again"):  # allowed, and not there
        list(check_retraining(copy))


def test_a_fitted_estimator_is_not_taken_along_and_enters_no_simulation(bundle):
    with pytest.raises(BundleError, match="pickle"):
        scoring_part(bundle.scenario).portable(bundle)
    with pytest.raises(ScenarioError, match="pools rows"):
        simulation_part(bundle.scenario).assemble(bundle.scenario)
