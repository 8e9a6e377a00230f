"""Forged transactions of a draw and of a settlement: whatever is not the chain's is found."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from forging import reseal, rewrite

import fedmerit
from fedmerit.auditing.sent import check_sent
from fedmerit.auditing.settled import check_settlement
from fedmerit.auditing.site import Site
from fedmerit.bundle.schemas import (
    DEPLOYMENT,
    DRAWN,
    FEDERATION,
    LEDGER,
    RECEIPT,
    TRANSCRIPT,
    FederationDocument,
)
from fedmerit.canonical import canonical
from fedmerit.chain import Deployment, Transcript, replay
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.scenario.terms import stake_of
from fedmerit.stages.chains import EMBEDDED

CHECKS = {DRAWN: "draw transactions", RECEIPT: "transactions"}


@pytest.fixture(scope="module")
def untouched(hospital_bundle):
    """The chain of the bundle and its ledger, read once for all forgeries of files."""
    site = Site(hospital_bundle, None)
    assert site.ledger.transactions
    return site


@pytest.fixture
def found(untouched):
    """Give the differences in what a bundle tells of the transactions on its chain."""

    def differences(bundle):
        site = Site(bundle, None)
        site.seen, site.ledger = untouched.seen, untouched.ledger
        return {one.name: one.detail for one in check_sent(site) if one.status == "differs"}

    return differences


def forge(bundle, name, change):
    """Alter the transactions in one JSON document."""
    rewrite(bundle, name, lambda document: change(document["transactions"]))


def of(steps, name, place=0):
    return [step for step in steps if step["step"] == name][place]


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(
    "change",
    [("step", "close"), ("sender", f"0x{'11' * 20}"), ("block", 1), ("timestamp", 1), ("gas", 1)],
)
@pytest.mark.parametrize("step", ["gas", "deploy", "fund", "stake", "bind", "draw"])
def test_a_transaction_that_is_told_otherwise_is_found(name, step, change, copy, found):
    field, value = change

    def lie(steps):
        of(steps, step)[field] = value if of(steps, step)[field] != value else 2

    forge(copy, name, lie)

    assert CHECKS[name] in found(copy)


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("step", ["gas", "deploy", "stake", "join", "reveal", "draw"])
def test_a_transaction_that_is_left_out_is_found_and_named(name, step, copy, found):
    gone = of(json.loads(copy.read(name))["transactions"], step)

    forge(copy, name, lambda steps: steps.remove(of(steps, step)))

    assert f"leaves out {gone['hash']}" in found(copy)[CHECKS[name]]


@pytest.mark.parametrize("step", ["report", "finalise", "claim", "release"])
def test_a_transaction_that_paid_or_settled_cannot_be_left_out_of_the_receipt(step, copy, found):
    forge(copy, RECEIPT, lambda steps: steps.remove(of(steps, step, -1)))

    assert "leaves out" in found(copy)["transactions"]


@pytest.mark.parametrize("name", CHECKS)
def test_a_transaction_that_was_never_sent_is_found_and_named(name, copy, found):
    invented = f"0x{7:064x}"

    forge(copy, name, lambda steps: steps.append({**steps[-1], "hash": invented}))

    assert invented in found(copy)[CHECKS[name]]


@pytest.mark.parametrize("name", CHECKS)
def test_a_transaction_that_is_told_twice_is_found(name, copy, found):
    forge(copy, name, lambda steps: steps.append(dict(steps[-1])))

    assert CHECKS[name] in found(copy)


@pytest.mark.parametrize("name", CHECKS)
def test_transactions_that_are_told_in_another_order_are_found(name, copy, found):
    forge(copy, name, lambda steps: steps.reverse())

    assert "not in the order of the chain" in found(copy)[CHECKS[name]]


def test_a_transaction_of_the_settlement_is_none_of_the_draw(copy, found):
    later = of(json.loads(copy.read(RECEIPT))["transactions"], "report")

    forge(copy, DRAWN, lambda steps: steps.append(later))

    assert later["hash"] in found(copy)["draw transactions"]


def test_what_is_told_of_an_untouched_bundle_holds(hospital_bundle, found):
    assert not found(hospital_bundle)


def test_a_challenge_that_came_to_nothing_is_told_like_all_else(copy, untouched, found):
    ledger, steps = untouched.ledger, untouched.ledger.transactions
    funded = next(step for step in steps if step.step == "fund")
    disputed = [replace(step, step="dispute") if step == funded else step for step in steps]

    forge(copy, RECEIPT, lambda told: of(told, "fund", -1).update(step="dispute"))

    assert "transactions" in found(copy)
    untouched.ledger = replace(ledger, transactions=tuple(disputed))
    try:
        assert "transactions" not in found(copy)
    finally:
        untouched.ledger = ledger


@pytest.mark.parametrize(
    "lie",
    [
        lambda ledger: ledger.update(transactions=[], events=[]),
        lambda ledger: ledger["transactions"].pop(),
        lambda ledger: ledger["events"].pop(),
        lambda ledger: ledger.update(paid="1"),
        lambda ledger: ledger.update(reserve="1"),
        lambda ledger: ledger["reports"][0].update(total="1"),
    ],
)
def test_a_ledger_that_lies_about_a_node_is_found(lie, copy, untouched):
    document = json.loads(copy.read(LEDGER))
    lie(document)
    copy.write(LEDGER, canonical(document))
    site = Site(copy, "a node")
    site.seen, site.ledger, site.node = untouched.seen, untouched.ledger, untouched.node

    first = next(check_settlement(site))

    assert (first.name, first.status) == ("ledger", "differs")


def test_what_others_do_to_a_settled_job_later_spoils_no_bundle(hospital_bundle):
    bundle = hospital_bundle
    node = replay(Transcript.from_json(bundle.text(TRANSCRIPT)))
    contracts = contracts_at(node, Deployment.from_json(bundle.text(DEPLOYMENT)).addresses)
    keys = EMBEDDED.keys(bundle.scenario)
    names = bundle.document(FEDERATION, FederationDocument).names
    member, stake = keys.signer(names[0]), stake_of(bundle.scenario, len(names))
    for account in (FAUCET, member):
        contracts.token.mint(account.address, stake + 1, signer=keys.signer("sponsor"))
        contracts.token.approve(contracts.stakes.address, stake, signer=account)
        list(contracts.stakes.put_each(1, [account]))
        list(contracts.stakes.exit_each(1, [account]))
        node.wait_until(contracts.stakes.stake_of(1, account.address).released_at)
        list(contracts.stakes.withdraw_each(1, [account]))
        contracts.token.approve(contracts.vault.address, 1, signer=account)
        contracts.vault.fund(1, 1, signer=account)

    site = Site(bundle, "a node that goes on")
    site.node = node

    assert {one.name: one.detail for one in check_settlement(site) if one.status != "ok"} == {}


def test_an_audit_of_a_resealed_bundle_finds_both_and_the_ledgers_lie(copy):
    for name in (DRAWN, RECEIPT, LEDGER):
        forge(copy, name, lambda steps: steps[3].update(gas=1))
    reseal(copy)

    names = {check.name for check in fedmerit.audit(copy).differences}

    assert {*CHECKS.values(), "ledger"} <= names
