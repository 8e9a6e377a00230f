"""Copies of rows count once where rows are paid for: in a run, on record, and for an audit."""

from __future__ import annotations

import shutil

import pytest

import fedmerit
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import (
    FEDERATION,
    OUTCOME,
    VALUATION,
    FederationDocument,
    OutcomeDocument,
    ValuationDocument,
)
from fedmerit.commands.summary import as_json, key_figures, member_rows
from fedmerit.scenario.reading import parse
from fedmerit.simulation import Simulation, simulate


def copied(mechanism="data-size", **member):
    """Give a scenario of three owners of digits, and a fourth name that is the first's again."""
    return parse(
        {
            "name": "copied",
            "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 3}},
            "members": [{"name": "again", "copy_of": "member-1", **member}],
            "training": {"rounds": 1, "local_epochs": 1, "learning_rate": 0.5},
            "reward": {"mechanism": mechanism, "budget": 10**6},
        },
        origin="test",
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return fedmerit.run(copied(), tmp_path_factory.mktemp("copied") / "bundle")


def test_two_names_for_the_same_rows_are_paid_what_one_was(bundle):
    members = bundle.document(FEDERATION, FederationDocument)
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    rows = members.declared_rows
    paid = dict(zip(outcome.participants, outcome.payments, strict=True))

    [shared] = members.shared
    assert (shared.names, shared.rows) == (("member-1", "again"), rows["member-1"])
    alone = 10**6 * rows["member-1"] / (sum(rows.values()) - rows["again"])
    assert alone - 10**4 < paid["member-1"] + paid["again"] <= alone + len(rows)
    assert "member-1, again" in key_figures(bundle)["Held by several"]
    assert "alike to the last bit" in (bundle.path / "report.html").read_text("utf-8")


def test_names_for_the_same_rows_are_what_there_is_to_look_at_and_the_audit_says_so_too(bundle):
    found = bundle.document(VALUATION, ValuationDocument).suspicion
    audited = {check.name: check for check in fedmerit.audit(bundle).checks}["suspicion"]

    assert audited.status == "ok"
    for name in bundle.document(OUTCOME, OutcomeDocument).participants:
        assert name in audited.detail
    assert found.scores == tuple(
        pytest.approx(sum(column), abs=7) for column in zip(*found.parts.values(), strict=True)
    )
    assert "Who to look at" in (bundle.path / "report.html").read_text("utf-8")
    assert as_json(bundle)["members"][0]["suspicion"] == found.scores[0]
    assert all("Suspicion" in row for row in member_rows(bundle))


@pytest.mark.parametrize("change", ["raised", "left out"])
def test_an_audit_finds_scores_that_the_updates_do_not_give(bundle, tmp_path, change):
    altered = Bundle(shutil.copytree(bundle.path, tmp_path / "altered"))
    said = altered.document(VALUATION, ValuationDocument)
    scores = (*said.suspicion.scores[:-1], said.suspicion.scores[-1] + 3)
    raised = said.suspicion.model_copy(update={"scores": scores})
    found = raised if change == "raised" else None
    altered.write_document(VALUATION, said.model_copy(update={"suspicion": found}))

    assert "suspicion" in {check.name for check in fedmerit.audit(altered).differences}


@pytest.mark.slow
def test_an_audit_with_the_data_finds_shared_rows_that_are_kept_quiet(bundle, tmp_path):
    altered = Bundle(shutil.copytree(bundle.path, tmp_path / "altered"))
    said = altered.document(FEDERATION, FederationDocument)
    altered.write_document(FEDERATION, said.model_copy(update={"shared": ()}))

    found = {check.name for check in fedmerit.audit(altered, retrain=True).differences}
    unpaid = {check.name for check in fedmerit.audit(altered).differences}

    assert not fedmerit.audit(bundle, retrain=True).differences
    assert "payments" in unpaid  # they were of the counted rows
    assert found >= unpaid


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["data-size", "pvcg"])
def test_in_a_simulation_a_copy_gains_no_rows(mechanism):
    scenario = parse(
        {
            "name": "small",
            "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 5}},
            "training": {"local_epochs": 1, "learning_rate": 0.1, "tolerance": 0.0},
            "reward": {"budget": 5 * 10**21},
        },
        origin="test",
    )
    settings = Simulation(mechanisms=(mechanism,), rounds=2, deviators=2, benefit=0.0)

    [run] = simulate(scenario, settings).runs

    gains = {each.kind: each.gain for each in run.advantages}
    assert gains["copy"].value < 0.02  # of an equal share; it was .87 and more
