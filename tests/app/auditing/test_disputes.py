"""Lying reports: the audit finds the lie, the dispute is sent, and the chain cancels the report."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from forging import reseal

import fedmerit
from fedmerit.auditing import arithmetic, disputing
from fedmerit.auditing.disputing import dispute
from fedmerit.auditing.faults import Fault, utility_fault
from fedmerit.auditing.provable import faults_of
from fedmerit.auditing.spots import check_spots, detection
from fedmerit.auditing.verdict import Spots
from fedmerit.bundle.directory import COALITIONS, Bundle
from fedmerit.bundle.directory import SCENARIO as SCENARIO_FILE
from fedmerit.bundle.schemas import (
    COMMITMENT,
    DEPLOYMENT,
    FEDERATION,
    LEDGER,
    OUTCOME,
    TRANSCRIPT,
    VALUATION,
    FederationDocument,
    OutcomeDocument,
)
from fedmerit.bundle.training import recorded_game
from fedmerit.canonical import canonical
from fedmerit.chain import Deployment, Domain, Ledger, SumTree, Transcript, replay
from fedmerit.chain.clients import CreditToken
from fedmerit.chain.clients.arbiter import REJECTED, UPHELD
from fedmerit.chain.node.funding import DISPUTE_GAS, SUMMED_GAS, ensure_gas
from fedmerit.chain.proofs.committed import IndexTree, utility_leaf
from fedmerit.chain.proofs.signing import sign_report, sign_ruling
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.commands import app as cli
from fedmerit.commands import audit as audit_commands
from fedmerit.errors import AuditImpossible, BundleError, ChainError, InsufficientFunds, Reverted
from fedmerit.scenario.reading import parse
from fedmerit.scenario.terms import promise_of, stake_of
from fedmerit.stages.chains import EMBEDDED
from fedmerit.stages.committing import (
    drawn_commitment,
    read_commitment,
    utilities_of,
    write_commitment,
)
from fedmerit.stages.report import report as report_stage
from fedmerit.stages.settle import settle as settle_stage

SCENARIO = parse(
    {
        "name": "orders",
        "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 6}},
        "training": {"rounds": 2, "local_epochs": 1},
        "valuation": {"method": "permutation", "max_coalitions": 40},
    },
    origin="test",
)
STAKE = stake_of(SCENARIO, 6)


@pytest.fixture(scope="module")
def by_orders(tmp_path_factory):
    """A bundle whose members are valued in joining orders of the seed."""
    return fedmerit.run(SCENARIO, tmp_path_factory.mktemp("orders") / "b")


@pytest.fixture
def drawn(by_orders, tmp_path):
    return Bundle(shutil.copytree(by_orders.path, tmp_path / "drawn"))


@pytest.fixture
def exact(hospital_bundle, tmp_path):
    return Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "exact"))


def settle(bundle):
    """Report altered evidence, as a committee that lies together would."""
    settle_stage(bundle, EMBEDDED, lambda *_: None)
    report_stage(bundle)
    bundle.write_seal()


def lie(bundle, name, place, change):
    """Commit to one number that is off by *change*, and report it."""
    said = read_commitment(bundle)
    numbers = list(getattr(said, name))
    numbers[place] += change
    told = replace(said, **{name: tuple(numbers)})
    bundle.write(COMMITMENT, told.to_json().encode())
    settle(bundle)


def faults(bundle):
    return fedmerit.audit(bundle).faults


def utilities_everywhere(bundle):
    """Give every coalition a utility: what was recorded, or how many it is of."""
    return {mask: mask.bit_count() for mask in range(2**6)} | utilities_of(bundle)


def number_of(found, function):
    return 1 + [fault.function for fault in found].index(function)


def test_an_honest_report_in_joining_orders_has_nothing_to_prove(by_orders):
    verdict = fedmerit.audit(by_orders, spot_checks=3)

    assert verdict.passed, verdict.differences
    assert not verdict.faults
    assert read_commitment(by_orders).permutations == promise_of(SCENARIO, 6).orders == 7


def test_values_in_the_bundle_are_those_that_the_chain_would_compute(by_orders):
    committed = read_commitment(by_orders)
    valuation = json.loads(by_orders.read("valuation.json"))
    rows = by_orders.tensors(COALITIONS)["gains_micro"].shape[1]

    for whole, nano in zip(committed.values, valuation["values"], strict=True):
        assert whole * 1000 / committed.permutations / rows == pytest.approx(nano, abs=1)


@pytest.mark.parametrize(
    ("name", "place", "function"),
    [
        ("steps", 3, "proveMarginal"),
        *(
            pytest.param(*lie, marks=pytest.mark.slow)
            for lie in (
                ("coalitions", 2, "proveMarginal"),
                ("totals", 8, "proveTotal"),
                ("values", 1, "proveValue"),
                ("utilities", 7, "proveConflict"),
            )
        ),
    ],
)
def test_d2_a_lie_about_a_step_is_found_disputed_and_won(name, place, function, drawn):
    lie(drawn, name, place, 1)

    found = faults(drawn)
    done = dispute(drawn, number_of(found, function), EMBEDDED)

    assert done.cancelled
    signers = len(drawn.document(FEDERATION, FederationDocument).committee)
    assert done.owed == signers * (STAKE // 2)


@pytest.fixture(scope="module")
def withheld(tmp_path_factory):
    """A bundle of which one member kept its secret from the draw."""
    silent = {"name": "member-2", "reveals": False}
    scenario = parse({**SCENARIO.model_dump(), "members": [silent]}, origin="test")
    return fedmerit.run(scenario, tmp_path_factory.mktemp("withheld") / "b")


def test_a_member_that_keeps_its_secret_earns_nothing_in_the_period(withheld):
    outcome = withheld.document(OUTCOME, OutcomeDocument)
    values = json.loads(withheld.read("valuation.json"))["values"]

    assert outcome.payments[1] == 0 < values[1]
    assert sum(outcome.payments) > 0
    verdict = fedmerit.audit(withheld)
    assert verdict.passed, verdict.differences


def test_d1_pay_for_a_withheld_period_is_found_disputed_and_won(withheld, tmp_path):
    bundle = Bundle(shutil.copytree(withheld.path, tmp_path / "b"))
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    first, _, *others = outcome.payments
    altered = outcome.model_copy(update={"payments": (first - 5, 5, *others)})
    bundle.write_document(OUTCOME, altered)
    settle(bundle)

    found = faults(bundle)
    done = dispute(bundle, number_of(found, "proveForfeited"), EMBEDDED)

    assert (done.fault.kind, done.cancelled) == ("D1", True)
    assert done.owed > 0


def test_d2_a_lie_about_an_exact_value_is_found_disputed_and_won(exact):
    lie(exact, "values", 4, 10**6)

    found = faults(exact)
    done = dispute(exact, number_of(found, "proveShapley"), EMBEDDED)

    assert done.cancelled
    assert "member 4's value" in done.sentence or done.fault.detail.startswith("member 4")


def test_d2_a_table_that_fits_no_transaction_is_sent_in_parts_and_won(exact, monkeypatch):
    lie(exact, "values", 4, 10**6)
    monkeypatch.setattr(arithmetic, "PART", 16)

    found = faults(exact)
    fault = found[number_of(found, "proveShapley") - 1]
    done = dispute(exact, number_of(found, "proveShapley"), EMBEDDED)

    assert len(fault.earlier) == 3
    assert done.cancelled
    assert len(fault.as_json(1)["earlier"]) == 3


def test_no_part_of_a_table_of_sixteen_is_larger_than_a_transaction_takes():
    utilities = [(-1) ** mask * mask * 10**3 for mask in range(2**16)]
    leaves = {mask: utility_leaf(1, 1, mask, worth) for mask, worth in enumerate(utilities[:1])}

    parts = arithmetic._parts(utilities, IndexTree(leaves, 16))

    assert len(parts) == 8
    assert all(len(text) + 32 * len(proof) + 2_000 < 100_000 for _, text, proof in parts)
    assert {width for width, _, _ in parts} == {4}
    read = [
        int.from_bytes(text[at : at + 4], "big", signed=True)
        for _, text, _ in parts
        for at in range(0, len(text), 4)
    ]
    assert read == utilities


def test_a_challenger_who_cannot_pay_for_the_last_of_eight_parts_sends_none():
    utilities = [mask * 10**3 for mask in range(2**16)]
    parts = arithmetic._parts(utilities, IndexTree({}, 16))
    value = (4, 7, [])
    fault = Fault(
        kind="D2",
        detail="a lie",
        report=0,
        function="proveShapley",
        arguments=(value, parts[-1]),
        earlier=tuple((value, part) for part in parts[:-1]),
    )
    calls = [("report", "seats", *call) for call in (*fault.earlier, fault.arguments)]
    asked = [disputing._gas(fault, call) for call in calls]
    sent = []
    node = SimpleNamespace(
        development=False,
        check_key=lambda _: None,
        fees=lambda: SimpleNamespace(maximum=3),
        balance=lambda _: sum(asked[:-1]) * 3,
        send=lambda *_: sent.append(1),
    )

    with pytest.raises(InsufficientFunds, match=f"{asked[-1] * 3} wei are missing"):
        ensure_gas(node, SimpleNamespace(role="challenger", address="0x1"), sum(asked))

    assert not sent
    # What a forge test measures of 16 members stays below this: 39.9 million gas, in eight.
    assert 39_858_067 < sum(asked) < 100_000_000


def test_a_dispute_is_paid_for_as_a_whole_before_its_first_part_is_sent(exact, monkeypatch):
    lie(exact, "values", 4, 10**6)
    monkeypatch.setattr(arithmetic, "PART", 16)
    paid = []
    monkeypatch.setattr(
        disputing, "ensure_gas", lambda *given: paid.append(given[2]) or ensure_gas(*given)
    )

    done = dispute(exact, number_of(faults(exact), "proveShapley"), EMBEDDED)

    assert done.cancelled
    assert paid == [4 * DISPUTE_GAS + 64 * SUMMED_GAS]
    assert done.gas < paid[0]


def ruled(done, bundle, verdict):
    """Let the committee rule on a challenge, and settle it; give the contracts."""
    there = Deployment.from_json(bundle.text(DEPLOYMENT))
    contracts = contracts_at(done.node, there.addresses)
    members = bundle.document(FEDERATION, FederationDocument)
    keys = EMBEDDED.keys(bundle.scenario)
    signers = [keys.signer(name) for name in members.committee[: members.threshold]]
    where = {"chain_id": done.node.chain_id, "arbiter": contracts.arbiter.address}
    asked = contracts.disputes.challenge_of(done.challenge)
    signatures = sign_ruling(done.challenge, asked, verdict, signers, **where)
    contracts.arbiter.rule(done.challenge, verdict, signatures, signer=signers[0])
    ledger = Ledger.from_json(bundle.text(LEDGER))
    report = ledger.reports[done.fault.report]
    contracts.disputes.settle(report.statement, report.seats, done.challenge, signer=signers[0])
    return contracts


def test_d3_a_utility_that_was_not_measured_is_found_challenged_and_won(drawn):
    said = read_commitment(drawn)
    whole = 2**6 - 1
    # The same lie wherever the coalition stands, and everything that follows from it.
    honest = dict(zip(said.coalitions, said.utilities, strict=True))
    table = {**honest, whole: honest[whole] + 1000}
    rows = json.loads(drawn.read("valuation.json"))
    told = drawn_commitment(table, bytes.fromhex(rows["seed"][2:]), 6, rows["orders"])
    drawn.write(COMMITMENT, told.to_json().encode())
    settle(drawn)

    found = faults(drawn)
    done = dispute(drawn, number_of(found, "challenge"), EMBEDDED)
    contracts = ruled(done, drawn, UPHELD)

    assert done.fault.kind == "D3"
    job = Deployment.from_json(drawn.text(DEPLOYMENT)).job
    assert contracts.reports.pending(job) is None
    assert contracts.disputes.proven(job, first_block=0)


@pytest.mark.slow
def test_d3_a_payment_that_the_values_do_not_give_is_found_challenged_and_won(drawn):
    outcome = drawn.document(OUTCOME, OutcomeDocument)
    first, second, *others = outcome.payments
    altered = outcome.model_copy(update={"payments": (first - 5, second + 5, *others)})
    drawn.write_document(OUTCOME, altered)
    settle(drawn)

    found = faults(drawn)
    done = dispute(drawn, 1, EMBEDDED)
    contracts = ruled(done, drawn, UPHELD)

    assert [fault.kind for fault in found] == ["D3", "D3"]
    assert contracts.reports.pending(1) is None


@pytest.mark.slow
def test_a_challenge_that_the_committee_rejects_costs_its_bond_and_the_report_stands(drawn):
    outcome = drawn.document(OUTCOME, OutcomeDocument)
    first, second, *others = outcome.payments
    altered = outcome.model_copy(update={"payments": (first - 5, second + 5, *others)})
    drawn.write_document(OUTCOME, altered)
    settle(drawn)

    done = dispute(drawn, 1, EMBEDDED)
    contracts = ruled(done, drawn, REJECTED)

    assert contracts.reports.pending(1) is not None
    assert contracts.stakes.burned(1) > 0


def test_a_spot_check_finds_a_utility_that_no_training_gives(drawn):
    arrays = drawn.tensors(COALITIONS)
    arrays["gains_micro"][:, 0] += 10**6
    drawn.write_tensors(COALITIONS, arrays)
    reseal(drawn)

    verdict = fedmerit.audit(drawn, spot_checks=2)

    assert "spot checks" in {check.name for check in verdict.differences}
    assert [f.function for f in verdict.faults].count("challenge") >= 2


def test_gains_in_parts_of_a_millionth_are_refused(drawn):
    arrays = drawn.tensors(COALITIONS)
    arrays["gains_micro"] = arrays["gains_micro"] + 0.49
    drawn.write_tensors(COALITIONS, arrays)

    for read in (utilities_of, lambda bundle: recorded_game(bundle, tuple("abcdef"))):
        with pytest.raises(BundleError, match="float64, and has to be of integers"):
            read(drawn)


def a_challenge(bundle):
    return (utility_fault(Ledger.from_json(bundle.text(LEDGER)), 3, 1, "another utility"),)


def test_a_bundle_that_names_other_contracts_is_sent_nothing(drawn, monkeypatch):
    found, there = a_challenge(drawn), Deployment.from_json(drawn.text(DEPLOYMENT))
    monkeypatch.setattr(CreditToken, "approve", lambda *_, **__: pytest.fail("it approved"))
    elsewhere = replace(there, addresses={**there.addresses, "Stakes": f"0x{'11' * 20}"})
    drawn.write(DEPLOYMENT, elsewhere.to_json().encode())

    with pytest.raises(BundleError, match=r"deployment\.json is not the file that seal\.json"):
        dispute(drawn, 1, EMBEDDED, faults=found)
    drawn.write_seal()
    with pytest.raises(BundleError, match="other contracts or another job"):
        dispute(drawn, 1, EMBEDDED, faults=found)


def test_a_bond_that_the_scenario_does_not_imply_is_not_approved(drawn, monkeypatch):
    found = a_challenge(drawn)
    monkeypatch.setattr(CreditToken, "approve", lambda *_, **__: pytest.fail("it approved"))
    scenario = drawn.scenario.model_dump()
    scenario["reward"]["budget"] //= 2
    drawn.write(SCENARIO_FILE, parse(scenario, origin="test").to_toml().encode())
    reseal(drawn)

    with pytest.raises(ChainError, match="another token, arbiter or bond"):
        dispute(drawn, 1, EMBEDDED, faults=found)


def test_contracts_of_another_version_are_sent_nothing(drawn, monkeypatch):
    monkeypatch.setattr(disputing, "other_code", lambda *_: ("Stakes",))
    monkeypatch.setattr(CreditToken, "approve", lambda *_, **__: pytest.fail("it approved"))

    with pytest.raises(ChainError, match="Stakes run other code"):
        dispute(drawn, 1, EMBEDDED, faults=a_challenge(drawn))


@pytest.mark.parametrize(
    ("share", "count", "chance"), [(0.1, 10, 0.651), (1, 1, 1), (0.5, 2, 0.75)]
)
def test_the_chance_of_detection_is_what_is_said(share, count, chance):
    assert detection(share, count) == pytest.approx(chance, abs=0.001)


@pytest.mark.slow
def test_d3_what_spot_checks_alone_found_is_disputed_by_the_same_checks_and_won(
    drawn, capsys, monkeypatch
):
    arrays = drawn.tensors(COALITIONS)
    arrays["gains_micro"][:, 0] += 10**6  # of each alike: whatever is computed of it agrees
    drawn.write_tensors(COALITIONS, arrays)
    write_commitment(drawn)
    settle(drawn)

    assert audit_commands.audit(drawn.path, spot_checks=2) == 1
    said = capsys.readouterr()
    line = next(line for line in said.err.splitlines() if "fedmerit dispute" in line)
    command = shlex.split(line.removeprefix("next: ").split("  ")[0])
    monkeypatch.setattr("sys.argv", [*command, "--output", "json"])
    sent = []
    monkeypatch.setattr(
        disputing, "dispute", lambda *a, **k: sent.append(dispute(*a, **k)) or sent[0]
    )
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = json.loads(capsys.readouterr().out)
    contracts = ruled(sent[0], drawn, UPHELD)

    assert left.value.code == 0
    assert (told["kind"], told["challenge"]) == ("D3", 1)
    assert f"fault 1 (D3, by spot check alone): {told['fault']}" in said.out
    assert contracts.reports.pending(1) is None


def test_spot_checks_without_their_seed_dispute_nothing(by_orders):
    with pytest.raises(AuditImpossible, match="a seed that is not given"):
        audit_commands.dispute(by_orders.path, fault=1, spot_checks=1)
    with pytest.raises(AuditImpossible, match="no spot checks of the seed 7"):
        audit_commands.dispute(by_orders.path, fault=1, spot_seed=7)
    with pytest.raises(AuditImpossible, match="spot_checks is 0"):
        fedmerit.audit(by_orders, spot_seed=7)


def test_a_seed_of_the_spot_checks_draws_the_same_again(drawn):
    arrays = drawn.tensors(COALITIONS)
    arrays["gains_micro"][:, 0] += 10**6
    drawn.write_tensors(COALITIONS, arrays)
    ledger = Ledger.from_json(drawn.text(LEDGER))

    first, again, other = (check_spots(drawn, ledger, Spots(3, seed))[1] for seed in (5, 5, 6))

    assert len(first) == 3
    assert first == again != other


def test_spot_checks_on_other_data_measure_nothing(drawn):
    federation = json.loads(drawn.read(FEDERATION))
    federation["data_digest"] = f"0x{7:064x}"
    drawn.write(FEDERATION, canonical(federation))
    reseal(drawn)

    verdict = fedmerit.audit(drawn, spot_checks=2)

    names = {check.name for check in verdict.checks}
    assert "data of the spot checks" in {check.name for check in verdict.differences}
    assert "spot checks" not in names
    assert not any(fault.spotted for fault in verdict.faults)


def test_fewer_spot_checks_than_none_are_refused(by_orders):
    with pytest.raises(AuditImpossible, match="spot_checks is -1"):
        fedmerit.audit(by_orders, spot_checks=-1)
    with pytest.raises(AuditImpossible, match="spot_seed is -2"):
        fedmerit.audit(by_orders, spot_checks=1, spot_seed=-2)


@pytest.mark.slow
def test_orders_are_those_of_the_chains_seed_whatever_the_bundle_says(drawn):
    valuation = json.loads(drawn.read(VALUATION))
    other = drawn_commitment(utilities_everywhere(drawn), bytes(31) + b"\7", 6, 7)
    drawn.write(VALUATION, canonical({**valuation, "seed": f"0x{7:064x}"}))
    drawn.write(COMMITMENT, other.to_json().encode())
    settle(drawn)

    found = faults(drawn)

    assert dispute(drawn, number_of(found, "proveMarginal"), EMBEDDED).cancelled


@pytest.mark.slow
def test_orders_without_values_are_a_fault_and_hide_no_other(drawn):
    said = json.loads(drawn.read(COMMITMENT))
    outcome = json.loads(drawn.read(OUTCOME))
    outcome["payments"][0] = str(int(outcome["payments"][0]) - 1)
    outcome["reserve"] = str(int(outcome["reserve"]) + 1)
    drawn.write(OUTCOME, canonical(outcome))
    settle(drawn)
    drawn.write(COMMITMENT, canonical({**said, "values": []}))

    details = [fault.detail for fault in faults(drawn)]

    assert "what the roots commit to is not published: values" in details
    assert any("member 0 is paid" in detail for detail in details)


@pytest.mark.slow
def test_d2_a_lie_about_a_step_is_won_although_the_values_are_withheld(drawn):
    lie(drawn, "steps", 3, 1)
    said = json.loads(drawn.read(COMMITMENT))
    drawn.write(COMMITMENT, canonical({**said, "values": []}))
    reseal(drawn)

    found = faults_of(drawn, Ledger.from_json(drawn.text(LEDGER)))
    done = dispute(drawn, number_of(found, "proveMarginal"), EMBEDDED)

    assert found[0].detail == "what the roots commit to is not published: values"
    assert done.cancelled


@pytest.mark.parametrize(
    ("withheld", "left", "gone"),
    [
        ("coalitions", "proveTotal", "proveMarginal"),
        ("steps", "proveConflict", "proveTotal"),
        ("values", "proveMarginal", "proveValue"),
    ],
)
def test_what_is_withheld_hides_no_fault_that_the_rest_shows(withheld, left, gone, drawn):
    ledger, said = Ledger.from_json(drawn.text(LEDGER)), read_commitment(drawn)
    lies = {
        name: (*getattr(said, name)[:-1], getattr(said, name)[-1] + by)
        for name, by in {"utilities": 1, "steps": 2, "values": 1}.items()
    }
    told = replace(said, **lies)
    where = ledger.job, ledger.reports[-1].round
    roots = [f"0x{root.hex()}" for root in told.roots(*where)[1:]]
    named = dict(zip(("table_root", "steps_root", "values_root"), roots, strict=True))
    lied = replace(ledger, reports=(replace(ledger.reports[-1], **named),))
    drawn.write(COMMITMENT, told.to_json().encode())
    everything = {fault.function for fault in faults_of(drawn, lied)}

    drawn.write(COMMITMENT, canonical({**json.loads(drawn.read(COMMITMENT)), withheld: []}))
    shown = [fault.function for fault in faults_of(drawn, lied)]

    assert {left, gone} <= everything
    assert left in shown
    assert gone not in shown
    assert "challenge" in shown


def test_nothing_published_at_all_is_a_fault(drawn):
    drawn.write(COMMITMENT, b"[]")

    found = faults_of(drawn, Ledger.from_json(drawn.text(LEDGER)))

    assert [fault.kind for fault in found] == ["D3"]
    assert found[0].detail.endswith("table, steps, values")


@pytest.mark.parametrize("content", [b"[]", None])
def test_payments_that_cannot_be_decided_again_hide_no_fault(content, drawn):
    ledger = Ledger.from_json(drawn.text(LEDGER))
    drawn.write(COMMITMENT, b"[]")
    (drawn.path / FEDERATION).unlink()
    if content is not None:
        drawn.write(FEDERATION, content)

    found = faults_of(drawn, ledger)

    assert [fault.detail for fault in found] == [
        "what the roots commit to is not published: table, steps, values"
    ]


def test_a_fault_that_was_not_found_cannot_be_disputed(by_orders):
    with pytest.raises(ChainError, match="no fault 1"):
        dispute(by_orders, 1, EMBEDDED)


@pytest.mark.slow
def test_what_is_no_fault_is_refused_by_the_contract(drawn):
    lie(drawn, "steps", 3, 1)
    fault = faults(drawn)[0]
    step, without, joined = fault.arguments
    innocent = replace(fault, arguments=(step, joined, without))

    with pytest.raises(Reverted):
        dispute(drawn, 1, EMBEDDED, faults=(innocent,))


def test_d1_a_later_report_that_lowers_a_member_is_found_disputed_and_won(tmp_path):
    without = {"commit_window": 0, "reveal_window": 0, "stake": 0}
    scenario = parse({**SCENARIO.model_dump(), "settlement": without}, origin="test")
    bundle = fedmerit.run(scenario, tmp_path / "b")
    node = replay(Transcript.from_json(bundle.text(TRANSCRIPT)))
    ledger = Ledger.from_json(bundle.text(LEDGER))
    contracts, last = contracts_at(node, ledger.addresses), ledger.reports[-1]
    amounts = (last.amounts[0] - 7, last.amounts[1] + 7, *last.amounts[2:])
    root = SumTree(ledger.job, ledger.members, amounts).root
    statement = replace(
        last.statement, round=2, prev_root=last.statement.root, root=root.hash, total=root.sum
    )
    keys = EMBEDDED.keys(scenario)
    members = bundle.document(FEDERATION, FederationDocument)
    committee = [keys.signer(name) for name in members.committee]
    domain = Domain(chain_id=node.chain_id, reports=ledger.addresses["Reports"])
    signatures = sign_report(statement, committee, domain)
    signer = keys.signer("coordinator")
    contracts.reports.post_list(statement, ledger.members, amounts, signatures, signer=signer)
    bundle.write(TRANSCRIPT, node.transcript.to_json().encode())
    bundle.write_seal()

    found = faults(bundle)
    done = dispute(bundle, 1, EMBEDDED)

    assert [fault.function for fault in found] == ["proveLowered"]
    assert done.cancelled
    assert contracts_at(done.node, ledger.addresses).reports.final_round(ledger.job) == 1
