"""Clipped and noised numbers: their norms, their grid, and what an attacker reads off them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.csprng import NoiseStream
from fedmerit.federation.privacy.accountant import distinguishable
from fedmerit.federation.privacy.noise import SCALE, NoiseSettings


class Silent:
    """A stream without noise, so that what is hidden can be looked at."""

    def discrete_gaussian(self, count, _scale):
        return np.zeros(count, dtype=np.int64)


@given(
    rows=st.integers(1, 9),
    size=st.integers(1, 4),
    scale=st.floats(1e-6, 1e6),
    clip=st.floats(1e-3, 1e3),
    seed=st.integers(0, 99),
)
def test_no_micro_batch_is_longer_than_the_clip_before_its_noise(rows, size, scale, clip, seed):
    values = scale * np.random.default_rng(seed).normal(size=(rows, 3))
    noise = NoiseSettings(clip=clip, noise=0.7, micro_batch=size)

    sent = noise.message(values, Silent())

    parts = np.split(sent, range(size, rows, size))
    assert max(np.linalg.norm(part) for part in parts) <= clip
    assert np.linalg.norm(noise.step(values[:1], Silent())) <= clip


def test_a_long_row_is_cut_to_the_clip_and_a_short_one_is_left():
    noise = NoiseSettings(clip=1.0, noise=2.0)

    sent = noise.message(np.array([[3.0, 4.0], [0.3, 0.4]]), Silent())

    assert sent == pytest.approx(np.array([[0.6, 0.8], [0.3, 0.4]]), abs=1e-5)


@pytest.mark.parametrize("value", [0.0, 1 / 3, 0.1, 1e-9, -0.7777])
def test_the_last_bits_of_a_noised_number_do_not_depend_on_what_it_hides(value):
    # Mironov (2012): floating-point noise reaches other numbers from 0 than from 1/3.
    noise = NoiseSettings(clip=0.9, noise=1.7)

    sent = noise.message(np.full((500, 1), value), NoiseStream.of_secret(1, "bits"))

    units = sent / (0.9 * 1.7 / SCALE)
    assert np.abs(units - np.rint(units)).max() < 1e-6
    assert len({int(unit) % 2 for unit in np.rint(units).ravel()}) == 2


def test_an_attacker_that_knows_both_values_tells_them_apart_no_better_than_stated():
    noise = NoiseSettings(clip=1.0, noise=8.0)
    stream = NoiseStream.of_secret(2, "two values")
    rows = np.repeat([[1.0, 0.0], [-1.0, 0.0]], 20_000, axis=0)

    sent = noise.message(rows, stream)[:, 0]

    first, second = np.sort(sent[:20_000]), sent[20_000:]
    area = np.searchsorted(first, second).mean() / 20_000
    assert 1 - area == pytest.approx(distinguishable(noise.mu(1)), abs=0.01)


def test_each_message_and_each_step_adds_in_squares():
    noise = NoiseSettings(clip=1.0, noise=4.0)

    assert noise.mu(8) == pytest.approx(2 * noise.mu(2))
    assert noise.mu(4) == pytest.approx(1.0)


def test_noise_is_as_large_as_asked_on_messages_and_on_steps():
    noise = NoiseSettings(clip=0.5, noise=3.0)
    stream = NoiseStream.of_secret(4, "size")

    message = noise.message(np.zeros((3_000, 2)), stream)
    steps = np.stack([noise.step(np.zeros((5, 4)), stream) for _ in range(1_500)])

    assert message.std() == pytest.approx(1.5, rel=0.03)
    assert steps.std() == pytest.approx(1.5, rel=0.03)
