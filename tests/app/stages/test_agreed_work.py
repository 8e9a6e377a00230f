"""Contests and posted prices are settled: work is agreed before training, done, and paid."""

from __future__ import annotations

import shutil
import tomllib

import pytest
import tomli_w

import fedmerit
from fedmerit.bundle.directory import SCENARIO, Bundle
from fedmerit.bundle.schemas import (
    BIDS,
    LEDGER,
    OUTCOME,
    TRAINING,
    VALUATION,
    BidsDocument,
    OutcomeDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.chain import Ledger
from fedmerit.errors import RewardError, Underfunded
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.scenario.reading import load, parse
from fedmerit.stages.chains import EMBEDDED
from fedmerit.stages.check import check
from fedmerit.stages.reward import decided

#: Of a member's part; the third is too dear for any contest with the others.
COSTS = {"member-1": 200, "member-2": 300, "member-3": 90_000, "member-4": 300}


def hired(mechanism="tullock", costs=COSTS, budget=1000, **settings):
    """Give a scenario of four owners of digits whose work is agreed; the last keeps its secret."""
    members = [{"name": name, "offer": {"cost": cost}} for name, cost in costs.items()]
    members[3]["reveals"] = False
    return parse(
        {
            "name": "hired",
            "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 4}},
            "members": members,
            "training": {"rounds": 2, "local_epochs": 2, "learning_rate": 0.5},
            "reward": {"mechanism": mechanism, "budget": budget, "settings": settings},
            "settlement": {"payout": "push"},
        },
        origin="test",
    )


def ledger_of(bundle):
    return Ledger.from_json(bundle.text(LEDGER))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return fedmerit.run(hired(), tmp_path_factory.mktemp("hired") / "bundle")


def test_a_contest_is_paid_on_chain_by_the_steps_that_were_agreed(bundle):
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    ledger = ledger_of(bundle)

    first, second, third, fourth = outcome.payments
    assert first > second > 0 == third
    assert fourth == 0 < outcome.bought_ppm[3]  # it worked, and kept its secret from the draw
    assert first + second + outcome.reserve == 1000
    # The shares are of the contest of all who agreed: nobody gains by another's silence.
    assert second == pytest.approx(outcome.reserve, abs=9)  # they have as many rows but for one
    assert ledger.paid == first + second
    assert fedmerit.audit(bundle).passed


def test_each_takes_the_part_of_its_steps_that_it_agreed_to_and_who_is_too_dear_takes_none(bundle):
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    efforts = [getattr(m.behaviour, "effort", 0) for m in assemble(hired()).federation.members]

    assert [round(effort * 10**6) for effort in efforts] == pytest.approx(outcome.bought_ppm, abs=1)
    assert 0 == efforts[2] < efforts[1] < efforts[0] <= 1
    for round_ in bundle.document(TRAINING, TrainingDocument).rounds:
        assert round_.excluded == {"member-3": "did not answer"}
    suspicion = bundle.document(VALUATION, ValuationDocument).suspicion
    assert suspicion.parts["refusal"][2] == 0  # nobody asked it to send anything


def test_the_report_says_that_work_was_agreed_and_which_part_each_took(bundle):
    page = (bundle.path / "report.html").read_text("utf-8")

    assert "was known before anybody trained" in page
    assert "pushed to all by the coordinator" in page
    claims = [step for step in ledger_of(bundle).transactions if step.step == "claim"]
    assert len(claims) == 1
    assert "when nobody had shown one" not in page
    assert {offer.name for offer in bundle.document(BIDS, BidsDocument).offers} == {
        "member-1",
        "member-2",
        "member-3",
    }


@pytest.mark.parametrize("change", ["cost", "payment"])
def test_an_audit_finds_other_offers_and_other_pay_than_were_agreed(bundle, tmp_path, change):
    altered = Bundle(shutil.copytree(bundle.path, tmp_path / "altered"))
    if change == "cost":
        scenario = tomllib.loads(altered.text(SCENARIO))
        scenario["members"][0]["offer"]["cost"] = 900
        altered.write(SCENARIO, tomli_w.dumps(scenario).encode())
    else:
        said = altered.document(OUTCOME, OutcomeDocument)
        moved = (said.payments[0] + 1, said.payments[1] - 1, *said.payments[2:])
        altered.write_document(OUTCOME, said.model_copy(update={"payments": moved}))

    assert "payments" in {check.name for check in fedmerit.audit(altered).differences}


def test_who_sends_nothing_of_use_is_paid_nothing_and_the_others_what_they_agreed_to(
    bundle, tmp_path
):
    altered = Bundle(shutil.copytree(bundle.path, tmp_path / "altered"))
    training = altered.document(TRAINING, TrainingDocument)
    altered.write_document(TRAINING, training.model_copy(update={"idle": ("member-1",)}))

    before, after = bundle.document(OUTCOME, OutcomeDocument), decided(altered)

    assert after.payments == (0, *before.payments[1:])
    assert after.bought_ppm == before.bought_ppm


@pytest.mark.slow
def test_a_posted_price_is_settled_and_an_audit_trains_the_agreed_steps_again(tmp_path):
    scenario = hired("posted-price", dict.fromkeys(COSTS, 900), 700_000, worth=1000)
    bundle = fedmerit.run(scenario, tmp_path / "bundle")

    outcome = bundle.document(OUTCOME, OutcomeDocument)
    assert 0 < outcome.bought_ppm[0] <= 10**6
    assert outcome.payments[0] > 0 == outcome.payments[3]
    assert fedmerit.audit(bundle, retrain=True).passed


def test_a_price_that_the_budget_may_not_cover_is_refused_before_the_training():
    with pytest.raises(Underfunded):
        check(hired("posted-price", worth=1000), EMBEDDED)


POOLED = {
    "name": "trees",
    "data": {"source": "heart-disease"},
    "model": {"kind": "sklearn", "estimator": "sklearn.tree:DecisionTreeClassifier"},
}


@pytest.mark.parametrize("pooled", [False, True])
def test_who_takes_no_steps_of_its_own_has_none_to_agree_on(pooled):
    scenario = parse(POOLED, origin="test") if pooled else load("risk-control")
    reward = scenario.reward.model_copy(update={"mechanism": "tullock"})

    with pytest.raises(RewardError, match="'tullock' has members agree on parts"):
        check(scenario.model_copy(update={"reward": reward}), EMBEDDED)
