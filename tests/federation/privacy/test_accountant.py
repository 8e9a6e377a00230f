"""Epsilons are those of the field's own accountants."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fedmerit.errors import TrainingError
from fedmerit.federation.privacy.accountant import (
    distinguishable,
    gaussian_epsilon,
    sampled_epsilon,
)
from fedmerit.federation.privacy.noise import NoiseSettings


@pytest.mark.parametrize(
    ("rate", "noise", "steps", "renyi", "tight"),
    [
        (0.01, 1.1, 10_000, 5.632, 5.193),
        (0.01, 1.1, 1_000, 1.712, 1.515),
        (256 / 60_000, 1.3, 4_688, 1.107, 1.007),
        (0.01, 4, 10_000, 1.035, 0.947),
        (1, 1, 1, 4.729, 4.377),
    ],
)
def test_sampled_epsilons_are_the_references(rate, noise, steps, renyi, tight):
    # dp-accounting's RDP and PLD accountants, which Opacus agrees with.
    found = sampled_epsilon(rate, noise, steps, 1e-5)

    assert found == pytest.approx(renyi, abs=0.005)
    assert found > tight


def test_the_exact_epsilon_of_one_gaussian_is_the_privacy_loss_distributions():
    assert gaussian_epsilon(1, 1e-5) == pytest.approx(4.377, abs=0.001)


def test_mechanisms_one_after_another_add_in_squares():
    four = gaussian_epsilon(2 * 0.3, 1e-5)

    assert four < sampled_epsilon(1, 1 / 0.3, 4, 1e-5)
    assert four > gaussian_epsilon(0.3, 1e-5)


def test_no_noise_is_no_privacy_and_no_sensitivity_costs_none():
    assert sampled_epsilon(0.5, 0, 1, 1e-5) == gaussian_epsilon(inf, 1e-5) == inf
    assert gaussian_epsilon(0, 1e-5) == 0
    assert NoiseSettings(clip=1).epsilon(3, 1e-5) == inf


def test_the_best_attack_on_a_gaussian_is_as_good_as_stated():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 40_000)

    found = roc_auc_score(truth, 0.7 * truth + rng.normal(size=len(truth)))

    assert found == pytest.approx(distinguishable(0.7), abs=0.01)
    assert distinguishable(0) == 0.5


def test_noise_is_never_added_without_a_clipping_norm():
    with pytest.raises(TrainingError, match="without a clipping norm protects nothing"):
        NoiseSettings(noise=1.3)


@pytest.mark.parametrize("wrong", [{"clip": 0}, {"clip": 1, "noise": -1}, {"micro_batch": 0}])
def test_what_is_no_protection_is_refused(wrong):
    with pytest.raises(TrainingError):
        NoiseSettings(**wrong)


@pytest.mark.parametrize("delta", [0, 1, -0.1])
def test_a_delta_that_is_no_probability_is_refused(delta):
    with pytest.raises(TrainingError, match="delta"):
        gaussian_epsilon(1, delta)
