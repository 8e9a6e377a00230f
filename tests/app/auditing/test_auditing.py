from __future__ import annotations

import dataclasses
import os
import shutil

import numpy as np
import pytest
from forging import forge, reseal

import fedmerit
from fedmerit.auditing.files import check_files
from fedmerit.auditing.settled import check_settlement
from fedmerit.auditing.site import Site
from fedmerit.bundle.directory import COALITIONS, MANIFEST, REPORT, SEAL, Bundle
from fedmerit.bundle.schemas import (
    DEPLOYMENT,
    FEDERATION,
    GRADIENTS,
    LEDGER,
    OUTCOME,
    RECEIPT,
    TRAINING,
    TRANSCRIPT,
    VALUATION,
    FederationDocument,
    ValuationDocument,
)
from fedmerit.bundle.training import read_rounds, recorded_game, recorded_gradients
from fedmerit.bundle.valuation import Measured, Updates, valuation_document
from fedmerit.canonical import canonical
from fedmerit.chain.clients import base
from fedmerit.errors import AuditImpossible, BundleError, FedmeritError
from fedmerit.kinds.horizontal.auditing import check_numbers
from fedmerit.kinds.horizontal.remeasured import Remeasured
from fedmerit.kinds.horizontal.retraining import consortium_of, recorded_run
from fedmerit.scenario.reading import parse
from fedmerit.stages import draw as drawing
from fedmerit.stages.chains import EMBEDDED
from fedmerit.stages.committing import write_commitment
from fedmerit.stages.draw import draw, seed_of
from fedmerit.stages.report import report
from fedmerit.stages.reward import reward
from fedmerit.stages.settle import settle

KINDS = [
    "accounts.json",
    "coalitions.safetensors",
    "commitment.json",
    "encoding.json",
    "federation.json",
    "gradients.safetensors",
    "manifest.json",
    "outcome.json",
    "progress.json",
    "report.html",
    "run.json",
    "scenario.toml",
    "seal.json",
    "settlement/deployment.json",
    "settlement/drawn.json",
    "settlement/ledger.json",
    "settlement/receipt.json",
    "settlement/transcript.json",
    "timings.json",
    "training.json",
    "training/0001.json",
    "training/0001.safetensors",
    "training/model.safetensors",
    "valuation.json",
]


def resettle(bundle):
    """Settle altered evidence afresh, as a forger with everybody's keys could."""
    settle(bundle, EMBEDDED, lambda *_: None)
    report(bundle)
    bundle.write_seal()


def redraw(bundle):
    """Open another job for altered members or contracts, which draw the same seed."""
    draw(bundle, EMBEDDED, lambda *_: None)
    resettle(bundle)


def revalue(bundle):
    """Say anew what the recorded measurements come to, as an honest stage would."""
    members = bundle.document(FEDERATION, FederationDocument)
    game, owners = recorded_game(bundle, members.names)
    measured = Measured(
        game=game,
        owners=owners,
        updates=Updates(read_rounds(bundle), recorded_gradients(bundle)),
        curve=bundle.document(VALUATION, ValuationDocument).curve,
    )
    seed = seed_of(bundle)
    bundle.write_document(VALUATION, valuation_document(measured, bundle.scenario, members, seed))
    write_commitment(bundle)


def found(bundle):
    return {check.name: check.detail for check in fedmerit.audit(bundle).differences}


def flipped(content, position):
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


def test_an_untouched_bundle_holds(hospital_bundle):
    verdict = fedmerit.audit(hospital_bundle)

    assert verdict.passed
    assert "no difference" in verdict.sentence
    assert {check.status for check in verdict.checks} == {"ok", "skipped"}


def test_retraining_an_untouched_bundle_holds(hospital_bundle):
    verdict = fedmerit.audit(hospital_bundle, retrain=True)

    assert verdict.passed
    assert [check.id for check in verdict.checks if check.status != "ok"] == ["unbound"]


