"""What was heard before a break is heard again, or the message is refused."""

from __future__ import annotations

import pytest

from fedmerit.errors import ChannelError
from fedmerit.federation.wire.journal import Journal
from fedmerit.federation.wire.messages import Message, encode


def said(value, *, depth=1, kind="number"):
    return encode(Message(kind, depth, {"value": value}))


@pytest.fixture
def heard(tmp_path):
    journal = Journal(tmp_path)
    journal.begin("epoch 1")
    for source, value in (("bank", 1), ("club", 1), ("bank", 2)):
        journal.note(source, said(value))
    return tmp_path


@pytest.mark.parametrize(
    ("source", "second"),
    [("bank", said(3)), ("bank", said(2, kind="other")), ("bank", said("2")), ("bank", said(1))],
)
def test_something_else_in_a_messages_place_is_refused(heard, source, second):
    journal = Journal(heard)
    journal.begin("epoch 1")
    journal.note(source, said(1))

    with pytest.raises(ChannelError, match="bank says something else than before the break"):
        journal.note(source, second)


def test_the_same_is_heard_again_whatever_its_depth_and_what_follows_is_new(heard):
    for _ in range(2):
        journal = Journal(heard)
        journal.begin("epoch 1")
        for source, value in (("club", 1), ("bank", 1), ("bank", 2), ("bank", 7)):
            journal.note(source, said(value, depth=9))
    journal.begin("epoch 2")
    journal.note("bank", said(5))
    journal.rest()
    journal.note("bank", said(6))
    journal.begin("epoch 2")
    journal.note("bank", said(5))


def test_a_line_that_was_cut_off_is_as_if_its_message_had_not_come(heard):
    # A process may die while it writes; it has not acted upon the message then.
    [file] = heard.glob("*.heard")
    file.write_bytes(file.read_bytes()[:-5])
    journal = Journal(heard)
    journal.begin("epoch 1")

    journal.note("bank", said(1))
    journal.note("bank", said(3))

    again = Journal(heard)
    again.begin("epoch 1")
    again.note("bank", said(1))
    again.note("bank", said(3))
