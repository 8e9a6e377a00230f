"""Whoever opens holds itself to what was agreed, whatever is asked."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from fedmerit.csprng import NoiseStream
from fedmerit.errors import ChannelError
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.protection.opening import Allowance, Request, open_for
from fedmerit.federation.protection.packing import pack_ciphers, slots, unpack_all
from fedmerit.federation.protection.paillier import generate
from fedmerit.federation.vertical.regression.party import Scale
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.wire.channel import play

KEY = generate(512)
N = KEY.public.n


def opens(channel, *, allowed, requests=1):
    for _ in range(requests):
        open_for(channel, "ada", KEY, allowed, NoiseStream())


def asked(packed, allowed, *, as_if=None):
    """Give what a request has opened: the numbers, and the whole plaintexts less their masks."""

    def ada(channel):
        request = Request(channel, "owner", KEY.public, packed, as_if or allowed)
        answer = channel.receive("owner", "opened").numbers("numbers", count=len(packed))
        return [
            (number - mask) % int(N) for number, mask in zip(answer, request._masks, strict=True)
        ]

    return play({"owner": partial(opens, allowed=allowed), "ada": ada}).results["ada"]


@pytest.mark.parametrize("count", [1, 15, 16, 31])
@pytest.mark.parametrize("noise", [0, 10**6])
def test_what_was_agreed_on_is_opened_with_its_sign_and_its_noise(count, noise):
    values = [(-1) ** k * (1000 + k) for k in range(count)]
    allowed = Allowance(count, 32, noise)
    packed = pack_ciphers(KEY.public, KEY.public.encrypt_all(values), 32)

    def ada(channel):
        return Request(channel, "owner", KEY.public, packed, allowed).opened()

    opened = play({"owner": partial(opens, allowed=allowed), "ada": ada}).results["ada"]

    assert len(opened) == count
    off = [abs(a - b) for a, b in zip(opened, values, strict=True)]
    assert max(off) <= 8 * noise
    assert not noise or len({*opened} - {*values}) > 0


def test_who_asks_for_more_ciphertexts_than_agreed_is_named_and_gets_nothing():
    residuals = KEY.public.encrypt_all(range(40))

    with pytest.raises(ChannelError, match="ada asks to have 3 ciphertexts opened, and 1 were"):
        asked(pack_ciphers(KEY.public, residuals, 32), Allowance(2, 32), as_if=Allowance(40, 32))


def test_numbers_packed_above_those_agreed_on_come_back_as_random_ones():
    # Two sums were agreed on. Ada puts fourteen residuals above them, and then one at any place.
    residuals = [0, 0, *range(1, 14)]
    packed = pack_ciphers(KEY.public, KEY.public.encrypt_all(residuals), 32)
    shifted = [KEY.public.times(KEY.public.encrypt(1), 1 << place) for place in (64, 200, 507)]

    def above(part):
        return [asked([part], Allowance(2, 32))[0] >> 64 for _ in range(20)]

    for part in (*packed, *shifted):
        seen = above(part)
        assert len(set(seen)) == 20
        # The 448 bits above say nothing: as many of them are set as of a random number.
        ones = sum(value.bit_count() for value in seen) / (20 * (int(N) >> 64).bit_length())
        assert 0.44 < ones < 0.56


def test_noise_that_was_agreed_on_is_on_every_number_whatever_is_asked():
    allowed = Allowance(3, 64, 1 << 40)
    nothing = pack_ciphers(KEY.public, KEY.public.encrypt_all([0, 0, 0]), 64)

    drawn = [value for _ in range(30) for value in unpack_all(asked(nothing, allowed), 64, 7, 3)]

    assert np.std(drawn) == pytest.approx(2**40, rel=0.3)


def test_residuals_packed_above_a_partys_sums_are_not_read_and_noise_keeps_no_more_than_that():
    # A bank with two columns asks for a residual in each number that a plaintext has room for, so
    # large that noise which was made for a sum does not hide its sign, which is the label.
    settings = RegressionSettings(
        batch_size=64, gradient_noise=NoiseSettings(clip=2.0, noise=50.0), key_bits=2048
    )
    key = generate(2048)
    agreed = Scale.of(settings, 2).allowance(settings, 64, 2)
    room = slots(key.public, agreed.width)
    labels = np.random.default_rng(0).integers(0, 2, (8, room))
    right = np.zeros(room)
    for batch in labels:
        residuals = key.public.encrypt_all([(2 - 4 * int(label)) << 32 for label in batch])
        large = [key.public.times(each, 1 << (agreed.width - 37)) for each in residuals]
        packed = pack_ciphers(key.public, large, agreed.width)

        def bank(channel, packed=packed):
            asked = Allowance(room, agreed.width, agreed.noise)
            return Request(channel, "owner", key.public, packed, asked).opened()

        def owner(channel):
            open_for(channel, "bank", key, agreed, NoiseStream())

        opened = play({"owner": owner, "bank": bank}).results["bank"]
        right += (np.array(opened) < 0) == batch

    assert room > 15
    assert right[:2].tolist() == [8, 8]  # the limit: of so many numbers noise hides no label
    assert right[2:].mean() / 8 == pytest.approx(0.5, abs=0.15)
