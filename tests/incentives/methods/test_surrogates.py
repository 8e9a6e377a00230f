"""Surrogates: what they ask for, what they answer, and that their closed forms are exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.sampling.permutation import permutation
from fedmerit.incentives.methods.surrogates import gaussian_process, regression_adjusted, surrogate

pytestmark = pytest.mark.slow

METHODS = [gaussian_process, regression_adjusted, surrogate]


class Formula:
    """A game written as a function of the coalitions, that remembers what it was asked."""

    def __init__(self, n, worth):
        self.participants = tuple(f"p{i}" for i in range(n))
        self._worth = worth
        self.asked = []

    def worth(self, coalitions, /):
        self.asked.extend(map(tuple, coalitions.tolist()))
        return self._worth(coalitions)


class Measured(Formula):
    def worth_by_row(self, coalitions, /):
        return self._worth(coalitions)

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


def saturating(n, seed=0):
    gains = np.random.default_rng(seed).gamma(2, 1.5 / n, n)
    return Formula(n, lambda rows: 2 + 1 - np.exp(-(rows @ gains)))


def relative(found, truth):
    return np.mean((found - truth) ** 2) / np.mean(truth**2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_budget_for_all_coalitions_buys_exact_values(method, n):
    game = saturating(n)

    found = method(game, budget=2**n, seed=0)

    assert np.array_equal(found.values, exact(game, budget=2**n, seed=0).values)
    assert not found.sampling_errors.any()
    assert found.evaluations == 2**n


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 3, 4, 14])
def test_the_budget_that_a_refusal_names_is_enough(method, n):
    with pytest.raises(BudgetTooSmall) as refused:
        method(saturating(n), budget=1, seed=0)

    found = method(saturating(n), budget=refused.value.needed, seed=0)

    assert found.evaluations == refused.value.needed
    with pytest.raises(BudgetTooSmall):
        method(saturating(n), budget=refused.value.needed - 1, seed=0)


@pytest.mark.parametrize("n", [6, 14])
def test_a_larger_budget_asks_for_the_same_first(n):
    small, large = saturating(n), saturating(n)

    gaussian_process(small, budget=40, seed=3)
    gaussian_process(large, budget=60, seed=3)

    assert len(set(large.asked)) == len(large.asked) == 60
    assert large.asked[:40] == small.asked


@settings(max_examples=15, deadline=None)
@given(n=st.integers(4, 7), spare=st.integers(0, 20), seed=st.integers(0, 2**32))
def test_values_add_up_and_the_budget_holds(n, spare, seed):
    worths = np.random.default_rng(seed).normal(size=2**n)
    game = Formula(n, lambda rows: worths[rows @ (1 << np.arange(n))])

    found = surrogate(game, budget=2 * n + 2 + spare, seed=seed)

    assert found.evaluations == len(set(game.asked)) <= 2 * n + 2 + spare
    assert found.values.sum() == pytest.approx(worths[-1] - worths[0], abs=1e-9)
    assert np.isfinite(found.values).all()
    assert np.linalg.eigvalsh(found.sampling_covariance).min() > -1e-9


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_the_same_numbers_again_and_another_does_not(method):
    first, again, other = (method(saturating(7), budget=40, seed=s).values for s in (1, 1, 2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("method", METHODS)
def test_validation_rows_have_values_whose_means_are_the_values(method):
    gains = np.random.default_rng(0).gamma(2, 0.2, (30, 7))
    game = Measured(7, lambda rows: 1 - np.exp(-(rows @ gains.T)))
    truth = exact(game, budget=128, seed=0)

    found = method(game, budget=80, seed=0)

    assert found.row_values.mean(axis=1) == pytest.approx(found.values, abs=1e-12)
    assert found.validation_errors == pytest.approx(truth.validation_errors, rel=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_game_is_worth_nothing_to_anybody(method):
    found = method(Formula(6, lambda rows: np.full(len(rows), 3.0)), budget=30, seed=0)

    assert found.values == pytest.approx(np.zeros(6), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [8, 14])
def test_an_additive_game_is_valued_almost_exactly(method, n):
    worth = np.arange(1.0, n + 1)

    found = method(Formula(n, lambda rows: rows @ worth), budget=120, seed=0)

    assert relative(found.values, worth) < 1e-3


@pytest.mark.parametrize("method", [gaussian_process, surrogate])
def test_a_saturating_game_is_valued_a_hundred_times_better_than_by_orders(method):
    game = saturating(10)
    truth = exact(game, budget=1024, seed=0).values

    ours = relative(method(game, budget=100, seed=0).values, truth)
    orders = [relative(permutation(game, budget=100, seed=s).values, truth) for s in range(5)]

    assert ours < np.median(orders) / 100


@pytest.mark.parametrize("n", [10, 40])
def test_an_airport_is_valued_exactly(n):
    costs = np.random.default_rng(1).random(n)
    order = np.argsort(costs)
    truth = np.empty(n)
    truth[order] = np.cumsum(np.diff(costs[order], prepend=0) / np.arange(n, 0, -1))

    game = Formula(n, lambda rows: (rows * costs).max(axis=1))
    found = surrogate(game, budget=3 * n, seed=0)

    assert found.values == pytest.approx(truth, abs=1e-12)


def test_a_vote_is_valued_better_than_by_orders():
    weights = np.random.default_rng(2).integers(1, 21, 10)
    game = Formula(10, lambda rows: (rows @ weights > weights.sum() / 2).astype(float))
    truth = exact(game, budget=1024, seed=0).values

    ours = [relative(surrogate(game, budget=200, seed=s).values, truth) for s in range(2)]
    orders = [relative(permutation(game, budget=200, seed=s).values, truth) for s in range(5)]

    assert np.median(ours) < np.median(orders) / 5


def test_nobody_may_be_worth_more_than_everyone():
    coalitions = every_coalition(7)
    game = Formula(7, lambda rows: np.where(rows.any(axis=1), -1 / (1 + rows.sum(axis=1)), 5.0))
    truth = exact(game, budget=len(coalitions), seed=0).values

    assert gaussian_process(game, budget=60, seed=0).values == pytest.approx(truth, rel=1e-3)


def test_a_game_of_few_teams_is_valued_exactly():
    rng = np.random.default_rng(4)
    teams = rng.permuted(np.arange(9) < rng.integers(1, 5, 12)[:, None], axis=1)
    dividends, sizes = rng.normal(size=12), teams.sum(axis=1)
    game = Formula(9, lambda rows: (rows @ teams.T.astype(float) >= sizes) @ dividends)

    found = surrogate(game, budget=200, seed=0)

    assert found.values == pytest.approx((dividends / sizes) @ teams, abs=1e-9)


def test_beyond_what_can_be_fitted_a_regression_values_the_rest():
    rng = np.random.default_rng(5)
    table = 0.1 * rng.normal(size=2**13)
    smooth = saturating(13)
    game = Formula(13, lambda rows: smooth._worth(rows) + table[rows @ (1 << np.arange(13))])
    truth = exact(game, budget=2**13, seed=0).values

    found = surrogate(game, budget=2500, seed=0)

    assert found.evaluations == 2500
    assert found.values.sum() == pytest.approx(truth.sum(), abs=1e-9)
    off = np.abs(found.values - truth) / found.sampling_errors
    assert off.max() < 4
    assert np.sqrt((off**2).mean()) > 0.3
