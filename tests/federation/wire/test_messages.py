"""Messages survive the journey as they are, and nothing else is taken for a message."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fedmerit.errors import ChannelError
from fedmerit.federation.wire import messages
from fedmerit.federation.wire.messages import Message, decode, encode

ARRAYS = st.sampled_from(["<f8", "<f4", "<i8", "|u1", "|b1"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)
VALUES = st.one_of(
    st.integers(-(2**300), 2**300),
    st.binary(max_size=50),
    st.text(max_size=20),
    st.lists(st.integers(0, 2**200), max_size=8),
    ARRAYS,
)
MESSAGES = st.builds(
    Message,
    st.text(max_size=20),
    st.integers(0, 2**32 - 1),
    st.dictionaries(st.text(max_size=10), VALUES, max_size=4),
)


@given(MESSAGES)
def test_a_message_arrives_as_it_was_sent(message):
    there = decode(encode(message))

    assert (there.kind, there.depth, set(there.fields)) == (
        message.kind,
        message.depth,
        set(message.fields),
    )
    for name, value in message.fields.items():
        if isinstance(value, np.ndarray):
            assert there.fields[name].dtype == value.dtype
            assert there.fields[name].shape == value.shape
            assert there.fields[name].tobytes() == value.tobytes()
        else:
            assert there.fields[name] == value


@given(MESSAGES, st.data())
def test_an_altered_message_is_another_message_or_none(message, data):
    good = encode(message)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= data.draw(st.integers(1, 255))

    try:
        read = decode(bytes(bad))
    except ChannelError:
        return
    assert encode(read) == bytes(bad)


@given(st.binary(max_size=200))
def test_noise_is_never_read(noise):
    with pytest.raises(ChannelError):
        decode(noise)


@given(st.binary(max_size=60))
def test_noise_behind_a_good_beginning_raises_nothing_but_our_error(noise):
    with contextlib.suppress(ChannelError):
        decode(b"FMV\x01" + noise)


@given(MESSAGES, st.integers(1, 30))
def test_a_message_that_ends_too_soon_is_refused(message, missing):
    with pytest.raises(ChannelError):
        decode(encode(message)[:-missing])


def test_another_version_is_refused_with_the_version_named():
    data = encode(Message("hello", 1, {}))

    with pytest.raises(ChannelError, match=r"FMV\\x02") as caught:
        decode(b"FMV\x02" + data[4:])
    assert "same version" in caught.value.hint


def test_a_length_beyond_the_message_allocates_nothing():
    data = bytearray(encode(Message("x", 1, {"a": np.zeros(3)})))
    data[data.index(b"a", 12) + 1] = 0xFF  # the field's length is now some 2**63

    with pytest.raises(ChannelError):
        decode(bytes(data))


@pytest.mark.parametrize("value", [1.5, None, True, {"a": 1}, np.zeros(2, dtype=complex)])
def test_what_no_message_may_hold_is_refused_by_its_sender(value):
    with pytest.raises(ChannelError, match="'field'"):
        encode(Message("x", 1, {"field": value}))


@pytest.mark.parametrize(
    "read",
    [
        lambda m: m.integer("absent"),
        lambda m: m.integer("array"),
        lambda m: m.text("array"),
        lambda m: m.octets("array"),
        lambda m: m.numbers("array"),
        lambda m: m.numbers("list", count=3),
        lambda m: m.array("array", "<f4", (2, None)),
        lambda m: m.array("array", "<f8", (3, None)),
        lambda m: m.array("array", "<f8", (2,)),
    ],
)
def test_a_field_of_another_form_is_refused(read):
    message = decode(encode(Message("x", 1, {"array": np.zeros((2, 5)), "list": [1, 2]})))

    with pytest.raises(ChannelError):
        read(message)


@pytest.mark.parametrize("width", [1, 2, 7, 8, 9])
def test_numbers_of_every_width_come_back(width):
    numbers = [0, 1, 2 ** (8 * width - 2), 2 ** (8 * width - 1) - 1]

    again = decode(encode(Message("numbers", 1, {"n": numbers})))

    assert again.numbers("n") == numbers
    assert all(type(number) is int for number in again.numbers("n"))


def test_millions_of_small_numbers_are_read_at_once_or_refused(monkeypatch):
    monkeypatch.setattr(messages, "_MOST_NUMBERS", 1000)
    for count, width in ((1001, 1), (1001, 9)):
        full = encode(Message("numbers", 1, {"n": [2 ** (8 * width - 2)] * count}))
        with pytest.raises(ChannelError, match="1001 numbers in one field"):
            decode(full)

    class Slow(int):
        """An integer whose reading one by one would be seen."""

        @classmethod
        def from_bytes(cls, *_, **__):
            pytest.fail("numbers of a few bytes are read one by one")

    monkeypatch.setattr(messages, "int", Slow, raising=False)
    payload = messages._number_bytes([1, 2, 3])
    assert messages._numbers(payload) == [1, 2, 3]
