"""The Shapley axioms, asked of the estimators: in every run where they claim it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.incentives.owen import owen
from fedmerit.incentives.permutation import antithetic, permutation, truncated
from fedmerit.incentives.regression import kernel_shap, leverage
from fedmerit.incentives.semivalues import banzhaf, beta_shapley, individual
from fedmerit.incentives.stratified import complementary, stratified, svarm

ORDERS = [permutation, antithetic, stratified]
FITS = [kernel_shap, leverage]
SUMS = [svarm, complementary, owen]
SEMIVALUES = [banzhaf, beta_shapley, individual]
N, BUDGET = 6, 54

seeds = st.integers(0, 2**32)
few = settings(max_examples=30)


class Table:
    """A game of six written out as 64 worths, by the code of the coalition."""

    def __init__(self, worths, names="abcdef"):
        self.participants = tuple(names)
        self.worths = worths

    def worth(self, coalitions, /):
        return self.worths[coalitions @ (1 << np.arange(N))]


tables = st.lists(st.floats(-1, 1), min_size=2**N, max_size=2**N).map(np.array)
codes = np.arange(2**N)


def values(method, worths, seed, names="abcdef"):
    return method(Table(worths, names), budget=BUDGET, seed=seed).values


@pytest.mark.parametrize("method", ORDERS + FITS)
@given(worths=tables, seed=seeds)
@few
def test_values_add_up_to_the_worth_of_everyone_less_that_of_nobody(method, worths, seed):
    assert values(method, worths, seed).sum() == pytest.approx(worths[-1] - worths[0], abs=1e-9)


@given(worths=tables, seed=seeds)
@few
def test_truncated_orders_add_up_to_within_their_tolerance(worths, seed):
    gap = worths[-1] - worths[0]

    assert abs(values(truncated, worths, seed).sum() - gap) <= 0.01 * abs(gap) + 1e-12


@pytest.mark.parametrize("method", [*SUMS, *FITS])
def test_values_add_up_on_average(method):
    worths = np.random.default_rng(4).random(2**N)

    sums = np.array([values(method, worths, seed).sum() for seed in range(300)])

    off = abs(sums.mean() - (worths[-1] - worths[0]))
    assert off <= 4 * sums.std() / np.sqrt(len(sums)) + 1e-9


@pytest.mark.parametrize("method", [*ORDERS, truncated, owen, individual])
@given(worths=tables, seed=seeds, who=st.integers(0, N - 1))
@few
def test_who_never_changes_anything_is_worth_nothing(method, worths, seed, who):
    idle = worths[codes & ~(1 << who)]

    assert values(method, idle, seed)[who] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("method", [svarm, complementary, *FITS, banzhaf, beta_shapley])
def test_who_never_changes_anything_is_worth_nothing_on_average(method):
    idle = np.random.default_rng(5).random(2**N)[codes & ~4]

    draws = np.array([values(method, idle, seed)[2] for seed in range(300)])

    assert abs(draws.mean()) <= 4 * draws.std() / np.sqrt(len(draws))


@pytest.mark.parametrize("method", ORDERS + FITS + SUMS + SEMIVALUES)
@given(one=tables, other=tables, seed=seeds)
@few
def test_the_values_of_a_sum_are_the_sum_of_the_values(method, one, other, seed):
    apart = values(method, one, seed) + values(method, other, seed)

    assert values(method, one + other, seed) == pytest.approx(apart, abs=1e-9)


@pytest.mark.parametrize("method", [*ORDERS, truncated, *FITS, *SUMS, banzhaf, beta_shapley])
def test_two_who_can_stand_in_for_each_other_are_worth_the_same_on_average(method):
    swapped = codes & ~3 | (codes & 1) << 1 | (codes & 2) >> 1
    worths = np.random.default_rng(6).random(2**N)
    worths = worths + worths[swapped]

    draws = np.array([values(method, worths, seed) for seed in range(300)])

    gap = draws[:, 0] - draws[:, 1]
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(len(gap))


@pytest.mark.parametrize("method", [*ORDERS, truncated, *FITS, *SUMS, *SEMIVALUES])
@given(worths=tables, seed=seeds)
@settings(max_examples=10)
def test_values_are_those_of_the_same_game_under_other_names(method, worths, seed):
    renamed = values(method, worths, seed, "uvwxyz")

    assert renamed.tolist() == values(method, worths, seed).tolist()
