"""A chain that takes blocks back or goes away costs nobody anything."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from fedmerit.chain.clients import CreditToken, JobVault
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node import provider
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.transaction import Transfer
from fedmerit.chain.settlement import settlement
from fedmerit.chain.settlement.deployment import plan
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import ChainError, ChainMoved, Unreachable, WrongChain

pytestmark = pytest.mark.node

NOBODY = "0x" + "11" * 20
#: What three participants, one of them unpaid, send for two training rounds.
SENT = [12, 5, 2, 2, 1]


@pytest.fixture
def own(start_anvil):
    """The address of a chain that nobody else uses."""
    with start_anvil() as url:
        yield url


def assert_settled_once(url, order, keys, receipt):
    """Look with other eyes: everyone has its pay, and no account sent more than it had to."""
    node = connect(url)
    token = CreditToken(node, receipt.addresses["CreditToken"])
    vault = JobVault(node, receipt.addresses["JobVault"])
    assert receipt.job == 1
    assert [token.balance_of(a) for a in receipt.accounts.values()] == list(order.payments)
    assert vault.funded(1) == order.budget == token.total_supply()
    people = ("sponsor", "coordinator", *order.participants)
    assert [node.nonce(keys.signer(role).address) for role in people] == SENT
    for step in receipt.transactions:
        assert node.receipt(step.hash)["blockNumber"] == step.block


def once(wanted, act):
    """Make a listener that acts the first time that so much of a step is done."""
    acted = []

    def on_step(step, done, _total):
        if (step, done) == wanted and not acted:
            acted.append(step)
            act()

    return on_step


@pytest.mark.parametrize(
    ("when", "depth"),
    [
        (("fund", 3), 5),
        (("report", 1), 1),
        (("check", 0), 3),
        *(
            pytest.param(when, depth, marks=pytest.mark.slow)
            for when, depth in (
                (("deploy", 3), 2),
                (("open", 1), 1),
                (("join", 2), 3),
                (("commit", 2), 2),
                (("finalise", 1), 2),
                (("claim", 1), 4),
            )
        ),
    ],
)
def test_blocks_taken_back_are_noticed_and_made_good(own, make_order, keys, when, depth):
    node, order = connect(own), make_order()
    reorganise = once(when, lambda: node._request("anvil_reorg", depth, []))

    receipt = settle(node, order, keys, on_step=reorganise)

    assert_settled_once(own, order, keys, receipt)


def test_a_chain_set_back_to_before_the_job_is_settled_again(own, make_order, keys):
    node, order, marks = connect(own), make_order(), []

    def watch(step, done, _total):
        if (step, done) == ("open", 0) and not marks:
            marks.append(node._request("evm_snapshot"))
        if (step, done) == ("check", 0) and len(marks) == 1:
            marks.append(node._request("evm_revert", marks[0]))

    receipt = settle(node, order, keys, on_step=watch)

    assert len(marks) == 2
    assert_settled_once(own, order, keys, receipt)


def test_a_chain_set_back_while_nobody_looked_is_settled_on_resuming(own, make_order, keys):
    node, order, marks, known = connect(own), make_order(), [], []

    def mark(step, _done, _total):
        if step == "open":
            marks.append(node._request("evm_snapshot"))

    settle(node, order, keys, on_step=mark, on_deployed=known.append)
    assert known[-1].job == 1
    node._request("evm_revert", marks[0])

    receipt = settle(connect(own), order, keys, deployment=known[-1])

    assert_settled_once(own, order, keys, receipt)


@pytest.mark.parametrize("step", ["deploy", "join", "claim"])
def test_a_node_that_comes_back_is_gone_on_with(start_anvil, tmp_path, make_order, keys, step):
    order, state = make_order(), ("--state", str(tmp_path / "chain.json"))
    with ExitStack() as power:
        url = power.enter_context(start_anvil(*state))

        def restart():
            power.close()
            power.enter_context(start_anvil(*state, port=int(url.rpartition(":")[2])))

        receipt = settle(connect(url), order, keys, on_step=once((step, 1), restart))

        assert_settled_once(url, order, keys, receipt)


def test_a_node_that_stays_away_is_unreachable(start_anvil, monkeypatch, make_order, keys):
    monkeypatch.setattr(settlement, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(provider, "FAULT_SECONDS", 0)
    with ExitStack() as power:
        node = connect(power.enter_context(start_anvil()))

        with pytest.raises(Unreachable):
            settle(node, make_order(), keys, on_step=once(("fund", 1), power.close))


def test_another_chain_in_the_nodes_place_is_refused(start_anvil, make_order, keys):
    with ExitStack() as power:
        url = power.enter_context(start_anvil())

        def swap():
            power.close()
            port = int(url.rpartition(":")[2])
            power.enter_context(start_anvil("--chain-id", "1337", port=port))

        with pytest.raises(WrongChain):
            settle(connect(url), make_order(), keys, on_step=once(("fund", 1), swap))


def test_a_plan_that_the_sponsor_crossed_is_made_anew(own, make_order, keys):
    node, order, known = connect(own), make_order(), []
    sponsor = keys.signer("sponsor")

    receipt = settle(
        node,
        order,
        keys,
        on_deployed=known.append,
        on_step=once(("deploy", 2), lambda: node.send(Transfer(NOBODY, 1), sponsor)),
    )

    assert known[0].addresses != known[-1].addresses == receipt.addresses
    assert receipt.paid == dict(zip(order.participants, order.payments, strict=True))


def test_contracts_that_somebody_else_was_to_deploy_are_not_deployed_by_us(own, make_order, keys):
    node = connect(own)
    foreign = plan(node, FAUCET.address)

    with pytest.raises(ChainError, match="no contract at"):
        settle(node, make_order(), keys, deployment=foreign)


def test_a_chain_that_never_rests_is_given_up_on(own, make_order, keys):
    looks = []

    def shake(step, _done, _total):
        if step == "close":
            looks.append(step)
            raise ChainMoved("once more")

    with pytest.raises(ChainMoved, match="once more"):
        settle(connect(own), make_order(), keys, on_step=shake)

    assert len(looks) == settlement.LOOKS
    assert connect(own).nonce(keys.signer("sponsor").address) == SENT[0]


def test_the_plan_is_told_before_anything_is_deployed(own, make_order, keys):
    node = connect(own)
    sponsor = keys.signer("sponsor").address

    class Stop(Exception): ...

    def stop(found):
        assert found == plan(node, sponsor)
        assert node.nonce(sponsor) == 0
        raise Stop

    with pytest.raises(Stop):
        settle(node, make_order(), keys, on_deployed=stop)


def test_looking_again_stops_at_an_order_that_differs(own, make_order, keys):
    node, known = connect(own), []
    settle(node, make_order(), keys, on_deployed=known.append)

    with pytest.raises(ChainError, match="posted report") as caught:
        settle(node, make_order(evidence=b"\x77" * 32), keys, deployment=known[-1])

    assert not isinstance(caught.value, ChainMoved)
