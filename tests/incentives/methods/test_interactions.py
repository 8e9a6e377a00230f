"""Pairwise interactions: closed forms, and what a sample of coalitions says of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives import CachedGame, TableGame
from fedmerit.incentives.methods.interactions import interactions

PAIRS = ~np.eye(8, dtype=bool)


class Teams:
    """A sum of unanimity games of eight: each team has a dividend once it is complete."""

    participants = tuple("abcdefgh")

    def __init__(self, seed=0, teams=20):
        rng = np.random.default_rng(seed)
        self.teams, self.dividends = rng.random((teams, 8)) < 0.35, rng.normal(size=teams)

    def worth(self, coalitions, /):
        return (coalitions[:, None] | ~self.teams).all(axis=2) @ self.dividends

    def truth(self):
        shares = self.dividends / np.maximum(self.teams.sum(axis=1) - 1, 1)
        matrix = np.einsum("t,ti,tj->ij", shares, self.teams, self.teams)
        return np.where(PAIRS, matrix, 0)


class MeasuredTeams(Teams):
    """The same on validation rows, each with dividends of its own."""

    def worth_by_row(self, coalitions, /):
        complete = (coalitions[:, None] | ~self.teams).all(axis=2)
        noise = np.random.default_rng(1).normal(size=(50, len(self.dividends)))
        return complete @ (self.dividends + noise - noise.mean(axis=0)).T


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_a_dividend_interacts_evenly_over_the_pairs_of_its_team(seed):
    game = Teams(seed)

    found = interactions(game, budget=256, seed=0)

    assert found.matrix == pytest.approx(game.truth(), abs=1e-9)
    assert not found.standard_errors.any()
    assert found.evaluations == 256


def test_two_gloves_complete_each_other_and_two_copies_replace_each_other():
    gloves = TableGame(("left", "right"), {frozenset({"left", "right"}): 1.0})
    copies = TableGame(
        ("one", "two"), {frozenset(c): 1.0 for c in (["one"], ["two"], ["one", "two"])}
    )

    assert interactions(gloves, budget=4, seed=0).matrix.tolist() == [[0, 1], [1, 0]]
    assert interactions(copies, budget=4, seed=0).matrix.tolist() == [[0, -1], [-1, 0]]


@pytest.mark.parametrize("budget", [28, 60, 200])
def test_an_additive_game_has_none_at_any_budget(budget):
    class Additive:
        participants = tuple("abcdefgh")

        def worth(self, coalitions, /):
            return coalitions @ np.arange(8.0)

    # The ridge that pins the additive fit leaves a trace at the least budget.
    found = interactions(Additive(), budget=budget, seed=0)

    assert found.matrix == pytest.approx(0, abs=5 * found.standard_errors.max() + 1e-9)


def test_a_sample_meets_the_truth_as_the_seeds_go_by_and_says_how_far_it_is():
    game = Teams()

    runs = [interactions(game, budget=150, seed=seed) for seed in range(200)]

    found = np.array([run.matrix for run in runs])[:, PAIRS]
    errors = np.array([run.standard_errors for run in runs])[:, PAIRS]
    off = np.abs(found.mean(axis=0) - game.truth()[PAIRS])
    assert (off < 4.5 * found.std(axis=0) / np.sqrt(len(runs))).all()
    assert np.sqrt((errors**2).mean() / found.var(axis=0).mean()) == pytest.approx(1, abs=0.1)
    hits = np.abs(found - game.truth()[PAIRS]) <= 1.96 * errors
    assert 0.90 <= hits.mean() <= 0.98


def test_the_matrix_is_symmetric_with_an_empty_diagonal():
    found = interactions(Teams(), budget=100, seed=0)

    assert found.matrix.tolist() == found.matrix.T.tolist()
    assert not found.matrix.diagonal().any()
    assert (found.standard_errors[PAIRS] > 0).all()


def test_validation_rows_add_to_the_errors():
    plain = interactions(Teams(), budget=256, seed=0)
    measured = interactions(MeasuredTeams(), budget=256, seed=0)

    assert measured.matrix == pytest.approx(plain.matrix, abs=1e-9)
    used = plain.matrix[PAIRS] != 0
    assert (measured.standard_errors[PAIRS][used] > 0).any()
    assert not plain.standard_errors.any()


@given(n=st.integers(2, 11), budget=st.integers(1, 200), seed=st.integers(0, 2**32))
@settings(max_examples=50)
def test_no_more_distinct_coalitions_are_asked_for_than_the_budget(n, budget, seed):
    asked = set()

    class Watched:
        participants = tuple(map(str, range(n)))

        def worth(self, coalitions, /):
            asked.update(map(tuple, coalitions.tolist()))
            return np.sqrt(coalitions.sum(axis=1))

    try:
        found = interactions(Watched(), budget=budget, seed=seed)
    except BudgetTooSmall as error:
        assert not asked
        budget = error.needed
        found = interactions(Watched(), budget=budget, seed=seed)

    assert len(asked) == found.evaluations <= budget


def test_a_larger_budget_goes_on_where_a_smaller_one_stopped():
    game = CachedGame(Teams())

    interactions(game, budget=100, seed=2)
    found = interactions(game, budget=200, seed=2)

    assert game.evaluations == found.evaluations == 200


def test_one_participant_is_no_pair():
    with pytest.raises(GameError, match="pair"):
        interactions(TableGame(("ada",), {}), budget=10, seed=0)


def test_a_negative_seed_is_refused():
    with pytest.raises(GameError, match="-1"):
        interactions(Teams(), budget=100, seed=-1)
