"""Jobs and their contracts are found by events alone, and any event is decoded by its ABI."""

from __future__ import annotations

import pytest
from eth_utils.abi import event_abi_to_log_topic

from fedmerit.chain.ledger import decoding
from fedmerit.chain.ledger.discovery import contracts_of, opened_jobs
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.settlement.opening import establish
from fedmerit.chain.settlement.receipt import Deployment
from fedmerit.chain.settlement.settlement import settle
from fedmerit.contracts import artifact, names
from fedmerit.errors import ChainError

STARTED = 1_700_000_000


def test_a_settled_jobs_contracts_are_found_from_its_number(settled):
    receipt = settled.receipt
    (found,) = opened_jobs(settled.node, job=receipt.job, registry=receipt.addresses["Registry"])

    addresses = contracts_of(settled.node, found)

    assert addresses == receipt.addresses
    assert found.sponsor == receipt.sponsor
    assert found.terms["roundBudget"] == settled.order.budget
    known = read_ledger(settled.node, receipt.addresses, receipt.job, first_block=receipt.block)
    assert read_ledger(settled.node, addresses, receipt.job, first_block=found.block) == known


def test_two_registries_jobs_of_one_number_are_told_apart(make_order, keys):
    node = connect(started=STARTED)
    first = settle(node, make_order(2, 1), keys)
    second = settle(node, make_order(2, 1), keys)
    known = Deployment(chain_id=node.chain_id, addresses=second.addresses, block=second.block)
    settle(node, make_order(2, 1, evidence=b"\x77" * 32), keys, deployment=known)

    jobs = opened_jobs(node)

    registries = [receipt.addresses["Registry"] for receipt in (first, second, second)]
    assert [(job.registry, job.job) for job in jobs] == list(
        zip(registries, (1, 1, 2), strict=True)
    )
    assert [contracts_of(node, job) for job in jobs] == [
        first.addresses,
        second.addresses,
        second.addresses,
    ]
    assert opened_jobs(node, registry=registries[0].lower()) == jobs[:1]
    assert opened_jobs(node, first_block=jobs[1].block) == jobs[1:]


def test_the_contracts_of_a_job_that_is_only_open_are_known(make_order, keys, journal):
    node = connect(started=STARTED)
    site = establish(node, make_order(), keys, journal=journal)

    (found,) = opened_jobs(node)

    assert contracts_of(node, found) == site.contracts.addresses


@pytest.mark.parametrize(("job", "block"), [(-1, 0), (2**256, 0), (1, -1)])
def test_numbers_that_no_job_and_no_block_has_are_refused(job, block):
    with pytest.raises(ChainError, match="can be searched for"):
        opened_jobs(connect(started=STARTED), job=job, first_block=block)


@pytest.mark.parametrize("registry", ["", "0x12", "\x1b[2J", "0x" + "g" * 40])
def test_what_is_no_address_of_a_registry_is_refused(registry):
    with pytest.raises(ChainError, match="no address of a registry") as caught:
        opened_jobs(connect(started=STARTED), registry=registry)

    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("contract", names())
def test_every_event_of_every_contract_is_known_by_its_topic(contract):
    events = [entry for entry in artifact(contract).abi if entry["type"] == "event"]

    assert set(decoding._events(contract)) == {event_abi_to_log_topic(event) for event in events}


def test_every_log_of_a_settlement_is_decoded(settled):
    receipts = [settled.node.receipt(step.hash) for step in settled.receipt.transactions]
    called = {address: name for name, address in settled.receipt.addresses.items()}
    logs = [log for receipt in receipts for log in receipt["logs"]]

    decoded = [decoding.event(called[log["address"]], log) for log in logs]

    assert None not in decoded
    assert {name for name, _ in decoded} > {"JobOpened", "Transfer", "ReportPosted", "Claimed"}


def test_a_log_of_another_contract_is_not_taken_for_ours(settled):
    receipt = settled.node.receipt(settled.receipt.transactions[-1].hash)

    assert decoding.event("Registry", receipt["logs"][0]) is None
    assert decoding.event("JobVault", {**receipt["logs"][0], "topics": []}) is None


def test_a_strangers_log_that_begins_like_ours_is_left_out_of_the_list_of_jobs(settled):
    receipt = settled.receipt
    (opened,) = (
        log
        for step in receipt.transactions
        if step.step == "open"
        for log in settled.node.receipt(step.hash)["logs"]
    )
    node = settled.node

    for change in ({"data": b"\xff" * 7}, {"topics": opened["topics"][:1]}, {"data": b""}):
        assert decoding.event("Registry", {**opened, **change}) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node, "logs", lambda *_: [{**opened, "data": b"\xff" * 7}, opened])
        assert len(opened_jobs(node)) == 1
