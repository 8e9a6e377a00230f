"""Parties that talk through channels in one process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fedmerit.errors import ChannelError, DataError, PartyLost
from fedmerit.federation.wire.channel import play
from fedmerit.federation.wire.transcript import Transcript


def asks(channel):
    channel.send("bob", "question", number=6, rows=np.arange(3.0))
    return channel.receive("bob", "answer").integer("number")


def answers(channel):
    number = channel.receive("ada", "question").integer("number")
    channel.send("ada", "answer", number=7 * number)
    return "answered"


def test_programs_exchange_messages_and_give_their_results():
    played = play({"ada": asks, "bob": answers})

    assert played.results == {"ada": 42, "bob": "answered"}
    assert played.transcript.rounds == 2
    assert set(played.transcript.bytes_sent()) == {"ada", "bob"}
    assert min(played.transcript.bytes_sent().values()) > 0


def test_the_same_messages_have_the_same_root_and_others_another():
    def asks_otherwise(channel):
        channel.send("bob", "question", number=7, rows=np.arange(3.0))
        return channel.receive("bob", "answer").integer("number")

    one, two = (play({"ada": asks, "bob": answers}).transcript for _ in range(2))
    other = play({"ada": asks_otherwise, "bob": answers}).transcript

    assert one.root == two.root != other.root


def test_a_receiver_shares_no_memory_with_its_sender():
    mine = np.zeros(4)

    def sends(channel):
        channel.send("bob", "array", array=mine)
        channel.receive("bob", "done")

    def reads(channel):
        array = channel.receive("ada", "array").array("array", "<f8", (4,))
        channel.send("ada", "done")
        return np.shares_memory(array, mine)

    assert not play({"ada": sends, "bob": reads}).results["bob"]


def test_messages_are_recorded_only_on_request():
    assert play({"ada": asks, "bob": answers}).recorded == {"ada": [], "bob": []}

    recorded = play({"ada": asks, "bob": answers}, record=True).recorded

    [(sender, message)] = recorded["bob"]
    assert (sender, message.kind, message.integer("number")) == ("ada", "question", 6)


def test_the_first_failure_is_raised_and_ends_everyone():
    def fails(channel):
        channel.receive("ada", "question")
        raise DataError("row 3 is empty")

    with pytest.raises(DataError, match="row 3"):
        play({"ada": asks, "bob": fails})


def test_a_party_that_ends_too_soon_is_lost_to_who_waits():
    with pytest.raises(PartyLost, match="'bob'"):
        play({"ada": asks, "bob": lambda _channel: None})


def test_a_message_of_another_kind_is_refused():
    def answers_otherwise(channel):
        channel.receive("ada", "question")
        channel.send("ada", "reply", number=1)

    with pytest.raises(ChannelError, match="expected 'answer' from bob, and got 'reply'"):
        play({"ada": asks, "bob": answers_otherwise})


def test_a_message_that_is_too_long_is_refused_by_its_sender():
    with pytest.raises(ChannelError, match="longer than 60"):
        play({"ada": asks, "bob": answers}, most_bytes=60)


def test_only_peers_can_be_talked_to():
    with pytest.raises(ChannelError, match="no peer 'cyd', only bob"):
        play({"ada": lambda channel: channel.send("cyd", "x"), "bob": lambda _channel: None})


def test_a_message_that_was_never_read_is_found():
    with pytest.raises(ChannelError, match="message 1, 'question'"):
        play({"ada": lambda c: c.send("bob", "question"), "bob": lambda _channel: None})


def test_two_records_that_differ_are_found():
    entries = play({"ada": asks, "bob": answers}).transcript.entries
    altered = [replace(entry, digest="0x" + 64 * "0") for entry in entries]

    with pytest.raises(ChannelError, match="differently"):
        Transcript.join({"ada": entries}, {"bob": altered})
