"""A transaction is sent once, paid for as blocks ask, and found again by whoever comes next."""

from __future__ import annotations

from threading import Timer

import pytest
from web3.exceptions import TransactionNotFound

from fedmerit.chain.keys import FAUCET, Keyring
from fedmerit.chain.node import dispatch
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.fees import Fees
from fedmerit.chain.node.transaction import Transfer
from fedmerit.errors import ChainMoved, InsufficientFunds, NotMined

pytestmark = pytest.mark.node

NOBODY = "0x" + "11" * 20


@pytest.fixture
def waiting(start_anvil, monkeypatch):
    """The address of a chain that mines only when it is told to; we are not patient there."""
    monkeypatch.setattr(dispatch, "STUCK_SECONDS", 0.1)
    monkeypatch.setattr(dispatch, "LAST_LOOK_SECONDS", 0.05)
    with start_anvil("--no-mining") as url:
        yield url


def listen(node, heard) -> list[bytes]:
    """Call *heard* with how many were delivered to *node* so far, after each; give them."""
    raw, deliver = [], node.deliver

    def delivered(one):
        deliver(one)
        raw.append(one)
        heard(len(raw))

    node.deliver = delivered
    return raw


def mine(node):
    node._request("evm_mine")


def test_a_stuck_transaction_is_replaced_by_one_that_offers_an_eighth_more(waiting):
    node = connect(waiting)
    first = node.fees()
    raw = listen(node, lambda times: mine(node) if times == 2 else None)

    mined = node.send(Transfer(NOBODY, 5), FAUCET)

    assert len(raw) == 2
    sent = node.transaction(mined.hash)
    offered = Fees(sent["maxFeePerGas"], sent["maxPriorityFeePerGas"])
    assert all(new * 8 >= old * 9 for new, old in zip(offered, first, strict=True))
    assert node.balance(NOBODY) == 5
    assert connect(waiting).nonce(FAUCET.address) == 1


def test_an_offer_rises_with_the_market_and_by_an_eighth_at_least():
    assert Fees(801, 8).raised(Fees(100, 1)) == Fees(902, 9)
    assert Fees(800, 8).raised(Fees(5000, 100)) == Fees(5000, 100)


def test_the_first_version_is_found_when_it_is_mined_after_all(waiting):
    node = connect(waiting)
    raw = listen(node, lambda _: None)
    fees = iter([node.fees()])

    def market():
        if (fee := next(fees, None)) is None:
            mine(node)  # just before the second version is made
            fee = Fees(1, 1)
        return fee

    node.fees = market

    mined = node.send(Transfer(NOBODY, 5), FAUCET)

    assert len(raw) == 1
    assert node.balance(NOBODY) == 5
    assert node.transaction(mined.hash)["nonce"] == 0


def test_what_a_process_left_waiting_is_taken_up_by_the_next(waiting, monkeypatch):
    monkeypatch.setattr(dispatch, "RECEIPT_SECONDS", 0)
    with pytest.raises(NotMined, match="number 0 of 'faucet'") as caught:
        connect(waiting).send(Transfer(NOBODY, 5), FAUCET)
    monkeypatch.setattr(dispatch, "RECEIPT_SECONDS", 30)
    again = connect(waiting)
    again.fees = lambda: Fees(10**9 + 1, 1)  # lower than what waits
    listen(again, lambda _: mine(again))

    again.await_pending([FAUCET.address])
    mined = again.send(Transfer(NOBODY, 5), FAUCET)

    # Taken up, and then offered more for: nobody mined it.
    assert caught.value.nonce == again.transaction(mined.hash)["nonce"] == 0
    assert again.balance(NOBODY) == 5
    assert connect(waiting).nonce(FAUCET.address) == 1


