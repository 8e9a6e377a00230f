"""Noise is drawn under a whole key, on a grid, and as often as its law says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from fedmerit import csprng
from fedmerit.csprng import NoiseStream


def test_secrets_that_agree_in_their_lower_32_bits_give_other_noise():
    # torch's generator on the CPU keeps 32 bits of a seed: these two draw alike there.
    one, other = 5, 5 + (77 << 32)

    streams = [NoiseStream.of_secret(secret, "bank") for secret in (one, other, one)]
    drawn = [stream.discrete_gaussian(50, 1 << 20) for stream in streams]

    assert np.array_equal(drawn[0], drawn[2])
    assert (drawn[0] != drawn[1]).sum() > 45


def test_every_bit_of_a_key_counts_and_each_party_has_a_stream_of_its_own():
    key = bytes(range(32))
    flipped = [
        bytes(byte ^ (1 << bit if at == place else 0) for at, byte in enumerate(key))
        for place in range(32)
        for bit in (0, 7)
    ]

    streams = [NoiseStream(k) for k in (key, *flipped)]
    streams += [NoiseStream.of_secret(1, name) for name in ("bank", "shop")]

    first = [tuple(stream.discrete_gaussian(4, 1 << 20).tolist()) for stream in streams]
    assert len(set(first)) == len(first)


def test_without_a_secret_two_streams_differ():
    drawn = [NoiseStream().discrete_gaussian(8, 1 << 20).tolist() for _ in range(2)]

    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("scale", [1, 2, 3, 10])
def test_discrete_noise_is_as_frequent_as_its_law_says(scale):
    drawn = Counter(NoiseStream.of_secret(0, "law").discrete_gaussian(60_000, scale).tolist())

    ends = range(-3 * scale, 3 * scale + 1)
    every = np.arange(-40 * scale, 40 * scale + 1)
    weights = dict(zip(every.tolist(), np.exp(-(every**2) / (2 * scale**2)), strict=True))
    chances = np.array([weights[value] for value in ends]) / sum(weights.values())
    observed = np.array([drawn[value] for value in ends])
    rest = 60_000 - observed.sum()
    assert (
        chisquare([*observed, rest], 60_000 * np.array([*chances, 1 - chances.sum()])).pvalue
        > 0.001
    )


@pytest.mark.parametrize("scale", [1 << 20, (1 << 60) + 7, (1 << 300) + 12345])
def test_noise_of_a_large_scale_is_normal_in_any_length_of_numbers(scale):
    drawn = NoiseStream.of_secret(3, "law").discrete_gaussian(2_000, scale)

    assert kstest([float(value * 2**20 // scale) / 2**20 for value in drawn], "norm").pvalue > 0.01


def test_a_stretch_that_is_begun_again_draws_the_same_and_any_other_something_else():
    stream = NoiseStream()

    def drawn(*place):
        stream.begin(*place)
        return (stream.token(7), stream.below(1000), tuple(stream.discrete_gaussian(5, 1 << 20)))

    first = drawn("epoch", 1)
    places = [("epoch", 2), ("epoch1",), ("epoc", "h1"), ("epoch", 1, ""), ("start",)]

    assert len({first, *(drawn(*place) for place in places)}) == 6
    assert drawn("epoch", 1) == first
    assert stream.branch("epoch", 1).token(7) != first[0]


def test_a_branch_does_not_depend_on_what_was_drawn():
    stream = NoiseStream()
    before = stream.branch("bases").token(40)
    stream.begin("epoch", 3)
    stream.token(5)

    assert stream.branch("bases").token(40) == before


def test_whole_numbers_of_a_stream_are_even():
    stream = NoiseStream.of_secret(0, "even")

    counts = Counter(stream.below(7) for _ in range(7_000))
    orders = Counter(tuple(stream.permutation(3).tolist()) for _ in range(6_000))

    assert chisquare([counts[k] for k in range(7)]).pvalue > 0.001
    assert len(orders) == 6
    assert chisquare(list(orders.values())).pvalue > 0.001
    assert {stream.bits(3) for _ in range(200)} == set(range(8))
    assert stream.below(1) == stream.bits(0) == 0


def test_an_order_is_one_of_all():
    drawn = csprng.permutation(50)

    assert sorted(drawn.tolist()) == list(range(50))
    assert Counter(tuple(csprng.permutation(3).tolist()) for _ in range(600)).keys() == {
        *((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)),
    }
