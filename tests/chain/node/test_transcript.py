"""A transcript gives the same chain again, or stops at what was altered."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedmerit.chain.keys import FAUCET
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.reference import replay_on_eth_tester
from fedmerit.chain.node.replay import replay
from fedmerit.chain.node.transaction import Transfer
from fedmerit.chain.node.transcript import Transcript
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import ChainError, WrongChain


def test_a_replay_has_the_same_addresses_events_times_and_balances(settled_here):
    text = settled_here.node.transcript.to_json()

    again = replay(Transcript.from_json(text))

    done = settled_here.receipt
    assert again.transcript == settled_here.node.transcript
    assert again.now() == settled_here.node.now()
    assert read_ledger(again, done.addresses, done.job) == read_ledger(
        settled_here.node, done.addresses, done.job
    )


def test_the_same_order_at_the_same_time_gives_the_same_chain(settled_here, keys):
    node = connect(started=settled_here.node.transcript.genesis)

    assert settle(node, settled_here.order, keys) == settled_here.receipt
    assert node.transcript == settled_here.node.transcript


def test_eth_tester_makes_the_same_blocks_of_a_settlement(settled_here):
    """A block's hash binds its state, receipts and events, so all of these are equal too."""
    transcript = settled_here.node.transcript

    blocks = list(replay_on_eth_tester(transcript))

    assert blocks == [entry.block for entry in transcript.entries]


@pytest.fixture(scope="module")
def short() -> Transcript:
    """Four transfers, quick to replay."""
    node = connect(started=1_700_000_000)
    for wei in range(4):
        node.send(Transfer("0x" + "22" * 20, wei), FAUCET)
        node.advance(wei)
    return node.transcript


def altered(transcript: Transcript, position: int, **changes) -> Transcript:
    entries = list(transcript.entries)
    entries[position] = replace(entries[position], **changes)
    return replace(transcript, entries=tuple(entries))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_byte_of_any_transaction_is_named(short, data):
    position = data.draw(st.integers(0, 3))
    raw = bytearray.fromhex(short.entries[position].raw[2:])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(ChainError, match=f"transcript entry {position} is not what was sent"):
        replay(altered(short, position, raw=f"0x{raw.hex()}"))


@pytest.mark.parametrize("seconds", [-1, 1, -(10**6), 10**6])
def test_an_altered_time_is_named(short, seconds):
    timestamp = short.entries[2].timestamp + seconds

    with pytest.raises(ChainError, match="transcript entry 2"):
        replay(altered(short, 2, timestamp=timestamp))


def test_an_altered_genesis_time_is_named(short):
    with pytest.raises(ChainError, match="transcript entry 0"):
        replay(replace(short, genesis=short.genesis - 1))


def test_a_left_out_or_repeated_transaction_is_named(short):
    kept = short.entries

    with pytest.raises(ChainError, match="transcript entry 1"):
        replay(replace(short, entries=kept[:1] + kept[2:]))
    with pytest.raises(ChainError, match="transcript entry 1"):
        replay(replace(short, entries=kept[:1] + kept))


def test_another_block_hash_is_named(short):
    with pytest.raises(ChainError, match="transcript entry 3"):
        replay(altered(short, 3, block="0x" + "00" * 32))


def test_a_transcript_of_another_chain_is_refused(short):
    with pytest.raises(WrongChain):
        replay(replace(short, chain_id=1))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "not a transcript"),
        ("[]", "not a transcript"),
        ('{"chain_id": 1, "genesis": 1}', "entries"),
        ('{"chain_id": 1, "genesis": 1.5, "entries": []}', "genesis"),
        ('{"chain_id": 1, "genesis": "1", "entries": []}', "genesis"),
        ('{"chain_id": 1, "genesis": 1, "entries": [], "more": 1}', "more"),
        (
            '{"chain_id": 1, "genesis": 1, "entries": [{"raw": "0xzz"}]}',
            r"entries\.0",
        ),
    ],
)
def test_what_is_no_transcript_is_refused_with_the_place(text, where):
    with pytest.raises(ChainError, match=where):
        Transcript.from_json(text)


def test_what_goes_on_after_a_replay_is_recorded_too(short):
    node = replay(short)

    node.send(Transfer("0x" + "22" * 20, 9), FAUCET)

    assert node.transcript.entries[:4] == short.entries
    assert replay(node.transcript).transcript == node.transcript


@pytest.mark.parametrize(
    "module",
    ["fedmerit.chain.node.connection", "fedmerit.chain.node.embedded", "fedmerit.auditing"],
)
def test_a_document_that_is_too_deep_does_not_end_the_process(module):
    """Libraries raise the limit of calls to where json runs over the C stack."""
    code = (
        f"import json, {module}\n"
        "for deep in ('[', '{\"a\":'):\n"
        "    try:\n"
        "        json.loads(deep * 100_000)\n"
        "    except RecursionError:\n"
        "        print('refused')\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["refused", "refused"]
