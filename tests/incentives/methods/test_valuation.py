"""What every valuation method promises: its budget, its seed, its errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readable import readable

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives import METHODS, CachedGame, RecordedGame, TableGame, baselines, value
from fedmerit.incentives.methods.traits import Reads

NAMES = ("ada", "bob", "cyd", "dan")
#: Methods of any game; those of updates have tests of their own.
ANY_GAME = [name for name in METHODS if name not in {"gradient-alignment", "cgsv"}]
#: Of these, the ones that value an additive game as it is.
OF_MEMBERS = [name for name in ANY_GAME if name != "group-shapley"]


def least(game, method):
    """The least budget of a method, as it says itself."""
    try:
        METHODS[method](readable(method, game), budget=0, seed=0)
    except BudgetTooSmall as error:
        return error.needed
    raise AssertionError(method)


class Measured:
    """A game whose every validation row is an additive game of its own."""

    def __init__(self, weights):
        self.weights = np.asarray(weights, dtype=float)  # (validation rows, n)
        self.participants = tuple(f"p{i}" for i in range(self.weights.shape[1]))

    def worth_by_row(self, coalitions, /):
        return coalitions @ self.weights.T

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


def test_leave_one_out_is_what_is_lost_without_each():
    everyone = frozenset(NAMES)
    table = {everyone: 9.0} | {everyone - {name}: float(i) for i, name in enumerate(NAMES)}

    result = value(TableGame(NAMES, table), method="leave-one-out", budget=5, seed=0)

    assert result.values.tolist() == [9, 8, 7, 6]
    assert result.evaluations == 5


@pytest.mark.parametrize("method", ANY_GAME)
@given(n=st.integers(2, 12), budget=st.integers(1, 90), seed=st.integers(0, 2**32))
@settings(max_examples=6)
def test_no_more_distinct_coalitions_are_asked_for_than_the_budget(method, n, budget, seed):
    asked = set()

    class Watched:
        participants = tuple(map(str, range(n)))

        def worth(self, coalitions, /):
            asked.update(map(tuple, coalitions.tolist()))
            return np.sqrt(coalitions @ np.arange(1.0, n + 1))

    needed = least(Watched(), method)
    assert not asked
    if budget < needed:
        with pytest.raises(BudgetTooSmall, match=str(needed)):
            value(readable(method, Watched()), method=method, budget=budget, seed=seed)
        assert not asked
        budget = needed
    result = value(readable(method, Watched()), method=method, budget=budget, seed=seed)

    assert len(asked) == result.evaluations <= budget


def test_sampling_spends_what_repeated_coalitions_save():
    names = tuple(map(str, range(10)))
    game = TableGame(names, {frozenset(names): 1.0})

    result = value(game, method="antithetic", budget=200, seed=0)

    assert 200 - 18 < result.evaluations <= 200  # a pair asks for 18 new ones at most


@pytest.mark.parametrize("method", OF_MEMBERS)
@pytest.mark.parametrize("budget", [2, 50])
def test_one_participant_alone_is_worth_everything(method, budget):
    game = TableGame(("ada",), {frozenset({"ada"}): 7.0, frozenset(): 2.0})

    result = value(readable(method, game), method=method, budget=budget, seed=0)

    assert result.values.tolist() == [5.0]
    assert result.standard_errors.tolist() == [0.0]


@pytest.mark.parametrize("method", ANY_GAME)
def test_the_same_seed_gives_the_same_numbers_even_on_a_cache_that_knows_them(method):
    rng = np.random.default_rng(5)
    game = CachedGame(readable(method, Measured(rng.normal(size=(9, 4)))))

    first = value(game, method=method, budget=16, seed=11)
    again = value(game, method=method, budget=16, seed=11)

    assert first.values.tolist() == again.values.tolist()
    assert first.standard_errors.tolist() == again.standard_errors.tolist()
    assert first.evaluations == again.evaluations


@pytest.mark.parametrize("method", [m for m in ANY_GAME if METHODS[m].reads is not Reads.ROUNDS])
def test_a_recorded_game_is_valued_as_the_game_was(method):
    cached = CachedGame(Measured(np.random.default_rng(2).normal(size=(30, 6))))
    seen = value(cached, method=method, budget=64, seed=4)

    again = value(
        RecordedGame(cached.participants, *cached.table()), method=method, budget=64, seed=4
    )

    assert again.values.tolist() == seen.values.tolist()
    assert again.standard_errors.tolist() == seen.standard_errors.tolist()


@pytest.mark.parametrize("method", OF_MEMBERS)
def test_each_validation_row_has_values_of_its_own(method):
    weights = np.random.default_rng(0).normal(size=(40, 5))

    result = value(readable(method, Measured(weights)), method=method, budget=40, seed=0)

    assert result.row_values == pytest.approx(weights.T)
    assert result.values == pytest.approx(weights.mean(axis=0))
    assert result.validation_errors == pytest.approx(weights.std(axis=0, ddof=1) / np.sqrt(40))
    assert result.standard_errors == pytest.approx(result.validation_errors)  # all: no draw


def test_both_errors_add_up_as_independent_ones():
    class Curved(Measured):
        def worth_by_row(self, coalitions, /):
            return super().worth_by_row(coalitions) ** 2

    game = Curved(np.random.default_rng(0).normal(size=(20, 8)))

    result = value(game, method="antithetic", budget=100, seed=0)

    assert (result.sampling_errors > 0).all()
    together = np.sqrt(result.sampling_errors**2 + result.validation_errors**2)
    assert result.standard_errors == pytest.approx(together)


def test_a_single_validation_row_leaves_the_error_infinite():
    result = value(Measured([[1.0, 2.0]]), budget=4, seed=0)

    assert result.values.tolist() == [1.0, 2.0]
    assert np.isinf(result.standard_errors).all()


def test_auto_is_exact_where_the_budget_allows_it():
    game = TableGame(NAMES, {})

    assert value(game, budget=16, seed=0).method == "exact"
    assert value(game, budget=15, seed=0).method != "exact"


def test_an_interval_widens_with_confidence_around_the_value():
    result = value(Measured(np.random.default_rng(0).normal(size=(25, 3))), budget=8, seed=0)

    half = result.interval(0.95)[:, 1] - result.values
    assert half == pytest.approx(2.0638986 * result.standard_errors, rel=1e-6)  # t, 24 degrees
    assert result.interval(0.95).mean(axis=1) == pytest.approx(result.values)
    assert (result.interval(0.99)[:, 0] < result.interval(0.95)[:, 0]).all()


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, float("nan")])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    result = value(TableGame(NAMES, {}), budget=16, seed=0)

    with pytest.raises(GameError, match="confidence"):
        result.interval(confidence)


def test_an_unknown_method_suggests_the_nearest():
    with pytest.raises(GameError, match="permutations") as caught:
        value(TableGame(NAMES, {}), method="permutations", budget=16, seed=0)

    assert "'permutation'" in caught.value.hint


def test_a_negative_seed_is_refused():
    with pytest.raises(GameError, match="-1"):
        value(TableGame(NAMES, {}), budget=16, seed=-1)


@pytest.mark.parametrize(
    ("method", "needed"), [("exact", 1024), ("antithetic", 38), ("leave-one-out", 11)]
)
def test_too_small_a_budget_says_the_number_that_works(method, needed):
    game = TableGame(tuple(map(str, range(10))), {})

    with pytest.raises(BudgetTooSmall, match=str(needed)) as caught:
        value(game, method=method, budget=needed - 1, seed=0)

    assert caught.value.needed == needed
    assert value(game, method=method, budget=needed, seed=0).evaluations <= needed


@pytest.mark.parametrize("method", METHODS)
def test_every_method_refuses_names_that_repeat(method):
    class Twins:
        participants = ("ada", "ada")

        def worth(self, coalitions, /):
            return coalitions.sum(axis=1)

    with pytest.raises(GameError, match="ada"):
        value(Twins(), method=method, budget=100, seed=0)


def test_baselines_split_the_worth_evenly_and_by_rows():
    shares = baselines(8.0, [1, 0, 3])

    assert shares["equal"] == pytest.approx([8 / 3] * 3)
    assert shares["data-size"].tolist() == [2.0, 0.0, 6.0]


@pytest.mark.parametrize("rows", [[0, 0], [3, -1], []])
def test_baselines_need_rows(rows):
    with pytest.raises(GameError, match="rows"):
        baselines(8.0, rows)
