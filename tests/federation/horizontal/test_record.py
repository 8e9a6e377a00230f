"""A record's digests and names follow from its bytes."""

from __future__ import annotations

import numpy as np
from Crypto.Hash import keccak

from fedmerit.federation import Round, update_digests
from fedmerit.federation.horizontal.record import zero_update_members


def recorded(updates, weights, number=1):
    return Round(
        number=number,
        global_before=np.zeros(2, dtype=np.float32),
        updates=np.array(updates, dtype=np.float32),
        weights=np.array(weights, dtype=np.float64),
        excluded={},
        bytes_up=0,
        bytes_down=0,
        seconds=0.0,
    )


def test_a_digest_is_the_keccak_of_the_updates_little_endian_bytes():
    round_ = recorded([[1.0, -2.0], [0.0, 0.5]], [0.5, 0.5])

    digests = update_digests(round_)

    expected = [bytes.fromhex("0000803f000000c0"), bytes.fromhex("000000000000003f")]
    assert digests == tuple(keccak.new(digest_bits=256, data=x).digest() for x in expected)


def test_a_big_endian_update_has_the_same_digest():
    round_ = recorded([[1.0, -2.0]], [1.0])
    swapped = round_.updates.astype(">f4")
    other = Round(
        **{name: getattr(round_, name) for name in round_.__slots__} | {"updates": swapped}
    )

    assert update_digests(round_) == update_digests(other)


def test_idle_members_were_accepted_and_never_moved():
    rounds = (
        recorded([[0, 0], [0, 0], [1, 0], [0, 0]], [0.5, 0, 0.5, 0], 1),
        recorded([[0, 0], [0, 0], [0, 0], [0, 2]], [0.5, 0, 0, 0.5], 2),
    )

    assert zero_update_members(("zero", "never", "once", "late"), rounds) == ("zero",)
