"""Values against games whose Shapley values are known on paper."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.incentives import TableGame, value
from fedmerit.incentives.methods.enumeration import every_coalition


class Formula:
    """A game given by a function of the coalition matrix."""

    def __init__(self, n, worth):
        self.participants = tuple(map(str, range(n)))
        self.worth = worth


def exact(game):
    return value(game, method="exact", budget=2 ** len(game.participants), seed=0).values


def table(names, worth):
    every = (frozenset(c) for size in range(len(names) + 1) for c in combinations(names, size))
    return TableGame(tuple(names), {coalition: worth(coalition) for coalition in every})


@given(
    dividends=st.dictionaries(
        st.frozensets(st.integers(0, 7), min_size=1), st.floats(-10, 10), max_size=12
    )
)
@settings(max_examples=50)
def test_a_sum_of_unanimity_games_shares_each_dividend_evenly(dividends):
    teams = np.array([[i in team for i in range(8)] for team in dividends], dtype=bool)
    worths = np.array(list(dividends.values()))

    def worth(coalitions):
        complete = (coalitions[:, None, :] | ~teams.reshape(-1, 8)).all(axis=2)
        return complete @ worths if len(worths) else np.zeros(len(coalitions))

    shares = [sum(d / len(t) for t, d in dividends.items() if i in t) for i in range(8)]
    assert exact(Formula(8, worth)) == pytest.approx(shares, abs=1e-11)


def test_the_airport_game_charges_each_stretch_to_those_who_need_it():
    costs = np.array([1.0, 2.0, 2.5, 4.0, 7.0, 7.0, 9.0, 10.0, 12.0])
    game = Formula(9, lambda coalitions: (coalitions * costs).max(axis=1))

    stretches = np.diff(costs, prepend=0) / np.arange(9, 0, -1)
    assert exact(game) == pytest.approx(np.cumsum(stretches), abs=1e-12)


def test_weighted_majority_6_of_4_3_2_1_has_its_shapley_shubik_index():
    weights = np.array([4, 3, 2, 1])

    values = exact(Formula(4, lambda coalitions: coalitions @ weights >= 6))

    assert values == pytest.approx([5 / 12, 1 / 4, 1 / 4, 1 / 12], abs=1e-9)


def test_one_left_glove_is_worth_four_right_ones():
    game = table("LRr", lambda c: float("L" in c and len(c) > 1))

    assert exact(game) == pytest.approx([2 / 3, 1 / 6, 1 / 6], abs=1e-9)
    loo = value(game, method="leave-one-out", budget=4, seed=0)
    assert loo.values.tolist() == [1, 0, 0]


def test_a_game_with_an_empty_core_still_has_its_values():
    worths = {"ab": 80.0, "ac": 70.0, "bc": 60.0, "abc": 100.0}

    values = exact(table("abc", lambda c: worths.get("".join(sorted(c)), 0.0)))

    assert values == pytest.approx([115 / 3, 100 / 3, 85 / 3], abs=1e-9)


@pytest.mark.parametrize("copies", [1, 2, 3, 4])
def test_copies_of_one_seller_are_worth_more_together(copies):
    values = exact(Formula(copies + 1, lambda coalitions: coalitions.any(axis=1)))

    assert values[:copies].sum() == pytest.approx(float(Fraction(copies, copies + 1)), abs=1e-9)


def test_exact_values_hold_at_sixteen_participants():
    rng = np.random.default_rng(0)
    teams = rng.random((20, 16)) < 0.3
    teams[:, 0] |= ~teams.any(axis=1)
    worths = rng.normal(size=20)
    game = Formula(16, lambda c: ((c @ teams.T.astype(float)) == teams.sum(axis=1)) @ worths)

    shares = (teams * (worths / teams.sum(axis=1))[:, None]).sum(axis=0)
    assert exact(game) == pytest.approx(shares, abs=1e-12)


def test_every_coalition_appears_once_and_the_empty_one_first():
    coalitions = every_coalition(5)

    assert not coalitions[0].any()
    assert len({tuple(row) for row in coalitions.tolist()}) == 32
