"""Small games that were once valued wrongly, each with its right values."""

from __future__ import annotations

import numpy as np
import pytest
from readable import readable

from fedmerit.incentives import METHODS, TableGame, value
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods import SHAPLEY, choice
from fedmerit.incentives.methods.enumeration import every_coalition, shapley_of_table
from fedmerit.incentives.methods.interactions import interactions
from fedmerit.incentives.methods.stopping import Narrow

SAMPLERS = ("permutation", "antithetic", "tmc", "owen", "svarm", "leverage", "stratified")


class Formula:
    """A game given by a function of the coalition matrix."""

    def __init__(self, n, worth):
        self.participants = tuple(map(str, range(n)))
        self.worth = worth


def table(worths):
    """Give a game of a whole table, by the coalitions' codes."""
    n = len(worths).bit_length() - 1
    return Formula(n, lambda coalitions: worths[coalitions @ (1 << np.arange(n))])


def level(n=4):
    """Everyone together is worth as much as nobody, and some are worth more."""
    worths = np.zeros(2**n)
    worths[[3, 13]] = 20, 10
    return table(worths)


LEVEL = np.array([2.5, -5 / 6, -5 / 6, -5 / 6])


def majority(n=7):
    return Formula(n, lambda coalitions: (coalitions.sum(axis=1) > n / 2).astype(float))


def holding(result, truth):
    low, high = result.interval().T
    return (low - 1e-9 <= truth) & (truth <= high + 1e-9)


@pytest.mark.parametrize("method", SHAPLEY)
def test_where_everyone_is_worth_what_nobody_is_the_values_are_right(method):
    found = value(level(), method=method, budget=16, seed=0)

    assert found.values == pytest.approx(LEVEL)
    assert not found.standard_errors.any()


def test_tmc_stops_no_order_at_a_share_of_nothing():
    draws = [value(level(), method="tmc", budget=15, seed=seed) for seed in range(40)]

    assert np.mean([found.values for found in draws], axis=0) == pytest.approx(LEVEL, abs=1)
    assert min(found.evaluations for found in draws) > 8
    assert np.mean([holding(found, LEVEL) for found in draws]) > 0.9
    # A rest of what float arithmetic leaves of a shift is a share of nothing too.
    shifted = Formula(4, lambda coalitions: 0.1 + level().worth(coalitions) + 1e6)
    assert value(shifted, method="tmc", budget=15, seed=0).evaluations > 8


@pytest.mark.parametrize("method", ["auto", "surrogate", "gp"])
@pytest.mark.parametrize("budget", [10, 12, 15])
def test_no_error_is_larger_than_worths_could_make_it(method, budget):
    found = value(level(), method=method, budget=budget, seed=1)

    assert found.standard_errors.max() <= 2 * 20


def test_auto_draws_orders_where_models_could_not_be_tested_or_take_too_long():
    assert choice(4, 12)[0] == choice(6, 19)[0] == "permutation"
    assert "too few to say how far it is off" in choice(5, 12)[1]
    assert choice(6, 20)[0] == choice(10, 30)[0] == choice(100, 202)[0] == "surrogate"
    method, reason = choice(500, 1002)
    assert method == "permutation"
    assert "500 participants" in reason
    assert choice(10, 100, price=1.0)[0] == "surrogate"
    method, reason = choice(10, 100, price=1e-5)
    assert method == "permutation"
    assert "a larger budget buys more" in reason


def test_five_hundred_who_work_in_pairs_are_valued_in_a_moment_with_intervals_that_hold():
    amounts = np.random.default_rng(0).random(500) / 10
    truth = amounts + amounts * (amounts.sum() - amounts) / 50

    def worth(coalitions):
        total = coalitions @ amounts
        return total + (total**2 - coalitions @ amounts**2) / 50

    found = value(Formula(500, worth), budget=1002, seed=0)

    assert found.method == "permutation"
    assert found.evaluations <= 1002
    assert holding(found, truth).mean() > 0.9


@pytest.mark.parametrize("method", ["owen", "permutation", "antithetic", "tmc"])
def test_a_majority_that_two_draws_agree_on_does_not_stop_an_estimate(method):
    rule = Narrow(0.1)

    found = [
        value(majority(), method=method, budget=110, seed=seed, until=[rule]) for seed in range(15)
    ]

    stopped = [result for result in found if result.evaluations < 90]
    assert all(result.sampling_degrees >= 11 for result in stopped)
    assert np.mean([holding(result, 1 / 7).mean() for result in found]) >= 0.9