def test_the_list_of_kinds_is_complete(hospital_bundle):
    kinds = {n for n in hospital_bundle.names() if "training/00" not in n or "0001" in n}

    assert kinds == set(KINDS)


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "report.html",
        "scenario.toml",
        "seal.json",
        "settlement/transcript.json",
        "training/0001.safetensors",
    ],
)
def test_one_flipped_bit_is_found_by_a_whole_audit_and_its_file_named(copy, name):
    content = copy.read(name)
    (copy.path / name).write_bytes(flipped(content, len(content) // 2))

    try:
        verdict = fedmerit.audit(copy)
        said = " ".join(check.detail for check in verdict.differences)
    except FedmeritError as error:
        said = str(error)

    assert name in said


def test_any_flipped_byte_of_any_file_is_found_and_its_file_named(copy):
    rng = np.random.default_rng(0)
    see_every_flip(copy, REPORT, rng)
    # The page is five megabytes, nearly all of them a library: what each flip of another file
    # would have digested again. So the others are flipped beside the page's first lines.
    copy.write(REPORT, copy.read(REPORT)[:1000])
    reseal(copy)

    for name in copy.names():
        see_every_flip(copy, name, rng)


def see_every_flip(copy, name, rng):
    """Flip a file's first byte, its last and six others, one at a time."""
    content = copy.read(name)
    for position in {0, len(content) - 1, *rng.integers(len(content), size=6).tolist()}:
        (copy.path / name).write_bytes(flipped(content, position))
        try:
            checks = list(check_files(copy))
            said = " ".join(check.detail for check in checks if check.status == "differs")
        except AuditImpossible as error:
            said = str(error)
        assert name in said, f"{name} at byte {position}"
    (copy.path / name).write_bytes(content)


def test_a_missing_file_is_found_and_named(copy):
    (copy.path / "run.json").unlink()

    assert "run.json is missing" in found(copy)["files against seal.json"]


def test_an_added_file_is_found_and_named(copy):
    (copy.path / "extra.txt").write_text("hello")

    assert "extra.txt" in found(copy)["seal.json is complete"]


def test_a_payment_that_a_forger_raised_and_resealed_differs_from_mechanism_and_chain(copy):
    def raise_pay(outcome):
        outcome["payments"][0] = str(int(outcome["payments"][0]) + 1)
        outcome["payments"][1] = str(int(outcome["payments"][1]) - 1)

    forge(copy, OUTCOME, raise_pay)

    assert {"evidence on chain", "money", "payments"} <= found(copy).keys()


def test_a_value_that_a_forger_raised_and_resealed_differs_from_the_coalition_table(copy):
    def raise_value(valuation):
        valuation["values"][0] += 1000

    forge(copy, VALUATION, raise_value)

    differences = found(copy)
    assert "values[0]" in differences["values"]
    assert "evidence on chain" in differences


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("half_widths[1]", lambda said: said["half_widths"].__setitem__(1, 5)),
        ("individual[2]", lambda said: said["individual"].__setitem__(2, 5)),
        ("alignment[3]", lambda said: said["alignment"].__setitem__(3, 5)),
        ("outranks_ppm[0][1]", lambda said: said["outranks_ppm"][0].__setitem__(1, 999_999)),
        ("trace[0].values[4]", lambda said: said["trace"][0]["values"].__setitem__(4, 5)),
        ("interactions.matrix[0][1]", lambda s: s["interactions"]["matrix"][0].__setitem__(1, 5)),
        ("interactions", lambda said: said.update(interactions=None)),
        ("orders", lambda said: said.update(orders=said["orders"] + 1)),
        ("evaluations", lambda said: said.update(evaluations=said["evaluations"] - 1)),
        ("budget", lambda said: said.update(budget=said["budget"] + 1)),
        ("trace[0].evaluations", lambda s: s["trace"][0].update(evaluations=1)),
        ("reason", lambda said: said.update(reason="because")),
        ("errors", lambda said: said.update(errors="analytic")),
    ],
)
def test_what_a_forger_said_of_the_certainty_and_resealed_is_found(copy, field, change):
    forge(copy, VALUATION, change)

    values = next(check for check in check_numbers(copy) if check.name == "values")
    assert f"{field} (" in values.detail


