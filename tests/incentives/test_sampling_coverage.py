"""A 95% interval of every estimator holds the true value in 92-98% of runs."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.incentives.owen import owen
from fedmerit.incentives.permutation import antithetic, permutation, truncated
from fedmerit.incentives.regression import kernel_shap, leverage
from fedmerit.incentives.semivalues import banzhaf, beta_shapley
from fedmerit.incentives.stratified import complementary, stratified, svarm

RUNS = 200
SHAPLEY = [
    permutation,
    antithetic,
    truncated,
    stratified,
    svarm,
    complementary,
    owen,
    kernel_shap,
    leverage,
]


class Formula:
    """A game of ten given by a function of the coalition matrix."""

    participants = tuple(map(str, range(10)))

    def __init__(self, worth):
        self.worth = worth


def saturating(rng):
    gain = rng.gamma(2, 0.3, 10)
    return Formula(lambda coalitions: 1 - np.exp(-(coalitions @ gain)))


def dividends(rng):
    teams, worths = rng.random((30, 10)) < 0.3, rng.normal(size=30)
    members, sizes = teams.T.astype(float), teams.sum(axis=1)
    return Formula(lambda coalitions: (coalitions @ members >= sizes) @ worths)


class Population:
    """Validation rows from a population with known values.

    Each row's game is a sum of unanimity games over fixed teams, whose dividends are
    exponential and so skewed, as losses are.
    """

    participants = tuple(map(str, range(8)))

    def __init__(self, seed, rows=100):
        shape = np.random.default_rng(0)
        self.teams = np.vstack([np.eye(8, dtype=bool), shape.random((16, 8)) < 0.4])
        self.means = shape.random(24)
        self.drawn = np.random.default_rng([9, seed]).exponential(self.means, size=(rows, 24))

    def worth_by_row(self, coalitions, /):
        complete = coalitions @ self.teams.T.astype(float) >= self.teams.sum(axis=1)
        return complete @ self.drawn.T

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)

    def truth(self):
        sizes = np.maximum(self.teams.sum(axis=1), 1)
        return (self.teams * (self.means / sizes)[:, None]).sum(axis=0)


def covered(result, truth):
    low, high = result.interval(0.95).T
    return (low <= truth) & (truth <= high)


@pytest.mark.parametrize("method", [*SHAPLEY, banzhaf, beta_shapley])
@pytest.mark.parametrize("family", [saturating, dividends])
def test_intervals_cover_the_error_of_drawing_coalitions(method, family):
    game = family(np.random.default_rng(7))
    truth = method(game, budget=1024, seed=0).values

    share = np.mean([covered(method(game, budget=360, seed=s), truth) for s in range(RUNS)])

    assert 0.92 <= share <= 0.98


@pytest.mark.parametrize("method", SHAPLEY)
def test_intervals_cover_the_error_of_drawing_validation_rows_as_well(method):
    hits = []
    for seed in range(RUNS):
        game = Population(seed)
        hits.append(covered(method(game, budget=200, seed=seed), game.truth()))

    assert 0.92 <= np.mean(hits) <= 0.98


@pytest.mark.parametrize("method", [svarm, complementary, leverage, kernel_shap])
def test_intervals_hold_at_a_small_budget_too(method):
    game = saturating(np.random.default_rng(7))
    truth = method(game, budget=1024, seed=0).values

    share = np.mean([covered(method(game, budget=100, seed=s), truth) for s in range(RUNS)])

    assert 0.92 <= share <= 0.98
