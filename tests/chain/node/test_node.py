"""Nodes: reached or not, the right chain or not, and their clocks."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

import fedmerit.chain
from fedmerit.chain.clients import Registry
from fedmerit.chain.keys import FAUCET, Keyring
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN
from fedmerit.chain.node.reverts import _decoded
from fedmerit.chain.node.transaction import Transfer
from fedmerit.chain.settlement.deployment import Contracts, plan
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import (
    BadAddress,
    ChainError,
    ChainMoved,
    InsufficientFunds,
    Reverted,
    Unreachable,
    WrongChain,
)

NOBODY = "0x" + "11" * 20


def test_a_port_where_nobody_listens_is_unreachable_and_the_hint_says_what_to_do():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v3/secret-access-key"

        with pytest.raises(Unreachable, match="no Ethereum node answers") as caught:
            connect(url)

    assert "check its address" in caught.value.hint
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("ws://127.0.0.1:1", "listen on http://"),
        ("127.0.0.1:8545", "http://HOST:PORT"),
        ("", "http://HOST:PORT"),
        ("file:///etc", "IPC"),
        ("/tmp/geth.ipc", "IPC"),  # noqa: S108 - nothing is there
    ],
)
def test_what_is_no_http_address_is_refused_with_what_to_write(url, hint):
    with pytest.raises(BadAddress, match="not an http") as caught:
        connect(url)

    assert hint in caught.value.hint


def test_a_wrong_chain_id_is_refused(node):
    with pytest.raises(WrongChain, match="not of chain 1"):
        connect(None if node.chain_id == EMBEDDED_CHAIN else _url(node), chain_id=1)


def _url(node) -> str:
    return str(node.web3.provider.endpoint_uri)


def test_time_moves_by_as_much_as_was_asked_and_blocks_follow(node, keys):
    before = node.now()

    node.advance(86_400)

    mined = node.send(Transfer(keys.signer("bergen").address, 1), FAUCET)
    assert node.now() >= before + 86_400
    assert before + 86_400 <= mined.timestamp <= before + 86_400 + 60


@pytest.mark.node
def test_a_clock_that_ran_on_since_the_latest_block_is_moved_by_what_is_missing(anvil):
    node = connect(anvil)
    before = node.now()
    node._request("evm_increaseTime", 600)  # as if nobody had sent anything for so long

    node.wait_until(before + 10_000)

    assert before + 10_000 <= node.now() <= before + 10_000 + 60


def test_waiting_for_what_is_past_changes_nothing(node):
    before = node.now()

    node.wait_until(before - 5)

    assert node.now() - before <= 1


def test_the_embedded_clock_starts_where_it_is_told_and_ticks_a_second_a_block():
    node = connect(started=1_600_000_000)

    sent = [node.send(Transfer(NOBODY, 1), FAUCET) for _ in range(3)]

    assert [mined.timestamp for mined in sent] == [1_600_000_001, 1_600_000_002, 1_600_000_003]
    assert [mined.block for mined in sent] == [1, 2, 3]
    assert node.chain_id == EMBEDDED_CHAIN


def test_development_keys_are_refused_off_local_chains(node, keys):
    node.chain_id = 1  # as if the node were of the main chain

    with pytest.raises(ChainError, match="development key") as caught:
        node.send(Transfer(NOBODY, 1), keys.signer("sponsor"))

    assert "keystore" in caught.value.hint


def test_one_who_cannot_pay_is_told_so_and_the_next_transaction_is_not_blocked(node):
    poor = Keyring.development("poor", 0).signer("sponsor")

    with pytest.raises(InsufficientFunds, match="of 'sponsor' holds 0 wei") as caught:
        node.send(Transfer(NOBODY, 10**30), poor)
    assert caught.value.needed - caught.value.held > 10**30
    assert f"Send {caught.value.needed} wei or more to {poor.address}" in caught.value.hint
    node.send(Transfer(poor.address, 10**18), FAUCET)

    assert node.send(Transfer(NOBODY, 1), poor).sender == poor.address


def test_reverts_carry_the_error_its_arguments_and_a_hint(node, make_order, keys):
    done = settle(node, make_order(2, 1), keys)
    registry = Registry(node, done.addresses["Registry"])
    stranger = keys.signer("coordinator").address

    with pytest.raises(Reverted) as over:
        registry.join(done.job, [], signer=keys.signer("coordinator"))
    with pytest.raises(Reverted) as unknown:
        registry.terms(99)
    with pytest.raises(Reverted) as not_member:
        node.call(registry._functions.indexOf(done.job, stranger))

    assert (over.value.error, over.value.arguments) == ("RegistrationOver", (1,))
    assert (unknown.value.error, unknown.value.arguments) == ("UnknownJob", (99,))
    assert not_member.value.arguments[0] == 1
    assert str(not_member.value.arguments[1]).lower() == stranger.lower()
    assert over.value.hint
    assert unknown.value.hint


def test_a_revert_without_data_is_still_a_revert(node, make_order, keys):
    done = settle(node, make_order(2, 1), keys)

    with pytest.raises(Reverted):
        node.send(Transfer(done.addresses["Registry"], 1), keys.signer("sponsor"))


def test_a_panic_and_a_required_string_are_named():
    panic = bytes.fromhex("4e487b71") + (17).to_bytes(32, "big")
    text = (
        bytes.fromhex("08c379a0")
        + b"".join(word.to_bytes(32, "big") for word in (32, 2))
        + b"no".ljust(32, b"\0")
    )

    assert _decoded(panic) == ("Panic", (17,))
    assert _decoded(text) == ("Error", ("no",))


def test_a_second_sender_between_two_deployments_is_noticed(node, keys):
    """Contracts foresee where the others will be; a stray nonce must not pass."""
    sponsor = keys.signer("sponsor")
    node.send(Transfer(sponsor.address, 10**18), FAUCET)
    calls = []

    def stray(mined):
        calls.append(mined)
        if len(calls) == 4:  # the rounds are there, the vault is not
            node.send(Transfer(NOBODY, 1), sponsor)

    with pytest.raises(ChainMoved, match="JobVault would be at"):
        Contracts.deploy(node, sponsor, plan(node, sponsor.address), stray)


def test_importing_the_room_loads_no_web3():
    code = "import sys, fedmerit.chain; print('web3' in sys.modules, 'eth' in sys.modules)"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.split() == ["False", "False"]


def test_every_name_the_room_offers_is_there():
    assert {name for name in dir(fedmerit.chain) if getattr(fedmerit.chain, name)} == set(
        fedmerit.chain.__all__
    )
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fedmerit.chain.nothing  # noqa: B018 - asking is the test