def test_utilities_that_a_forger_raised_and_resealed_differ_from_the_values(copy):
    arrays = copy.tensors(COALITIONS)
    arrays["gains_micro"] = arrays["gains_micro"] + arrays["coalitions"][:, :1].astype(np.int64)
    copy.write_tensors(COALITIONS, arrays)
    reseal(copy)

    assert "values" in found(copy)


def test_updates_that_a_forger_changed_and_resealed_differ_from_their_commitment(copy):
    name = "training/0002.safetensors"
    arrays = copy.tensors(name)
    arrays["updates"] = arrays["updates"] * np.float32(1.5)
    copy.write_tensors(name, arrays)
    reseal(copy)

    differences = found(copy)
    assert "round 2" in differences["updates"]
    assert "averaging" in differences


def test_weights_that_a_forger_changed_and_resealed_are_found(copy):
    name = "training/0003.safetensors"
    arrays = copy.tensors(name)
    arrays["weights"] = arrays["weights"][::-1].copy()
    copy.write_tensors(name, arrays)
    reseal(copy)

    assert "3" in found(copy)["weights"]


def test_a_receipt_that_lies_about_what_was_paid_is_found(copy):
    def lie(receipt):
        name = next(iter(receipt["paid"]))
        receipt["paid"][name] = "1"

    forge(copy, RECEIPT, lie)

    assert "paid" in found(copy)["receipt"]


def test_a_receipt_that_swaps_names_is_found_although_the_chain_knows_none(copy):
    def swap(receipt):
        for part in ("accounts", "paid"):
            first, *_, last = receipt[part]
            receipt[part][first], receipt[part][last] = receipt[part][last], receipt[part][first]

    forge(copy, RECEIPT, swap)

    assert {"accounts", "paid"} <= set(found(copy)["receipt"].replace(",", "").split())


def test_a_receipt_that_gives_one_members_stake_to_another_is_found(copy):
    def move(receipt):
        first, second, *_ = receipt["stakes"]
        both = sum(int(receipt["stakes"][name]) for name in (first, second))
        receipt["stakes"].update({first: str(both), second: "0"})

    forge(copy, RECEIPT, move)

    assert found(copy)["receipt"].endswith("differ in stakes")


@pytest.mark.slow
def test_a_job_on_other_terms_than_the_scenarios_is_found(copy, monkeypatch):
    asked = drawing.terms
    other = {"challenge_window": 0, "reveal_window": 40, "stake": 1}

    with monkeypatch.context() as forger:
        forger.setattr(drawing, "terms", lambda *of: {**asked(*of), **other})
        redraw(copy)

    said = found(copy)["terms"]
    for name in ("challengeWindow", "revealWindow", "rulingWindow", "unbonding", "stake", "slash"):
        assert f"{name} (" in said
    assert "commitWindow" not in said
    assert "bond" not in said.replace("unbonding", "")


@pytest.mark.parametrize("field", ["gas", "block", "timestamp"])
def test_a_receipt_that_lies_about_a_transaction_is_found(copy, field):
    forge(copy, RECEIPT, lambda receipt: receipt["transactions"][5].update({field: 1}))

    assert "transactions" in found(copy)


def test_a_deployment_of_elsewhere_is_found(copy):
    forge(copy, DEPLOYMENT, lambda deployment: deployment.update(job=7))

    assert "deployment" in found(copy)["receipt"]


def test_a_manifest_that_leaves_a_file_out_is_found(copy):
    listed = copy.listed(MANIFEST)
    del listed["federation.json"]
    copy.write(MANIFEST, canonical(listed))
    copy.write_seal()

    assert "federation.json" in found(copy)["manifest.json is complete"]


@pytest.mark.slow
def test_a_settlement_of_forged_members_is_found(copy):
    def forged(federation):
        federation["committee"] = ["Free-rider"]
        federation["threshold"] = 1
        federation["members"][4]["behaviour"] = "honest"
        federation["members"][4]["validation_rows"] = 9

    forge(copy, FEDERATION, forged)
    redraw(copy)

    said = found(copy)["members"]
    for fault in ("Free-rider", "validation rows", "committee", "threshold"):
        assert fault in said


