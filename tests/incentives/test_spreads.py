"""How far a mean may be off whose draws mostly agree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from fedmerit.incentives.spreads import of_mean, spread, variances


def covered(draw, truth, count, *, runs=400):
    """Give the share of 95% intervals of the mean of *count* draws that hold the truth."""
    half = stdtrit(count - 1, 0.975)
    hits = []
    for seed in range(runs):
        draws = draw(np.random.default_rng([count, seed]), count)
        off = np.abs(draws.mean(axis=0) - truth)
        hits.append(off <= half * np.sqrt(variances(draws)) + 1e-12)
    return np.mean(hits, axis=0)


@pytest.mark.parametrize("count", [12, 20, 40, 100])
@pytest.mark.parametrize("chance", [0.02, 0.05, 1 / 7, 0.4])
def test_what_comes_rarely_is_covered_where_others_show_how_far_it_jumps(count, chance):
    chances = np.array([chance, 0.5])

    held = covered(lambda rng, k: (rng.random((k, 2)) < chances).astype(float), chances, count)

    assert held[0] >= 0.9


@pytest.mark.parametrize("count", [4, 12, 50])
def test_smooth_draws_have_the_spread_that_they_show_and_no_more(count):
    draws = np.random.default_rng(count).normal(size=(count, 6)) * np.arange(1, 7)

    assert spread(draws, scale=1.0) == pytest.approx(of_mean(draws))
    assert of_mean(draws) == pytest.approx(np.cov(draws.T) / count)


def test_a_member_that_never_matters_among_smooth_others_is_worth_nothing_for_certain():
    draws = np.random.default_rng(0).normal(size=(20, 3))
    draws[:, 1] = 0

    assert variances(draws)[1] == 0


def test_a_little_noise_does_not_hide_that_draws_agree():
    rng = np.random.default_rng(0)
    votes = np.zeros((20, 3))
    votes[:8, 0], votes[8:, 2] = 1, 1
    noisy = votes + 1e-6 * rng.normal(size=votes.shape)

    assert variances(noisy)[1] == pytest.approx(variances(votes)[1], rel=1e-3)
    assert variances(votes)[1] == pytest.approx((1.5 / 20) ** 2)


def test_where_nobodys_draws_vary_one_more_could_be_as_far_off_as_they_are_from_nothing():
    constant = np.tile([3.0, 0.0, -1.0], (10, 1))

    assert variances(constant, scale=7.0) == pytest.approx([0.09 * 2.25] * 3)
    assert variances(np.zeros((10, 2)), scale=7.0) == pytest.approx([0.49 * 2.25] * 2)
    assert not variances(constant).any()  # repeats of what is not random


def test_units_and_signs_change_nothing():
    draws = (np.random.default_rng(1).random((15, 4)) < 0.2).astype(float)

    for factor in (-1.0, 1e-9, 1e9):
        assert spread(draws * factor, scale=abs(factor)) == pytest.approx(
            spread(draws, scale=1.0) * factor**2
        )
