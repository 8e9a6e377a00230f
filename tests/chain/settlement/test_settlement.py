"""A settlement pays exactly what was ordered, once, on either kind of chain."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from fedmerit.chain.clients import CreditToken, JobVault
from fedmerit.chain.keys import FAUCET, Keyring
from fedmerit.chain.ledger.checks import check_ledger
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.settlement import payment_steps
from fedmerit.chain.settlement.receipt import Deployment, Receipt
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import ChainError, Reverted, WrongChain


def test_everybody_is_paid_to_the_base_unit_and_the_rest_is_reserve(node, make_order, keys):
    order = make_order(members=6, rounds=3)

    receipt = settle(node, order, keys)

    token = CreditToken(node, receipt.addresses["CreditToken"])
    for name, amount in zip(order.participants, order.payments, strict=True):
        assert token.balance_of(receipt.accounts[name]) == receipt.paid[name] == amount
    assert receipt.total + receipt.reserve == order.budget == token.total_supply()
    assert token.balance_of(receipt.addresses["JobVault"]) == receipt.reserve > 0


def test_each_participant_signs_for_itself_and_one_without_pay_does_not_claim(
    node, make_order, keys
):
    order = make_order()

    receipt = settle(node, order, keys)

    senders = {step: [t.sender for t in receipt.transactions if t.step == step] for step in _steps}
    assert senders["join"] == list(receipt.accounts.values())
    assert senders["claim"] == [receipt.accounts[name] for name in order.participants[:-1]]
    assert set(senders["commit"]) == {receipt.coordinator}
    assert senders["fund"][-1] == receipt.sponsor


@pytest.mark.parametrize("payout", ["batch", "push"])
def test_the_coordinator_pays_all_in_one_transaction_and_none_twice(node, make_order, keys, payout):
    order = make_order(members=6, payout=payout)
    known = []

    receipt = settle(node, order, keys, on_deployed=known.append)

    token = CreditToken(node, receipt.addresses["CreditToken"])
    paid = [token.balance_of(receipt.accounts[name]) for name in order.participants]
    assert tuple(paid) == order.payments
    [claim] = [step for step in receipt.transactions if step.step == "claim"]
    assert claim.sender == receipt.coordinator
    again = settle(node, order, keys, deployment=known[-1])
    assert [token.balance_of(receipt.accounts[name]) for name in order.participants] == paid
    assert again.paid == receipt.paid
    assert all(check.holds for check in check_ledger(ledger_of(node, receipt)))


def test_more_claims_than_a_batch_holds_go_in_several(node, make_order, keys, monkeypatch):
    monkeypatch.setattr(payment_steps, "_A_BATCH", 2)
    order = make_order(members=6, payout="push")

    receipt = settle(node, order, keys)

    assert [step.step for step in receipt.transactions].count("claim") == 3  # 5 are paid
    assert receipt.paid == dict(zip(order.participants, order.payments, strict=True))


def test_what_a_member_was_credited_counts_as_paid_until_it_is_withdrawn(make_order, keys):
    node = connect(started=1_700_000_000)
    ledger = ledger_of(node, settle(node, make_order(payout="push"), keys))
    transfers = (event for event in ledger.events if event.name == "Transfer")
    out = next(event for event in transfers if event.arguments["to"] == ledger.members[0])
    amount = out.arguments["value"]

    def told(*events):
        others = tuple(event for event in ledger.events if event is not out)
        checked = check_ledger(replace(ledger, events=(*others, *events)))
        return {check.name: check for check in checked}["every member was paid its amount, once"]

    account = {"job": "1", "account": ledger.members[0], "amount": amount}
    credited = replace(out, name="Credited", arguments=account)
    withdrawn = replace(out, name="Withdrawn", arguments=account)
    assert not told().holds
    assert told(credited).holds
    assert f"{amount} to withdraw" in told(credited).detail
    assert told(credited, withdrawn, out).holds
    assert not told(credited, out).holds  # paid twice


def ledger_of(node, receipt):
    return read_ledger(node, receipt.addresses, receipt.job, first_block=receipt.block)


_steps = ("join", "claim", "commit", "fund")


def test_an_interruption_anywhere_costs_nobody_anything(node, make_order, keys):
    order, known, seen, receipt, attempts = make_order(2, 2), [None], set(), None, 0

    people = [keys.signer(r).address for r in ("sponsor", "coordinator", *order.participants)]
    before = [node.nonce(address) for address in people]

    class Power(Exception): ...

    def cut(step, done, _total):
        if (step, done) not in seen:
            seen.add((step, done))
            raise Power

    while receipt is None:
        attempts += 1
        with suppress(Power):
            receipt = settle(
                node, order, keys, deployment=known[-1], on_deployed=known.append, on_step=cut
            )

    vault = JobVault(node, receipt.addresses["JobVault"])
    token = CreditToken(node, receipt.addresses["CreditToken"])
    assert attempts > 22
    assert receipt.job == 1
    assert receipt.paid == dict(zip(order.participants, order.payments, strict=True))
    assert vault.funded(1) == order.budget == token.total_supply()
    assert [token.balance_of(a) for a in receipt.accounts.values()] == list(order.payments)
    # 8 deployments, open, mint, approve, fund; close, 2 commits, report, finalise; join, claim.
    sent = [node.nonce(address) for address in people]
    assert [now - then for now, then in zip(sent, before, strict=True)] == [12, 5, 2, 1]


def test_a_settlement_done_is_left_as_it_is(settled, keys):
    before, done = settled.node.height(), settled.receipt
    known = Deployment(
        chain_id=done.chain_id, addresses=done.addresses, block=done.block, job=done.job
    )

    again = settle(settled.node, settled.order, keys, deployment=known)

    assert settled.node.height() == before
    assert again == replace(done, transactions=())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"evidence": b"\x0e" * 32}, "posted report"),
        ({"update_roots": (b"\x01" * 32, b"\x0f" * 32)}, "update history"),
        ({"payments": (1, 2, 3)}, "posted report"),
        ({"budget": 21 * 10**18}, "other terms"),
        ({"threshold": 1}, "other terms"),
    ],
)
def test_another_order_cannot_resume_a_settlement(settled, keys, change, what):
    done = settled.receipt
    known = Deployment(
        chain_id=done.chain_id, addresses=done.addresses, block=done.block, job=done.job
    )

    with pytest.raises(ChainError, match=what):
        settle(settled.node, replace(settled.order, **change), keys, deployment=known)


def test_the_same_contracts_settle_a_second_job_with_other_evidence(make_order, keys, node):
    first = settle(node, make_order(2, 1), keys)
    known = Deployment(chain_id=first.chain_id, addresses=first.addresses, block=first.block)

    second = settle(node, make_order(2, 1, evidence=b"\x77" * 32), keys, deployment=known)

    assert (first.job, second.job) == (1, 2)
    assert second.addresses == first.addresses
    assert second.paid == first.paid


def test_a_deployment_of_another_chain_is_refused(settled, keys):
    known = Deployment(chain_id=1, addresses=settled.receipt.addresses, block=0)

    with pytest.raises(WrongChain):
        settle(settled.node, settled.order, keys, deployment=known)


def test_addresses_without_contracts_are_refused(settled, keys):
    addresses = dict.fromkeys(settled.receipt.addresses, FAUCET.address)
    known = Deployment(chain_id=settled.node.chain_id, addresses=addresses, block=0)

    with pytest.raises(ChainError, match="no contract at"):
        settle(settled.node, settled.order, keys, deployment=known)


def test_contracts_of_two_deployments_do_not_pass_as_one(node, make_order, keys):
    first = settle(node, make_order(2, 1), keys)
    second = settle(node, make_order(2, 1), keys)
    mixed = {**first.addresses, "JobVault": second.addresses["JobVault"]}
    known = Deployment(chain_id=node.chain_id, addresses=mixed, block=0)

    with pytest.raises(ChainError, match="JobVault"):
        settle(node, make_order(2, 1), keys, deployment=known)


def test_a_missing_key_is_named_before_anything_is_sent(settled, make_order):
    before = settled.node.height()

    with pytest.raises(ChainError, match="'sponsor'") as caught:
        settle(settled.node, make_order(), Keyring.environment({}))

    assert "FEDMERIT_KEY_SPONSOR" in caught.value.hint
    assert settled.node.height() == before


def test_a_report_that_pays_more_than_the_terms_is_reverted_by_name(node, make_order, keys):
    """The contracts refuse what a dishonest coordinator would sign."""
    order = make_order(2, 1)
    greedy = replace(order)
    object.__setattr__(greedy, "payments", (order.budget, 1))  # past SettlementRequest's own checks

    with pytest.raises(Reverted) as caught:
        settle(node, greedy, keys)

    assert caught.value.error == "OverBudget"
    assert caught.value.arguments == (order.budget + 1, order.budget)
    assert caught.value.hint


def test_a_receipt_survives_json_with_every_digit(settled):
    text = settled.receipt.to_json()

    assert Receipt.from_json(text) == settled.receipt
    assert f'"total": "{settled.receipt.total}"' in text


def test_an_altered_receipt_is_refused_with_the_place(settled):
    text = settled.receipt.to_json().replace('"job": 1', '"job": "one"')

    with pytest.raises(ChainError, match=r"not a receipt.*job"):
        Receipt.from_json(text)
