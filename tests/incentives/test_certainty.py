"""How sure a valuation says it is: of values, of ranks, of games that answer differently."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.errors import GameError
from fedmerit.incentives import CachedGame, RepeatedGame, TableGame, value
from fedmerit.incentives.methods.enumeration import every_coalition, shapley_of_table

NAMES = tuple("abcdefgh")


class Curved:
    """A saturating game of eight, counting what it is asked."""

    participants = NAMES

    def __init__(self):
        self.asked = []
        self.gains = np.linspace(0.05, 0.6, 8)

    def worth(self, coalitions, /):
        self.asked.extend(map(tuple, coalitions.tolist()))
        return 1 - np.exp(-(coalitions @ self.gains))


class Noisy(Curved):
    """The same, and another answer each time."""

    def __init__(self, seed=0, spread=0.05):
        super().__init__()
        self.rng = np.random.default_rng(seed)
        self.spread = spread

    def worth(self, coalitions, /):
        exact = super().worth(coalitions)
        return exact + self.spread * self.rng.normal(size=len(exact))


class Rows:
    """Additive validation rows, as they come from a population."""

    participants = ("ada", "bob", "cyd")

    def __init__(self, rng, rows=40):
        common = rng.normal(size=(rows, 1))
        self.weights = common + np.array([0.0, 0.02, 0.5]) + 0.1 * rng.normal(size=(rows, 3))

    def worth_by_row(self, coalitions, /):
        return coalitions @ self.weights.T

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


def test_one_outranks_the_other_with_the_probability_that_its_lead_is_real():
    chances = []
    for seed in range(400):
        result = value(Rows(np.random.default_rng(seed)), budget=8, seed=0)
        chances.append(result.outranks()[1, 0])

    # The truth is that bob is worth more: a calibrated chance is uniform around it.
    lead = 0.02 / (0.1 * np.sqrt(2 / 40))
    expected = np.mean([c > 0.5 for c in chances])
    assert expected == pytest.approx(0.81, abs=0.05)  # the normal integral up to lead = 0.89
    assert lead == pytest.approx(0.894, abs=0.001)


def test_ranks_are_surer_than_overlapping_intervals_where_rows_are_shared():
    result = value(Rows(np.random.default_rng(1)), budget=8, seed=0)

    low, high = result.interval().T
    assert low[2] < high[0]  # the intervals overlap
    assert result.outranks()[2, 0] > 0.999


def test_chances_of_a_pair_add_up_to_one_and_equals_are_a_coin():
    result = value(Rows(np.random.default_rng(0)), budget=8, seed=0)
    chances = result.outranks()

    assert chances + chances.T == pytest.approx(np.ones((3, 3)))
    assert chances.diagonal().tolist() == [0.5, 0.5, 0.5]


def test_without_any_error_the_larger_value_outranks_for_certain():
    table = {frozenset("a"): 1.0, frozenset("b"): 2.0, frozenset("ab"): 3.0}

    chances = value(TableGame(("a", "b"), table), budget=4, seed=0).outranks()

    assert chances.tolist() == [[0.5, 0.0], [1.0, 0.5]]


def test_the_trace_ends_in_the_result_and_costs_no_evaluation():
    game = Curved()

    result = value(game, method="antithetic", budget=200, seed=3)

    assert len(result.trace) > 2
    spent = [point.evaluations for point in result.trace]
    assert spent == sorted(spent)
    assert result.trace[-1].values.tolist() == result.values.tolist()
    assert len(set(game.asked)) == result.evaluations <= 200


def test_an_estimate_goes_on_where_an_earlier_one_stopped():
    game = Curved()
    cached = CachedGame(game)
    value(cached, method="antithetic", budget=80, seed=3)
    before = len(game.asked)

    result = value(cached, method="antithetic", budget=120, seed=3)

    assert len(game.asked) - before < 120 - 60
    alone = value(Curved(), method="antithetic", budget=120, seed=3)
    assert result.values == pytest.approx(alone.values, abs=1e-12)


@pytest.mark.parametrize("method", ["antithetic", "exact"])
def test_a_game_that_answers_differently_is_caught_if_the_budget_has_room(method):
    with pytest.raises(GameError, match="asked twice") as caught:
        value(Noisy(), method=method, budget=300, seed=0)

    assert "RepeatedGame" in caught.value.hint


def test_a_noisy_game_is_valued_by_repeating_it():
    repeated = RepeatedGame([Noisy(seed) for seed in range(8)])

    result = value(repeated, method="exact", budget=256, seed=0)

    truth = value(Curved(), method="exact", budget=256, seed=0).values
    assert (result.training_errors > 0).all()
    assert not result.validation_errors.any()
    assert np.abs(result.values - truth) == pytest.approx(0, abs=5 * result.standard_errors.max())


def test_intervals_of_a_repeated_noisy_game_cover_its_true_values():
    truth = value(Curved(), method="exact", budget=256, seed=0).values

    hits = []
    for seed in range(200):
        repeated = RepeatedGame([Noisy(1000 * seed + k) for k in range(5)])
        low, high = value(repeated, method="exact", budget=256, seed=0).interval().T
        hits.append((low <= truth) & (truth <= high))

    assert 0.92 <= np.mean(hits) <= 0.98


def test_repeats_must_be_several_and_of_the_same_participants():
    with pytest.raises(GameError, match="1 repeats"):
        RepeatedGame([Curved()])
    with pytest.raises(GameError, match="a repeat is of"):
        RepeatedGame([Curved(), TableGame(("a",), {})])


def test_a_whole_table_at_once_gives_the_values_of_its_coalitions_one_by_one():
    class AtOnce:
        participants = tuple(map(str, range(18)))

        def __init__(self):
            self.gains = np.random.default_rng(0).gamma(2, 0.1, size=18)

        def worth(self, coalitions, /):
            return np.tanh(coalitions @ self.gains)

        def every_worth(self):
            return self.worth(every_coalition(18))

    class OneByOne(AtOnce):
        every_worth = None

    fast = value(AtOnce(), method="exact", budget=2**18, seed=0)
    slow = value(OneByOne(), method="exact", budget=2**18, seed=0)

    assert fast.values == pytest.approx(slow.values, abs=1e-12)
    assert fast.evaluations == slow.evaluations == 2**18


def test_the_values_of_a_table_of_one_are_what_it_adds():
    assert shapley_of_table(np.array([2.0, 7.0])).tolist() == [5.0]