@pytest.mark.parametrize("method", ["owen", "permutation", "antithetic", "stratified"])
def test_draws_that_all_agree_leave_an_error_where_the_rest_could_differ(method):
    # One of 12 who decides alone and eleven who never do, and a game that is as it looks.
    dictator = Formula(12, lambda coalitions: coalitions[:, 0].astype(float))

    found = METHODS[method](dictator, budget=300, seed=0)

    draws = found.sampling_degrees + 1
    assert found.values == pytest.approx(np.eye(12)[0])
    assert found.sampling_errors == pytest.approx(1.5 / draws, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["owen", "permutation", "antithetic", "svarm", "leverage"])
@pytest.mark.parametrize("game", ["votes", "saturating"])
def test_intervals_hold_what_they_say_when_their_width_has_stopped_the_estimate(method, game):
    hits, stopped = [], 0
    for seed in range(100):
        rng = np.random.default_rng([8, seed])
        coalitions = every_coalition(9)
        if game == "votes":
            weights = rng.integers(1, 10, 9)
            worths = (coalitions @ weights > weights.sum() / 2).astype(float)
        else:
            worths = 1 - np.exp(-(coalitions @ rng.gamma(2, 0.25, 9)))
        width = 0.25 if game == "votes" else 0.08
        found = value(table(worths), method=method, budget=500, seed=seed, until=[Narrow(width)])
        stopped += found.evaluations < 400
        hits.append(holding(found, shapley_of_table(worths)))

    assert stopped > 10
    assert np.mean(hits) >= 0.92


def test_duplicates_are_a_coin_and_near_duplicates_no_more():
    rng = np.random.default_rng(1)
    rows = rng.random((200, 3))
    rows[:, 1] = rows[:, 0]

    class Rows:
        participants = ("ada", "copy", "cyd")
        resolution = 1e-6

        def worth_by_row(self, coalitions, /):
            return 0.1 + coalitions @ rows.T

        def worth(self, coalitions, /):
            return self.worth_by_row(coalitions).mean(axis=1)

    same = value(Rows(), method="exact", budget=8, seed=0)
    rows[7, 1] += 1e-6  # one row's millionth
    near = value(Rows(), method="exact", budget=8, seed=0)

    assert same.outranks()[0, 1] == 0.5
    assert near.outranks()[0, 1] == 0.5
    assert near.outranks()[0, 2] in (pytest.approx(0, abs=0.5), pytest.approx(1, abs=0.5))
    # Without a resolution of its own a game is as exact as float arithmetic.
    gap = TableGame(("a", "b"), {frozenset("a"): 0.3, frozenset("b"): 0.1 + 0.2})
    assert value(gap, method="exact", budget=4, seed=0).outranks()[0, 1] == 0.5
    sure = TableGame(("a", "b"), {frozenset("a"): 0.3, frozenset("b"): 0.3 + 1e-9})
    assert value(sure, method="exact", budget=4, seed=0).outranks()[1, 0] == 1


def test_an_accuracy_on_twenty_rows_does_not_state_an_error_of_nothing():
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(60):
        # A member changes one row in ten for the better: on twenty rows perhaps none.
        helps = rng.random((20, 3)) < (0.1, 0.4, 0.4)
        rows = helps.astype(float)

        class Accuracy:
            participants = ("ada", "bob", "cyd")

            def worth_by_row(self, coalitions, rows=rows, /):
                return (coalitions @ rows.T > 0).astype(float)

            def worth(self, coalitions, /):
                return self.worth_by_row(coalitions).mean(axis=1)

        found = value(Accuracy(), method="exact", budget=8, seed=0)
        hits.append(holding(found, expected()))
        assert (found.standard_errors > 0).all()

    assert np.mean(hits) >= 0.9


def expected():
    """Give the values of the accuracy above on a row drawn at random."""
    coalitions = every_coalition(3)
    return shapley_of_table(1 - np.prod(1 - coalitions * np.array([0.1, 0.4, 0.4]), axis=1))


def test_scores_that_state_no_error_state_no_chance_either():
    rng = np.random.default_rng(0)

    class Run:
        participants = ("ada", "bob")
        present = np.ones((2, 2), dtype=bool)
        weights = np.full((2, 2), 0.5)
        updates, gradients = rng.normal(size=(2, 2, 3)), rng.normal(size=(2, 3))

        def worth(self, coalitions, /):
            return np.zeros(len(coalitions))

    for method in ("cgsv", "gradient-alignment"):
        found = value(Run(), method=method, budget=0, seed=0)
        assert found.errors == "unstated"
        assert np.isinf(found.standard_errors).all()
        assert np.isnan(found.outranks()[0, 1])