@pytest.mark.slow
def test_a_settlement_of_rows_without_their_spread_is_found_by_retraining(copy):
    arrays = copy.tensors(COALITIONS)
    means = arrays["gains_micro"].mean(axis=1, keepdims=True).round().astype(np.int64)
    arrays["gains_micro"] = np.broadcast_to(means, arrays["gains_micro"].shape).copy()
    copy.write_tensors(COALITIONS, arrays)
    revalue(copy)
    reward(copy)
    resettle(copy)

    assert fedmerit.audit(copy).passed  # it is consistent, and as the committee signed it
    differences = fedmerit.audit(copy, retrain=True).differences
    assert [check.name for check in differences] == ["retrained coalitions"]


@pytest.mark.slow
def test_a_settlement_of_other_gradients_is_found_by_retraining(copy):
    copy.write_tensors(GRADIENTS, {"gradients": recorded_gradients(copy)[::-1].copy()})
    revalue(copy)
    resettle(copy)

    assert fedmerit.audit(copy).passed
    differences = fedmerit.audit(copy, retrain=True).differences
    assert [check.name for check in differences] == ["recomputed gradients"]


@pytest.fixture(scope="module")
def rounds_bundle(tmp_path_factory):
    """Give a bundle whose members are valued by what their updates did."""
    scenario = {
        "name": "rounds",
        "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 3}},
        "training": {"rounds": 2, "local_epochs": 1, "learning_rate": 0.5},
        "valuation": {"game": "rounds", "weights": "renormalised", "metric": "accuracy"},
    }
    directory = tmp_path_factory.mktemp("rounds") / "b"
    return fedmerit.run(parse(scenario, origin="test"), directory)


@pytest.mark.slow
def test_a_run_valued_by_its_rounds_holds_when_all_is_done_again(rounds_bundle):
    verdict = fedmerit.audit(rounds_bundle, retrain=True)

    assert verdict.passed
    assert "recomputed coalitions" in {check.name for check in verdict.checks}


@pytest.mark.slow
def test_gains_of_rounds_that_a_forger_raised_and_settled_are_found_by_retraining(
    rounds_bundle, tmp_path
):
    shutil.copytree(rounds_bundle.path, tmp_path / "copy")
    forged = Bundle(tmp_path / "copy")
    arrays = forged.tensors(COALITIONS)
    arrays["gains_micro"][arrays["coalitions"][:, 0] == 1] += 10**6
    forged.write_tensors(COALITIONS, arrays)
    revalue(forged)
    reward(forged)
    resettle(forged)

    differences = fedmerit.audit(forged, retrain=True).differences

    assert [check.name for check in differences] == ["recomputed coalitions"]


@pytest.mark.slow
def test_one_answer_that_no_tie_explains_is_found(rounds_bundle):
    consortium = consortium_of(rounds_bundle)
    kept = recorded_run(rounds_bundle, consortium)
    again = Remeasured(rounds_bundle, consortium, kept)
    stored = rounds_bundle.tensors(COALITIONS)
    coalitions, gains = stored["coalitions"].astype(bool), stored["gains_micro"]

    assert again.judged(coalitions, gains).of.holds
    for row in (0, gains.shape[1] - 1):
        flipped = gains.copy()
        flipped[3, row] += 10**6
        found = again.judged(coalitions, flipped).of
        assert not found.holds
        assert found.outside.tolist() == [row == 3 for row in range(len(coalitions))]
    assert again._ties(coalitions).mean() < 1e-3


def test_a_seal_that_is_nested_without_end_is_refused(copy):
    (copy.path / SEAL).write_bytes(b"[" * 200_000 + b"]" * 200_000)

    with pytest.raises(AuditImpossible, match=r"seal\.json is damaged"):
        fedmerit.audit(copy)


