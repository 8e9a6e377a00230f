"""The Shapley axioms, asked of every method that promises them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.incentives import TableGame, value

NAMES = ("ada", "bob", "cyd", "dan")
COALITIONS = [frozenset(c) for size in range(5) for c in combinations(NAMES, size)]
#: Below 2**4, so that permutations are truly sampled.
BUDGET = {"exact": 16, "antithetic": 15}

shapley_methods = pytest.mark.parametrize("method", ["exact", "antithetic"])
seeds = st.integers(0, 2**32)


@st.composite
def tables(draw):
    worths = draw(st.lists(st.floats(-1, 1), min_size=16, max_size=16))
    return dict(zip(COALITIONS, worths, strict=True))


def shapley(table, method, seed, names=NAMES):
    return value(TableGame(names, table), method=method, budget=BUDGET[method], seed=seed).values


@shapley_methods
@given(table=tables(), seed=seeds)
@settings(max_examples=50)
def test_values_add_up_to_the_worth_of_everyone_less_that_of_nobody(method, table, seed):
    values = shapley(table, method, seed)

    assert values.sum() == pytest.approx(table[frozenset(NAMES)] - table[frozenset()], abs=1e-12)


@shapley_methods
@given(table=tables(), seed=seeds)
@settings(max_examples=50)
def test_who_never_changes_anything_is_worth_nothing(method, table, seed):
    idle = {coalition: table[coalition - {"cyd"}] for coalition in COALITIONS}

    assert shapley(idle, method, seed)[2] == pytest.approx(0, abs=1e-12)


@given(table=tables())
def test_two_who_can_stand_in_for_each_other_are_worth_the_same(table):
    swap = {"ada": "bob", "bob": "ada"}
    both = {c: table[c] + table[frozenset(swap.get(m, m) for m in c)] for c in COALITIONS}

    values = shapley(both, "exact", 0)

    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_sampling_treats_two_who_can_stand_in_for_each_other_alike_on_average():
    rng = np.random.default_rng(3)
    by_size = {c: rng.random() for c in {(len(c - {"ada", "bob"}), len(c)) for c in COALITIONS}}
    table = {c: by_size[len(c - {"ada", "bob"}), len(c)] for c in COALITIONS}

    draws = np.array([shapley(table, "antithetic", seed) for seed in range(300)])

    gap = draws[:, 0] - draws[:, 1]
    assert abs(gap.mean()) < 3 * gap.std() / np.sqrt(len(gap))


@shapley_methods
@given(one=tables(), other=tables(), seed=seeds)
@settings(max_examples=50)
def test_the_values_of_a_sum_are_the_sum_of_the_values(method, one, other, seed):
    total = {c: one[c] + other[c] for c in COALITIONS}

    apart = shapley(one, method, seed) + shapley(other, method, seed)
    assert shapley(total, method, seed) == pytest.approx(apart, abs=1e-12)


@given(table=tables(), names=st.permutations(NAMES))
def test_exact_values_go_with_the_name_and_not_with_the_column(table, names):
    values = dict(zip(NAMES, shapley(table, "exact", 0), strict=True))
    moved = dict(zip(names, shapley(table, "exact", 0, tuple(names)), strict=True))

    assert moved == pytest.approx(values, abs=1e-12)


@given(table=tables(), seed=seeds)
def test_sampled_values_are_those_of_the_same_game_under_other_names(table, seed):
    renamed = {frozenset(m.upper() for m in c): worth for c, worth in table.items()}
    names = tuple(name.upper() for name in NAMES)

    moved = shapley(renamed, "antithetic", seed, names)

    assert moved.tolist() == shapley(table, "antithetic", seed).tolist()


def test_sampling_meets_the_exact_values_as_the_seeds_go_by():
    rng = np.random.default_rng(1)
    table = {c: rng.random() for c in COALITIONS}

    draws = np.array([shapley(table, "antithetic", seed) for seed in range(500)])

    off = draws.mean(axis=0) - shapley(table, "exact", 0)
    assert (np.abs(off) < 4 * draws.std(axis=0) / np.sqrt(len(draws))).all()


@given(seed=seeds)
@settings(max_examples=20)
def test_an_order_and_its_reverse_are_exact_where_only_pairs_interact(seed):
    rng = np.random.default_rng(0)
    singles, pairs = rng.normal(size=6), np.triu(rng.normal(size=(6, 6)), 1)

    class Quadratic:
        participants = tuple("abcdef")

        def worth(self, coalitions, /):
            inside = coalitions.astype(float)
            return inside @ singles + np.einsum("ri,ij,rj->r", inside, pairs, inside)

    result = value(Quadratic(), method="antithetic", budget=22, seed=seed)

    assert result.values == pytest.approx(singles + (pairs + pairs.T).sum(axis=1) / 2)
    assert result.sampling_errors == pytest.approx(0, abs=1e-12)


def test_another_seed_draws_other_orders():
    table = {c: float(len(c) ** 2 * ("ada" in c)) for c in COALITIONS}

    assert shapley(table, "antithetic", 0).tolist() != shapley(table, "antithetic", 1).tolist()