@pytest.mark.parametrize("name", ["gtg", "comfedsv"])
def test_a_run_of_which_all_coalitions_are_bought_has_exact_values(name):
    rng = np.random.default_rng(2)
    present = np.array([[True] * 4, [True, True, False, True]])
    worths = rng.normal(size=(2, 16))
    rounds = [
        Formula(4, lambda c, w=w, here=here: w[(c & here) @ (1 << np.arange(4))])
        for w, here in zip(worths, present, strict=True)
    ]
    everyone = SummedGame([table(w) for w in worths])

    found = value(SummedGame(rounds, present), method=name, budget=24, seed=0)

    assert found.evaluations == 24
    if name == "gtg":  # each round among those who were there
        truth = sum(value(round_, method="exact", budget=16, seed=0).values for round_ in rounds)
        assert found.values == pytest.approx(truth)
        assert found.errors == "none"
    else:  # as if everyone had been in each, of which the second had to be completed
        full = value(everyone, method="comfedsv", budget=32, seed=0)
        truth = shapley_of_table(worths.sum(axis=0))
        assert full.values == pytest.approx(truth)
        assert full.errors == "none"
        assert (found.standard_errors > 0).all()


@pytest.mark.parametrize("rounds", [9, 10, 15, 30])
def test_comfedsv_completes_one_trait_with_one_number_whatever_the_seed(rounds):
    # What a coalition adds is one curve, smaller round by round: rank one.
    weights = np.array([0.5, 0.8, 1.1, 1.4])
    sizes = np.exp(-0.1 * np.arange(rounds))
    rng = np.random.default_rng(5)
    present = np.array([rng.permutation(4) < 2 for _ in range(rounds)])
    present[0] = True
    made = [
        Formula(4, lambda c, s=size, here=here: s * ((c & here) @ weights) ** 0.8)
        for size, here in zip(sizes, present, strict=True)
    ]
    truth = sizes.sum() * shapley_of_table((every_coalition(4) @ weights) ** 0.8)

    results = [
        value(SummedGame(made, present), method="comfedsv", budget=9 * rounds, seed=seed)
        for seed in range(3)
    ]

    for found in results:
        assert found.values == pytest.approx(truth, rel=0.02)
        assert holding(found, truth).all()
        assert found.standard_errors.max() < 0.1 * truth.max()
        assert not found.reason


def test_comfedsv_says_that_it_extrapolates_where_no_round_is_full():
    present = np.array([[True, True, False], [False, True, True], [True, False, True]] * 2)
    made = [Formula(3, lambda c, here=here: np.sqrt((c & here).sum(axis=1))) for here in present]

    found = value(SummedGame(made, present), method="comfedsv", budget=30, seed=0)

    assert "no round has everyone" in found.reason
    assert found.values.min() > 6 * np.sqrt(3) / 3  # too much, as it says


@pytest.mark.parametrize("method", ["gp", "surrogate", "trees"])
def test_fitted_methods_do_not_break_where_squares_do_not_fit(method):
    rng = np.random.default_rng(0)
    worths = 1 - np.exp(-(every_coalition(5) @ rng.gamma(2, 0.3, 5))) + 0.05 * rng.normal(size=32)

    plain, huge, tiny = (
        value(table(worths * size), method=method, budget=20, seed=1).values
        for size in (1, 1e200, 1e-200)
    )

    assert huge / 1e200 == pytest.approx(plain, abs=2e-3)
    assert tiny * 1e200 == pytest.approx(plain, abs=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "budget"), [(5, 31), (5, 28), (6, 60)])
def test_trees_say_how_far_they_are_off_where_few_coalitions_are_missing(n, budget):
    hits = []
    for seed in range(40):
        worths = np.random.default_rng([4, seed]).normal(size=2**n)
        found = METHODS["trees"](table(worths), budget=budget, seed=seed)
        hits.append(holding(found, shapley_of_table(worths)))

    assert np.mean(hits) >= 0.85


@pytest.mark.parametrize("n", [5, 6, 7, 8])
def test_interactions_of_few_coalitions_say_how_far_they_are_off(n):
    hits = []
    for seed in range(40):
        worths = np.random.default_rng([6, seed]).normal(size=2**n)
        true = interactions(table(worths), budget=2**n, seed=0).matrix
        found = interactions(table(worths), budget=4 * n, seed=seed)
        low, high = np.moveaxis(found.interval(), -1, 0)
        upper = np.triu_indices(n, 1)
        hits.append(((low <= true) & (true <= high))[upper])

    assert np.mean(hits) >= 0.9


@pytest.mark.parametrize("method", SAMPLERS)
def test_a_game_in_which_nothing_differs_is_worth_nothing(method):
    found = value(Formula(8, lambda c: np.full(len(c), 3.0)), method=method, budget=120, seed=0)

    assert found.values == pytest.approx(np.zeros(8), abs=1e-9)
    assert found.standard_errors == pytest.approx(np.zeros(8), abs=1e-9)


def test_a_run_is_valued_as_each_method_reads_it():
    game = level()

    assert readable("antithetic", game) is game
    assert readable("gtg", game).rounds == (game,)