def test_a_pipe_in_place_of_a_file_is_found_and_not_waited_for(copy):
    (copy.path / "run.json").unlink()
    os.mkfifo(copy.path / "run.json")

    assert "run.json" in found(copy)["files against seal.json"]


def test_contracts_of_other_code_are_found(copy, monkeypatch):
    shipped = base.artifact

    def altered(name):
        built = shipped(name)
        if name != "CreditToken":
            return built
        return dataclasses.replace(built, bytecode=built.bytecode[:-2] + "00")

    with monkeypatch.context() as forger:
        forger.setattr(base, "artifact", altered)
        redraw(copy)

    assert found(copy)["contract code"].startswith("CreditToken")
    node, site = Site(copy, None).node, Site(copy, "a node, where nobody has to tell who deployed")
    site.node = node
    forge(copy, RECEIPT, lambda told: told.update(transactions=[]))
    on_a_node = {check.name: check.status for check in check_settlement(site)}
    assert on_a_node["contract code"] == "differs"


def test_a_ledger_that_lacks_an_event_is_found(copy):
    forge(copy, LEDGER, lambda ledger: ledger["events"].pop())

    assert "ledger" in found(copy)


def test_a_transcript_that_lacks_a_transaction_no_longer_pays_everyone(copy):
    released = 2 * len(copy.document(FEDERATION, FederationDocument).members)

    def without_the_last_claim(transcript):
        del transcript["entries"][-1 - released :]

    forge(copy, TRANSCRIPT, without_the_last_claim)

    assert "money" in found(copy)


def test_a_report_that_shows_other_numbers_is_found_although_it_was_resealed(copy):
    copy.write("report.html", copy.read("report.html").replace(b"Hungary", b"Austria"))
    reseal(copy)

    assert list(found(copy)) == ["report"]


@pytest.mark.slow
def test_a_settlement_of_another_bundle_is_found(copy, tmp_path):
    other = fedmerit.run("hospitals", tmp_path / "other", seed=1)
    for name in (LEDGER, RECEIPT, TRANSCRIPT):
        copy.write(name, other.read(name))
    reseal(copy)

    assert {"evidence on chain", "committee", "money"} <= found(copy).keys()


def test_an_unfinished_bundle_cannot_be_audited_and_says_how_to_go_on(copy):
    (copy.path / SEAL).unlink()

    with pytest.raises(AuditImpossible, match=r"no seal\.json") as caught:
        fedmerit.audit(copy)

    assert "--resume" in caught.value.hint


def test_a_directory_without_a_bundle_cannot_be_audited(tmp_path):
    with pytest.raises(BundleError, match="not a bundle"):
        fedmerit.audit(tmp_path)


def test_a_bundle_without_its_transactions_asks_for_the_node(copy):
    (copy.path / TRANSCRIPT).unlink()
    reseal(copy)

    with pytest.raises(AuditImpossible, match="settled on a node") as caught:
        fedmerit.audit(copy)

    assert "--rpc" in caught.value.hint


def test_the_manifest_holds_no_file_of_the_settlement(hospital_bundle):
    listed = hospital_bundle.listed(MANIFEST)

    assert "accounts.json" in listed
    assert not [name for name in listed if name.startswith("settlement/")]


def differences(bundle):
    return {check.id: check.detail for check in check_numbers(bundle) if check.status == "differs"}


def test_a_member_that_is_left_out_of_a_round_is_found_without_the_data(copy):
    forge(copy, TRAINING, lambda training: training["rounds"][3]["sampled"].remove("Cleveland"))

    assert "round [4]" in differences(Bundle(copy.path))["sampling"]


def test_a_committee_of_ones_own_is_found_where_the_scenario_names_none(copy):
    scenario = copy.scenario
    asked = scenario.settlement.model_copy(update={"committee": (), "threshold": None})
    copy.write(
        "scenario.toml", scenario.model_copy(update={"settlement": asked}).to_toml().encode()
    )
    forge(copy, FEDERATION, lambda said: said.update(committee=["Cleveland"], threshold=1))

    assert "committee" in differences(Bundle(copy.path))["members"]
