"""Ciphertexts add as plaintexts do, and ranges are checked. Keys of 512 bits but for one test."""

from __future__ import annotations

import numpy as np
import pytest
from gmpy2 import mpz
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import ChannelError, TrainingError
from fedmerit.federation.protection.packing import (
    fixed,
    pack,
    pack_ciphers,
    slots,
    unpack,
    unpack_all,
    weighted_sums,
)
from fedmerit.federation.protection.paillier import generate

KEY = generate(512)
PUBLIC = KEY.public
NUMBERS = st.integers(-(2**200), 2**200)


@settings(max_examples=30)
@given(NUMBERS, NUMBERS, st.integers(-(2**64), 2**64))
def test_ciphertexts_add_and_multiply_as_numbers_do(a, b, factor):
    first, second = PUBLIC.encrypt(a), PUBLIC.encrypt(b)

    assert KEY.decrypt(first) == a
    assert KEY.decrypt(PUBLIC.add(first, second)) == a + b
    assert KEY.decrypt(PUBLIC.add_plain(first, b)) == a + b
    assert KEY.decrypt(PUBLIC.times(first, factor)) == a * factor


def test_a_number_is_never_encrypted_to_the_same_bytes_twice():
    one = PUBLIC.encrypt(1)
    others = {int(PUBLIC.encrypt(1)) for _ in range(50)} | {int(PUBLIC.fresh(one))}

    assert len(others) == 51
    assert KEY.decrypt(PUBLIC.fresh(one)) == 1


def test_keys_of_full_length_work():
    key = generate()

    assert key.public.bits == 2048
    assert key.decrypt(key.public.times(key.public.encrypt(-(2**1000)), 3)) == -3 * 2**1000
    # The randomness is an n-th residue: it decrypts to 0.
    assert key.decrypt(key.public.fresh(mpz(1))) == 0


def test_a_private_key_does_not_show_itself():
    assert str(KEY._p) not in repr(KEY)


@pytest.mark.parametrize("bits", [0, 256, 1000])
def test_keys_of_unfit_length_are_refused(bits):
    with pytest.raises(TrainingError, match=f"{bits} bits"):
        generate(bits)


@pytest.mark.parametrize(
    "number",
    [0, -1, int(PUBLIC.square), int(PUBLIC.square) + 1, int(KEY._p), 3 * int(PUBLIC.n)],
    ids=["zero", "negative", "the square", "too large", "a factor", "multiple"],
)
def test_what_is_no_ciphertext_is_refused(number):
    with pytest.raises(ChannelError, match="no ciphertext"):
        PUBLIC.received_all([int(PUBLIC.encrypt(1)), number])


@given(st.lists(st.integers(-(2**30), 2**30), min_size=1, max_size=9))
def test_packed_numbers_come_out_as_they_went_in(values):
    assert unpack(pack(values, 32), 32, len(values)) == values


def test_packed_ciphertexts_come_out_as_they_went_in():
    values = [5, -7, 0, 2**30, -(2**30), 1, -1, 9, 8, 7, -6, 5, 4, 3, 2, -2, 11]

    packed = pack_ciphers(PUBLIC, PUBLIC.encrypt_all(values), 40)

    many = slots(PUBLIC, 40)
    assert len(packed) == -(-len(values) // many) == 2
    assert unpack_all(KEY.decrypt_all(packed), 40, many, len(values)) == values


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([1, 3, 12, 25]))
def test_weighted_sums_are_what_the_plaintexts_give(seed, rows, bits):
    rng = np.random.default_rng(seed)
    values = rng.integers(-(2**40), 2**40, rows).tolist()
    weights = rng.integers(-(2**bits), 2**bits + 1, (rows, 3)) * (rng.random((rows, 3)) < 0.8)

    found = weighted_sums(PUBLIC, PUBLIC.encrypt_all(values), weights)

    expected = [
        sum(w * v for w, v in zip(column, values, strict=True)) for column in weights.T.tolist()
    ]
    assert KEY.decrypt_all(found) == expected


def test_numbers_beyond_their_range_are_refused_with_the_range():
    assert fixed(np.array([0.5, -2.0]), fraction=4, bound=2, what="x").tolist() == [8, -32]
    for wrong in (2.01, np.nan, -np.inf):
        with pytest.raises(TrainingError, match=r"forward values reach .* beyond the 2 "):
            fixed(np.array([wrong]), fraction=4, bound=2, what="forward values")


def test_numbers_too_wide_for_the_key_are_refused():
    with pytest.raises(TrainingError, match="600 bits do not fit a key of 512"):
        slots(PUBLIC, 600)
