"""A rerun with another seed gives other values: how many a budget buys, and what they say."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives import CachedGame, RecordedGame, RepeatedGame, value
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods.enumeration import every_coalition, shapley_of_table
from fedmerit.incentives.methods.repeating import split, value_repeats

N = 8
GAINS = np.linspace(0.05, 0.6, N)
TRUE = 1 - np.exp(-(every_coalition(N) @ GAINS))


class Noisy:
    """A saturating game, trained with the noise of one seed."""

    participants = tuple("abcdefgh")

    def __init__(self, seed, size):
        self.worths = TRUE + size * np.random.default_rng(seed).normal(size=2**N)
        self.asked = set()

    def worth(self, coalitions, /):
        codes = coalitions @ (1 << np.arange(N))
        self.asked |= set(codes.tolist())
        return self.worths[codes]


class Rows(Noisy):
    """The same, measured on rows."""

    parts = np.random.default_rng(9).normal(size=(30, 2**N))

    def worth_by_row(self, coalitions, /):
        codes = coalitions @ (1 << np.arange(N))
        return self.worths[codes][:, None] + self.parts[:, codes].T


def valued(size, budget=900, seed=0, first=0):
    games = []

    def repeat(number):
        games.append(Noisy(1000 * first + number, size))
        return games[-1]

    return value_repeats(repeat, budget=budget, seed=seed), games


@pytest.mark.parametrize("size", [0, 0.001, 0.03, 0.3])
def test_a_budget_is_kept_and_what_the_pilot_asked_for_is_not_bought_again(size):
    found, games = valued(size)

    assert sum(len(game.asked) for game in games) == found.evaluations <= 900
    assert found.repeats == len(games) >= 3
    assert found.reason.startswith(f"{len(games)} repeats of up to ")


def test_more_noise_buys_more_repeats_of_fewer_coalitions():
    repeats = [valued(size)[0].repeats for size in (0.001, 0.1, 1.0)]

    assert repeats[0] < repeats[1] <= repeats[2]


def test_the_split_is_where_the_variance_is_least():
    pilot = value(
        RepeatedGame([Noisy(k, 0.1) for k in range(3)]), method="antithetic", budget=30, seed=0
    )

    chosen = split(pilot, budget=900, least=30)

    def variance(repeats):
        return chosen.between / repeats + chosen.within / (900 // repeats)

    best = min(range(3, 31), key=variance)
    assert variance(chosen.repeats) <= 1.05 * variance(best)


@pytest.mark.parametrize("size", [0.02, 0.2])
def test_intervals_hold_the_mean_over_reruns(size):
    truth = shapley_of_table(TRUE)

    hits = []
    for first in range(60):
        low, high = valued(size, budget=400, seed=first, first=first)[0].interval().T
        hits.append((low <= truth) & (truth <= high))

    assert 0.92 <= np.mean(hits) <= 0.99


def test_rows_draws_and_training_each_have_their_part_of_the_error():
    games = [Rows(seed, 0.05) for seed in range(4)]

    found = value(RepeatedGame(games), method="antithetic", budget=120, seed=0)

    assert found.row_values.shape == (N, 30)
    assert found.repeat_values.shape == (N, 4)
    parts = (found.sampling_errors, found.validation_errors, found.training_errors)
    assert all((part > 0).all() for part in parts)
    assert found.standard_errors == pytest.approx(np.sqrt(sum(part**2 for part in parts)))
    of_repeats = [value(game, method="antithetic", budget=120, seed=0).values for game in games]
    assert found.repeat_values == pytest.approx(np.array(of_repeats).T)
    assert found.training_errors == pytest.approx(np.std(of_repeats, axis=0, ddof=1) / 2)


def test_noise_that_all_coalitions_of_a_repeat_share_cancels():
    class Shifted(Noisy):
        def __init__(self, seed):
            super().__init__(0, 0)
            self.worths = self.worths + np.random.default_rng(seed).normal()

    found = value(RepeatedGame([Shifted(k) for k in range(4)]), method="exact", budget=256, seed=0)

    assert found.training_errors == pytest.approx(np.zeros(N), abs=1e-12)


def test_a_cache_of_repeats_shows_them():
    game = RepeatedGame([Rows(seed, 0.05) for seed in range(3)])

    cached, straight = (
        value(g, method="svarm", budget=100, seed=0) for g in (CachedGame(game), game)
    )

    assert cached.training_errors.tolist() == straight.training_errors.tolist()
    assert cached.repeats == 3


def test_too_small_a_budget_for_three_repeats_is_refused_before_anything_is_asked():
    with pytest.raises(BudgetTooSmall, match="antithetic needs 90"):
        valued(0.1, budget=89)


def test_repeats_of_a_run_are_no_run():
    runs = [SummedGame([Noisy(seed, 0.1)]) for seed in range(3)]

    with pytest.raises(GameError, match="a RepeatedGame shows none"):
        value(RepeatedGame(runs), method="fedsv", budget=500, seed=0)


def test_repeats_measured_on_different_rows_are_refused():
    class Fewer(Rows):
        parts = Rows.parts[:20]

    with pytest.raises(GameError, match=r"repeats show \[20, 30\] validation rows"):
        value(RepeatedGame([Rows(0, 0.1), Fewer(1, 0.1)]), method="exact", budget=256, seed=0)


def test_of_three_repeats_intervals_hold_what_welchs_degrees_would_not():
    """Where the training's variance is ten times the rows', Welch's hold 92% of them."""
    draw = np.random.default_rng(1)
    held = []
    for _ in range(1500):
        rows, trainings = draw.normal(size=50), draw.normal(size=3) * (10 * 3 / 50) ** 0.5
        table = np.concatenate([rows + training for training in trainings])
        game = RecordedGame(
            ("a",), np.array([[False], [True]]), np.stack([0 * table, table]), repeats=3
        )
        low, high = value(game, method="exact", budget=2, seed=0).interval()[0]
        held.append(low <= 0 <= high)

    assert 0.94 <= np.mean(held) <= 0.98
