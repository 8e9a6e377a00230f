"""Away from local chains: real keys, the sponsor's own ether, and a clock nobody moves."""

from __future__ import annotations

import json
import time

import pytest
from eth_account import Account
from faulty_proxy import Reply, proxied

from fedmerit.chain.keys import PASSWORD_VARIABLE, Keyring
from fedmerit.chain.node import node as node_module
from fedmerit.chain.node import provider
from fedmerit.chain.node.connection import connect
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import ChainError, NoBlocks, Unreachable

pytestmark = pytest.mark.node

#: Anvil's account 0, here as an account that somebody filled, and never as a known one.
FUNDED = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


@pytest.fixture
def public(start_anvil, monkeypatch):
    """A chain with an id of its own, which mines every second and cannot travel for us."""
    monkeypatch.setattr(node_module, "POLL_SECONDS", 0.2)
    with start_anvil("--chain-id", "4242", "--block-time", "1", "--mixed-mining") as url:
        yield url


def keystore(directory, names, sponsor) -> Keyring:
    keys = {"sponsor": sponsor} | {
        name: Account.from_key(bytes([i]) * 32).key.hex()
        for i, name in enumerate(("coordinator", *names), start=1)
    }
    for role, key in keys.items():
        locked = Account.encrypt(key, "open sesame", kdf="pbkdf2", iterations=1)
        (directory / f"{role}.json").write_text(json.dumps(locked))
    return Keyring.keystore(directory, {PASSWORD_VARIABLE: "open sesame"})


def test_a_keystore_settles_and_the_window_is_waited_out(public, tmp_path, make_order):
    names = ("ada", "bergen")
    order = make_order(2, 1, participants=names, committee=names, challenge_window=2)
    node = connect(public, chain_id=4242)
    assert not node.development

    receipt = settle(node, order, keystore(tmp_path, names, FUNDED))

    assert receipt.paid == dict(zip(names, order.payments, strict=True))
    posted, final = (
        next(t.timestamp for t in receipt.transactions if t.step == step)
        for step in ("report", "finalise")
    )
    assert final >= posted + 2
    payers = {t.sender for t in receipt.transactions if t.step == "gas"}
    assert payers == {receipt.sponsor}


def test_a_sponsor_without_ether_is_told_how_much_to_send(public, tmp_path, make_order):
    names = ("ada", "bergen")
    order = make_order(2, 1, participants=names, committee=names)
    keys = keystore(tmp_path, names, "0x" + "77" * 32)

    with pytest.raises(ChainError, match="holds 0 wei") as caught:
        settle(connect(public), order, keys)

    assert keys.signer("sponsor").address in caught.value.hint


def test_development_keys_settle_nothing_there(public, keys, make_order):
    node = connect(public)
    node.web3.provider.make_request(
        "anvil_setBalance", [keys.signer("sponsor").address, hex(10**19)]
    )

    with pytest.raises(ChainError, match="development key"):
        settle(node, make_order(), keys)

    assert node.nonce(keys.signer("sponsor").address) == 0


def test_a_chain_that_stands_still_is_not_waited_for_for_ever(start_anvil, monkeypatch, caplog):
    monkeypatch.setattr(node_module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(node_module, "STILL_SECONDS", 0.3)
    caplog.set_level("INFO", "fedmerit.chain")
    with start_anvil("--chain-id", "4242") as url:
        node = connect(url)
        due = node.now() + 1

        with pytest.raises(NoBlocks, match="no block after 0 for") as caught:
            node.wait_until(due)
        with pytest.raises(NoBlocks, match="block 3"):
            node.await_burial(0)

    assert time.time() >= due  # it could have made one until then
    assert "--block-time" in caught.value.hint
    assert "UTC on the chain's clock" in caplog.text


def test_a_node_that_goes_away_while_a_window_is_waited_for_comes_back(public, monkeypatch):
    monkeypatch.setattr(provider, "FAULT_SECONDS", 0)
    monkeypatch.setattr(node_module, "RETRY_SECONDS", 0.01)
    asked = []

    def away(_number, request, _ask):
        asked.append(request["method"])
        return Reply(dropped=True) if 12 < len(asked) < 40 else None

    with proxied(public, away) as url:
        node = connect(url)
        due = node.now() + 4
        node.wait_until(due)

        assert node.now() >= due
    assert len(asked) > 40


def test_a_node_that_goes_away_is_unreachable(start_anvil, monkeypatch):
    monkeypatch.setattr(provider, "FAULT_SECONDS", 0)
    with start_anvil() as url:
        node = connect(url)

    with pytest.raises(Unreachable):
        node.now()
