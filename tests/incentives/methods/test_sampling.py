"""What every estimator promises: its budget, its draws, and where they lead."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives import CachedGame, RecordedGame, TableGame
from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.sampling.owen import owen
from fedmerit.incentives.methods.sampling.permutation import antithetic, permutation, truncated
from fedmerit.incentives.methods.sampling.regression import kernel_shap, leverage
from fedmerit.incentives.methods.sampling.semivalues import banzhaf, beta_shapley, individual
from fedmerit.incentives.methods.sampling.stratified import complementary, stratified, svarm

SHAPLEY = {
    "permutation": permutation,
    "antithetic": antithetic,
    "tmc": truncated,
    "stratified": stratified,
    "svarm": svarm,
    "complementary": complementary,
    "owen": owen,
    "kernel-shap": kernel_shap,
    "leverage": leverage,
}
SEMIVALUES = {"banzhaf": banzhaf, "beta-shapley": beta_shapley}
SAMPLERS = SHAPLEY | SEMIVALUES
EVERY = SAMPLERS | {"individual": individual}
#: With ten participants.
NEEDED = {
    "permutation": 20,
    "antithetic": 38,
    "tmc": 20,
    "stratified": 162,
    "svarm": 62,
    "complementary": 62,
    "owen": 44,
    "kernel-shap": 26,
    "leverage": 38,
    "banzhaf": 4,
    "beta-shapley": 62,
    "individual": 11,
}

every = pytest.mark.parametrize("method", EVERY.values(), ids=EVERY.keys())
samplers = pytest.mark.parametrize("method", SAMPLERS.values(), ids=SAMPLERS.keys())
shapley = pytest.mark.parametrize("method", SHAPLEY.values(), ids=SHAPLEY.keys())


class Random:
    """A game of random worths, measured on validation rows, that notes what it is asked."""

    def __init__(self, n, rows=3, seed=0):
        self.participants = tuple(f"p{i}" for i in range(n))
        self.table = np.random.default_rng(seed).normal(size=(2**n, rows))
        self.asked = set()

    def worth_by_row(self, coalitions, /):
        self.asked.update(map(tuple, coalitions.tolist()))
        return self.table[coalitions @ (1 << np.arange(len(self.participants)))]

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


@every
@given(n=st.integers(1, 12), budget=st.integers(1, 300), seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_no_more_distinct_coalitions_are_asked_for_than_the_budget(method, n, budget, seed):
    game = Random(n, rows=1)

    try:
        result = method(game, budget=budget, seed=seed)
    except BudgetTooSmall as error:
        assert not game.asked
        budget = error.needed
        result = method(game, budget=budget, seed=seed)

    assert len(game.asked) == result.evaluations <= budget


@pytest.mark.parametrize("name", EVERY)
def test_the_least_budget_works_and_one_less_does_not(name):
    game = Random(10)

    with pytest.raises(BudgetTooSmall, match=name) as caught:
        EVERY[name](game, budget=NEEDED[name] - 1, seed=0)

    assert not game.asked
    assert caught.value.needed == NEEDED[name]
    result = EVERY[name](game, budget=NEEDED[name], seed=0)
    assert result.method == name
    assert np.isfinite(result.interval()).all()


@every
@pytest.mark.parametrize(("smaller", "larger"), [(170, 171), (170, 500), (300, 1024)])
def test_a_larger_budget_goes_on_where_a_smaller_one_stopped(method, smaller, larger):
    game = CachedGame(Random(10))

    method(game, budget=smaller, seed=3)
    result = method(game, budget=larger, seed=3)

    assert game.evaluations == result.evaluations


@samplers
def test_coalitions_do_not_depend_on_how_many_more_the_budget_allows(method):
    seen = CachedGame(Random(12))
    method(seen, budget=400, seed=1)
    listed = [tuple(row) for row in seen.table()[0].tolist()]

    longer = CachedGame(Random(12))
    method(longer, budget=900, seed=1)

    assert set(listed) < {tuple(row) for row in longer.table()[0].tolist()}


@every
def test_the_same_seed_gives_the_same_numbers_from_a_cache_and_from_a_record(method):
    cached = CachedGame(Random(8))
    first = method(cached, budget=120, seed=5)
    recorded = RecordedGame(cached.participants, *cached.table())

    for game in (cached, recorded):
        again = method(game, budget=120, seed=5)

        assert again.values.tolist() == first.values.tolist()
        assert again.sampling_covariance.tolist() == first.sampling_covariance.tolist()
        assert again.evaluations == first.evaluations


@samplers
def test_another_seed_draws_otherwise(method):
    one, other = (method(Random(8), budget=120, seed=seed) for seed in (0, 1))

    assert one.values.tolist() != other.values.tolist()


@samplers
def test_values_of_validation_rows_average_to_the_values(method):
    result = method(Random(8, rows=7), budget=120, seed=0)

    assert result.row_values.shape == (8, 7)
    assert result.row_values.mean(axis=1) == pytest.approx(result.values)
    assert (result.validation_errors > 0).all()


@samplers
def test_a_covariance_is_symmetric_and_no_direction_has_a_negative_one(method):
    covariance = method(Random(8), budget=120, seed=0).sampling_covariance

    assert covariance == pytest.approx(covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-12


@shapley
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_a_budget_for_all_coalitions_gives_the_exact_values(method, n):
    game = Random(n)

    result = method(game, budget=2**n, seed=0)

    assert result.values.tolist() == exact(game, budget=2**n, seed=0).values.tolist()
    assert result.sampling_errors.tolist() == [0] * n
    assert result.errors == "none"


@pytest.mark.parametrize("name", sorted(SAMPLERS.keys() - {"tmc"}))
def test_estimates_meet_their_target_as_the_seeds_go_by(name):
    game, method = Random(6, rows=1), SAMPLERS[name]
    target = method(game, budget=64, seed=0).values

    draws = np.array([method(game, budget=54, seed=seed).values for seed in range(400)])

    off = np.abs(draws.mean(axis=0) - target)
    # The fits are unbiased only in the limit: a tenth of their spread is let pass.
    slack = 0.1 if name in {"kernel-shap", "leverage"} else 0
    assert (off < (4 / np.sqrt(len(draws)) + slack) * draws.std(axis=0)).all()


@samplers
def test_an_additive_game_is_valued_without_error_or_with_one_that_is_stated(method):
    gains = np.array([3.0, -1.0, 0.0, 2.0, 5.0, 1.0, -4.0, 0.5])

    class Additive:
        participants = tuple("abcdefgh")

        def worth(self, coalitions, /):
            return 1 + (coalitions * gains).sum(axis=1)

    result = method(Additive(), budget=150, seed=0)

    assert (np.abs(result.values - gains) <= 5 * result.sampling_errors + 1e-9).all()


@pytest.mark.parametrize("method", [kernel_shap, leverage, permutation, stratified])
def test_an_additive_game_leaves_these_no_error_but_what_draws_cannot_show(method):
    gains = np.arange(8.0)

    class Additive:
        participants = tuple("abcdefgh")

        def worth(self, coalitions, /):
            return (coalitions * gains).sum(axis=1)

    result = method(Additive(), budget=150, seed=0)

    assert result.values == pytest.approx(gains)
    # Of draws that all agree one more may differ, by as much as anybody is worth.
    draws = result.sampling_degrees + 1 if method in {permutation, stratified} else np.inf
    assert result.sampling_errors == pytest.approx(1.5 * gains.max() / draws, abs=1e-9)


@pytest.mark.parametrize("method", [svarm, complementary, stratified])
def test_what_depends_on_size_alone_leaves_no_error_but_what_draws_cannot_show(method):
    class Sized:
        participants = tuple("abcdefgh")

        def worth(self, coalitions, /):
            return np.sqrt(coalitions.sum(axis=1))

    result = method(Sized(), budget=120, seed=0)

    assert result.values == pytest.approx(np.sqrt(8) / 8)
    draws = result.sampling_degrees + 1 if method is stratified else np.inf
    assert result.sampling_errors == pytest.approx(1.5 * np.sqrt(8) / 8 / draws, abs=1e-9)


def test_truncation_spends_less_on_an_order_and_misses_at_most_one_percent():
    class Saturated:
        participants = tuple(map(str, range(12)))

        def worth(self, coalitions, /):
            return 1 - np.exp(-1.5 * coalitions.sum(axis=1))

    cut = truncated(Saturated(), budget=200, seed=0)
    whole = permutation(Saturated(), budget=200, seed=0)

    assert cut.sampling_degrees > 1.5 * whole.sampling_degrees  # more orders
    everything = 1 - np.exp(-18)
    assert 0.99 * everything <= cut.values.sum() <= everything


@every
def test_names_that_repeat_are_refused(method):
    class Twins:
        participants = ("ada", "ada")

        def worth(self, coalitions, /):
            return coalitions.sum(axis=1)

    with pytest.raises(GameError, match="ada"):
        method(Twins(), budget=100, seed=0)


def test_weighted_majority_has_its_banzhaf_index():
    weights = np.array([4, 3, 2, 1])

    class Votes:
        participants = tuple("abcd")

        def worth(self, coalitions, /):
            return (coalitions @ weights >= 6).astype(float)

    assert banzhaf(Votes(), budget=16, seed=0).values == pytest.approx([5 / 8, 3 / 8, 3 / 8, 1 / 8])


def test_beta_shapley_weighs_marginal_contributions_by_the_density_of_the_others():
    n, game = 5, Random(5, rows=1)
    coalitions = every_coalition(n)
    worths = game.table[:, 0]
    density = (np.arange(20000) + 0.5) / 20000
    prior = 16 * (1 - density) ** 15  # of Beta(16, 1): mean 1 / 17

    values = beta_shapley(game, budget=2**n, seed=0).values

    for i in range(n):
        joined = np.zeros(len(density))
        for code in np.flatnonzero(~coalitions[:, i]):
            size = coalitions[code].sum()
            chance = density**size * (1 - density) ** (n - 1 - size)
            joined += chance * (worths[code | 1 << i] - worths[code])
        assert values[i] == pytest.approx((prior * joined).mean(), abs=1e-6)


def test_individual_is_what_each_adds_to_nobody():
    game = TableGame(("ada", "bob"), {frozenset(): 1.0, frozenset({"ada"}): 4.0})

    result = individual(game, budget=3, seed=0)

    assert result.values.tolist() == [3, -1]
    assert result.evaluations == 3
