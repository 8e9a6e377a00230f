"""The embedded chain's EVM, and what it answers over JSON-RPC."""

from __future__ import annotations

import pytest
from eth_utils.exceptions import ValidationError
from web3.exceptions import BlockNotFound, TransactionNotFound, Web3RPCError

from fedmerit.chain.clients import CreditToken
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.transaction import Transfer

STARTED = 1_700_000_000
NOBODY = "0x" + "11" * 20


@pytest.fixture
def chain():
    """Give an embedded chain and a token on it, minted twice."""
    node = connect(started=STARTED)
    token, _ = CreditToken.deploy(node, FAUCET)
    for amount in (5, 7):
        token.mint(NOBODY, amount, signer=FAUCET)
    return node, token


def test_a_call_that_would_change_the_chain_changes_nothing(chain):
    node, token = chain
    twin = connect(started=STARTED)
    for entry in node.transcript.entries:
        twin.redo(entry)

    minting = token._functions["mint"](NOBODY, 1)
    minting.call({"from": FAUCET.address})

    assert token.balance_of(NOBODY) == 12
    for either in (node, twin):
        either.send(Transfer(NOBODY, 1), FAUCET)
    assert node.transcript == twin.transcript


def test_what_the_evm_does_not_take_leaves_the_chain_as_it_was(chain):
    node, _ = chain
    sent = bytes.fromhex(node.transcript.entries[-1].raw[2:])
    before = node.transcript

    with pytest.raises(ValidationError, match="nonce"):
        node.deliver(sent)

    assert node.transcript == before
    assert node.send(Transfer(NOBODY, 1), FAUCET).block == len(before.entries) + 1


def test_logs_are_those_of_the_asked_addresses_topics_and_blocks(chain):
    node, token = chain
    other, _ = CreditToken.deploy(node, FAUCET)
    other.mint(NOBODY, 9, signer=FAUCET)
    everything = [
        log for e in node.transcript.hashes for log in node.receipt(e)["logs"] if log["topics"]
    ]

    def found(**wanted):
        return node.web3.eth.get_logs({"fromBlock": 0, "toBlock": "latest", **wanted})

    assert found() == everything
    assert found(address=token.address) == [
        log for log in everything if log["address"] == token.address
    ]
    assert found(address=[token.address, other.address], fromBlock=3, toBlock=3) == [
        log for log in everything if log["blockNumber"] == 3
    ]
    topic = everything[-1]["topics"][0]
    same = [log for log in everything if log["topics"][0] == topic]
    assert found(topics=[topic]) == found(topics=[[topic, b"\x01" * 32]]) == same
    assert found(topics=[None, everything[-1]["topics"][1]])
    assert not found(topics=[b"\x01" * 32])
    assert not found(address=NOBODY)


def test_the_latest_block_is_the_last_that_was_mined_and_older_ones_stay(chain):
    node, _ = chain
    eth = node.web3.eth
    last = len(node.transcript.entries)

    assert eth.get_block("latest") == eth.get_block("pending") == eth.get_block(last)
    assert eth.get_block("earliest") == eth.get_block(0)
    assert eth.get_block(last)["parentHash"] == eth.get_block(last - 1)["hash"]
    assert eth.get_balance(NOBODY) == eth.get_balance(NOBODY, 0) == 0
    node.send(Transfer(NOBODY, 1), FAUCET)
    assert (eth.get_balance(NOBODY), eth.get_balance(NOBODY, last)) == (1, 0)


def test_what_is_not_there_is_not_found_and_what_is_not_known_is_refused(chain):
    node, _ = chain

    with pytest.raises(BlockNotFound):
        node.web3.eth.get_block(99)
    for ask in (node.web3.eth.get_transaction, node.web3.eth.get_transaction_receipt):
        with pytest.raises(TransactionNotFound):
            ask("0x" + "ab" * 32)
    with pytest.raises(Web3RPCError, match="does not know eth_sign"):
        node._request("eth_sign", NOBODY, "0x00")
