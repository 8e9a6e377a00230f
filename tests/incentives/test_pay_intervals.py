from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.incentives import Estimate, RoundInput, reward
from fedmerit.incentives.pay_intervals import (
    CORRELATED,
    DRAWS,
    correlations,
    drawn_values,
    how_many,
    pay_intervals,
)
from fedmerit.units import MICRO

SEED = bytes(range(32))
CONFIDENCE = 950_000
NORMAL_95 = 1.959964


def paying(mechanism, half_widths, budget=10**21):
    def pay(values):
        round_ = RoundInput(
            participants=tuple(f"m{i}" for i in range(len(values))),
            contributions=tuple(map(Estimate, values, half_widths)),
            rows=(1,) * len(values),
            budget=budget,
        )
        return reward(round_, mechanism=mechanism).payments

    return pay


def correlated(n, seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n + 1)) * rng.uniform(0.1, 3, size=(n, 1))
    return root @ root.T


def test_drawn_values_spread_and_move_together_as_recorded():
    covariance = correlated(5, 1) * 1e10
    spreads = np.sqrt(covariance.diagonal())
    halves = [round(NORMAL_95 * spread) for spread in spreads]
    drawn = np.asarray(
        drawn_values(
            [10**9] * 5, halves, correlations(covariance), confidence_ppm=CONFIDENCE, seed=SEED
        ),
        dtype=float,
    )

    assert drawn.shape == (DRAWS, 5)
    # Five standard errors of a mean, a spread and a correlation of 1,000 draws.
    assert np.abs(drawn.mean(axis=0) - 1e9).max() < 5 * spreads.max() / DRAWS**0.5
    assert np.abs(drawn.std(axis=0) / spreads - 1).max() < 5 / (2 * DRAWS) ** 0.5
    wanted = covariance / np.outer(spreads, spreads)
    assert np.abs(np.corrcoef(drawn.T) - wanted).max() < 5 / DRAWS**0.5


@given(n=st.integers(1, 8), rank=st.integers(0, 8), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_correlations_of_any_rank_are_drawn_from(n, rank, seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, rank))
    found = correlations(root @ root.T)
    drawn = drawn_values([0] * n, [10**6] * n, found, confidence_ppm=CONFIDENCE, seed=SEED)

    assert len(drawn) == DRAWS
    # No draw of twelve uniform numbers is more than six errors away; a factor's row has length 1.
    assert np.abs(np.asarray(drawn, dtype=float)).max() <= 6.01 * 10**6 / NORMAL_95 * n**0.5


def test_twins_are_drawn_alike_and_pay_alike():
    covariance = np.full((2, 2), 4.0)
    drawn = drawn_values(
        [5, 5], [10**9] * 2, correlations(covariance), confidence_ppm=CONFIDENCE, seed=SEED
    )

    assert all(one == other for one, other in drawn)


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    def found(seed):
        drawn = drawn_values(
            [500, 300], [100, 50], ((MICRO,), (0, MICRO)), confidence_ppm=CONFIDENCE, seed=seed
        )
        return pay_intervals(drawn, paying("proportional", [100, 50]), confidence_ppm=CONFIDENCE)

    assert found(SEED) == found(SEED)
    assert found(SEED) != found(SEED[::-1])


def test_what_is_certain_has_no_width():
    drawn = drawn_values(
        [500, 300], [0, 0], ((MICRO,), (0, MICRO)), confidence_ppm=CONFIDENCE, seed=SEED
    )
    pay = paying("proportional", [0, 0])
    found = pay_intervals(drawn, pay, confidence_ppm=CONFIDENCE)

    assert found.lows == found.highs == pay([500, 300])


def test_many_members_are_drawn_as_if_independent_and_less_often():
    n = CORRELATED + 1
    assert correlations(np.eye(n)) == ()
    drawn = drawn_values([10] * n, [5] * n, (), confidence_ppm=CONFIDENCE, seed=SEED)

    assert len(drawn) == how_many(n) < DRAWS


@pytest.mark.parametrize("mechanism", ["proportional", "confident", "equal"])
def test_intervals_hold_the_pay_at_the_true_values_about_as_often_as_they_say(mechanism):
    """Over 200 measurements of one game, every member's interval together: 92 to 98 in 100."""
    truth = np.asarray([60, 45, 30, 12], dtype=float) * 1e6
    covariance = correlated(4, 7)
    covariance *= (6e6) ** 2 / covariance.diagonal().mean()
    halves = [round(NORMAL_95 * spread) for spread in np.sqrt(covariance.diagonal())]
    right = paying(mechanism, halves)([round(value) for value in truth])
    rng, held, width = np.random.default_rng(3), [], []
    for number, measured in enumerate(rng.multivariate_normal(truth, covariance, size=200)):
        drawn = drawn_values(
            [round(value) for value in measured],
            halves,
            correlations(covariance),
            confidence_ppm=CONFIDENCE,
            seed=number.to_bytes(32, "big"),
        )[:300]
        found = pay_intervals(drawn, paying(mechanism, halves), confidence_ppm=CONFIDENCE)
        held += [
            low <= pay <= high
            for low, pay, high in zip(found.lows, right, found.highs, strict=True)
        ]
        width += [high - low for low, high in zip(found.lows, found.highs, strict=True)]

    if mechanism == "equal":
        assert all(held)
        assert not any(width)
    else:
        assert 0.92 <= np.mean(held) <= 0.98