def test_somebody_elses_waiting_transaction_is_never_replaced(waiting, monkeypatch):
    monkeypatch.setattr(dispatch, "RECEIPT_SECONDS", 0)
    with pytest.raises(NotMined):
        connect(waiting).send(Transfer(NOBODY, 5), FAUCET)
    again = connect(waiting)

    again.await_pending([FAUCET.address])
    with pytest.raises(ChainMoved, match="waits and is not ours") as caught:
        again.send(Transfer(NOBODY, 6), FAUCET)

    assert "one process" in caught.value.hint
    mine(again)
    assert again.balance(NOBODY) == 5


def test_what_is_mined_while_we_await_pending_is_counted(waiting, monkeypatch):
    monkeypatch.setattr(dispatch, "RECEIPT_SECONDS", 0)
    with pytest.raises(NotMined):
        connect(waiting).send(Transfer(NOBODY, 5), FAUCET)
    monkeypatch.setattr(dispatch, "STUCK_SECONDS", 30)
    again = connect(waiting)
    elsewhere = Timer(0.2, mine, [connect(waiting)])
    elsewhere.start()

    again.await_pending([FAUCET.address])

    elsewhere.join()
    assert again.nonce(FAUCET.address) == 1


def test_a_transaction_that_the_node_forgot_is_given_to_it_again(waiting):
    node = connect(waiting)

    def forget(times):
        if times == 1:
            node._request("anvil_dropAllTransactions")
        else:
            mine(node)

    raw = listen(node, forget)

    node.send(Transfer(NOBODY, 5), FAUCET)

    assert raw[0] == raw[1]
    assert node.balance(NOBODY) == 5


def test_a_number_that_somebody_else_used_is_noticed_and_nothing_is_sent_twice(anvil):
    sender = Keyring.development("two minds", 0).signer("sponsor")
    ours, theirs = connect(anvil), connect(anvil)
    ours.send(Transfer(sender.address, 10**18), FAUCET)
    ours.await_pending([sender.address])
    theirs.send(Transfer(NOBODY, 1), sender)

    with pytest.raises(ChainMoved, match="number 0 of the account"):
        ours.send(Transfer(NOBODY, 2), sender)

    assert ours.send(Transfer(NOBODY, 2), sender)  # it asked again
    assert connect(anvil).nonce(sender.address) == 2


def test_a_receipt_that_comes_a_moment_after_the_count_is_waited_for(monkeypatch):
    node = connect(started=1_700_000_000)
    real, asked = node.web3.eth.get_transaction_receipt, []

    def late(sent):
        asked.append(sent)
        if len(asked) <= 3:  # the account's count says by then that it is mined
            raise TransactionNotFound("not yet")
        return real(sent)

    monkeypatch.setattr(node.web3.eth, "get_transaction_receipt", late)

    assert node.send(Transfer(NOBODY, 1), FAUCET).block == 1
    assert len(asked) == 4


def test_many_are_on_their_way_before_the_first_is_waited_for(waiting):
    node = connect(waiting)
    raw = listen(node, lambda times: mine(node) if times == 40 else None)

    mined = list(node.send_each((Transfer(NOBODY, wei), FAUCET) for wei in range(1, 41)))

    assert len(raw) == 40
    assert len({one.block for one in mined}) == 1
    assert [node.transaction(one.hash)["value"] for one in mined] == list(range(1, 41))


def test_a_chain_that_mines_at_once_is_sent_one_after_the_other(node):
    assert node.mines_at_once
    raw = listen(node, lambda _: None)
    each = node.send_each((Transfer(NOBODY, 1), FAUCET) for _ in range(3))

    next(each)

    assert len(raw) == 1
    assert len(list(each)) == 2


def test_a_batch_that_the_account_cannot_pay_in_full_is_not_begun(waiting):
    node = connect(waiting)
    node.web3.provider.make_request(
        "anvil_setBalance",
        [(poor := Keyring.development("poor", 0).signer("sponsor")).address, hex(10**18)],
    )
    raw = listen(node, lambda _: None)

    with pytest.raises(InsufficientFunds) as caught:
        list(node.send_each((Transfer(NOBODY, 4 * 10**17), poor) for _ in range(3)))

    assert caught.value.needed > 12 * 10**17
    assert raw == []
