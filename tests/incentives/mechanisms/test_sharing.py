"""Divisions of a game's worth pay what their formulas say, in whole units."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import GameError, MissingInput, RewardError
from fedmerit.incentives import reward
from fedmerit.incentives.mechanisms.sharing import (
    alone_of_table,
    banzhaf_of_table,
    joining_of_table,
    leaving_of_table,
    most_of_banzhaf,
)
from fedmerit.incentives.mechanisms.stable import excesses_of_table
from fedmerit.incentives.methods.enumeration import shapley_of_table

GLOVE = [0, 0, 0, 1, 0, 1, 0, 1]  # a has the left glove, b and c a right one each
EMPTY_CORE = [0, 0, 0, 80, 0, 70, 60, 100]
MAJORITY = [
    float(sum(w for i, w in enumerate([4, 3, 2, 1]) if code >> i & 1) >= 6) for code in range(16)
]
DIVISIONS = ("individual", "labour-union", "fair-value", "shapley", "banzhaf", "least-core")
every_division = pytest.mark.parametrize("division", [*DIVISIONS, "nucleolus"])
tables = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.integers(-5, 20), min_size=2**n, max_size=2**n)
)


def copies(count):
    """Give the game of one seller's copies beside another: worth 1 if anybody is there."""
    return np.array([0.0] + [1.0] * (2 ** (count + 1) - 1))


def test_the_glove_game_is_divided_as_known(case, near):
    known = case("C01")["expected"]
    worths = np.array(GLOVE, float)
    values = shapley_of_table(worths)

    assert values == near(known["shapley"])
    raw = banzhaf_of_table(np.array(GLOVE))
    assert raw == near(known["banzhaf_raw"])
    assert [value / sum(raw) for value in raw] == near(known["banzhaf_normalised"])
    assert leaving_of_table(worths) == near(known["leave_one_out"])


def test_shapley_is_not_in_the_core_of_the_glove_game(case, near):
    known = case("C01")["expected"]
    excesses = excesses_of_table(np.array(GLOVE, float), shapley_of_table(np.array(GLOVE, float)))

    worst = excesses[1:-1].max()
    who = [[i for i in range(3) if code >> i & 1] for code in range(8) if excesses[code] > 1e-9]
    assert worst == near(known["core_violation_of_shapley"])
    assert who == known["violating_coalitions"]


def test_raw_banzhaf_adds_up_to_more_than_everyone_is_worth_there(of_game):
    assert sum(banzhaf_of_table(np.array(GLOVE))) == Fraction(5, 4)
    assert reward(of_game(GLOVE, 1200), mechanism="banzhaf").payments == (600, 200, 200)


def test_the_game_without_a_core_is_divided_as_known(case, near, of_game):
    known, worths = case("C02")["expected"], np.array(EMPTY_CORE, float)
    values = shapley_of_table(worths)

    assert values == near(known["shapley"])
    assert excesses_of_table(worths, values)[1:-1].max() == near(known["shapley_max_excess"])
    for rule in ("least-core", "nucleolus"):
        paid = np.array(reward(of_game(EMPTY_CORE, 10**11), mechanism=rule).payments) / 10**9
        assert paid == near(known["nucleolus"], 1e-8)
        assert excesses_of_table(worths, paid)[1:-1].max() == near(known["least_core_eps"], 1e-8)


def test_votes_are_weighed_as_known(case, near):
    known, raw = case("C04")["expected"], banzhaf_of_table(np.array(MAJORITY, int))

    assert shapley_of_table(np.array(MAJORITY)) == near(known["shapley"])
    assert raw == near(known["banzhaf_raw"])
    assert [value / sum(raw) for value in raw] == near(known["banzhaf_normalised"])


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_copies_gain_by_shapley_and_never_by_banzhaf_or_leave_one_out(case, near, count):
    known, worths = case("C05")["expected"]["by_k"][str(count)], copies(count)

    assert shapley_of_table(worths)[:count].sum() == near(known["shapley_A"])
    assert sum(banzhaf_of_table(worths.astype(int))[:count]) == near(known["banzhaf_A"])
    assert sum(leaving_of_table(worths)[:count]) == near(known["loo_A"])


@given(worths=tables)
def test_shapley_is_the_mean_over_joining_orders(worths):
    worths = np.array(worths, float)
    worths[0] = 0.0
    n = len(worths).bit_length() - 1
    orders = list(permutations(range(n)))
    total = np.zeros(n)
    for order in orders:
        codes = np.cumsum([1 << member for member in order])
        total[list(order)] += np.diff(worths[codes], prepend=0.0)

    assert shapley_of_table(worths) == pytest.approx(total / len(orders))


@given(worths=tables)
def test_the_first_to_join_gets_its_worth_alone_and_the_last_what_it_leaves(worths):
    worths = np.array(worths, float)
    worths[0] = 0.0

    joining = joining_of_table(worths)
    assert joining[0] == alone_of_table(worths)[0]
    assert joining[-1] == leaving_of_table(worths)[-1]
    assert sum(joining) == worths[-1]


@pytest.mark.parametrize("n", range(1, 9))
def test_the_bound_of_banzhaf_is_that_of_the_majority(n):
    majority = np.array([int(2 * code.bit_count() > n) for code in range(2**n)])

    assert sum(banzhaf_of_table(majority)) == most_of_banzhaf(n)


@every_division
@given(worths=tables)
def test_no_unit_is_lost_whatever_the_worths(of_game, division, worths):
    outcome = reward(of_game(worths, 10**6), mechanism=division)

    assert sum(outcome.payments) + outcome.reserve == 10**6


@every_division
def test_where_everybody_does_harm_nobody_is_paid(of_game, division):
    outcome = reward(of_game([0, -1, -2, -4], 100), mechanism=division)

    assert (outcome.payments, outcome.reserve) == ((0, 0), 100)


@every_division
def test_a_worth_that_is_no_number_is_refused(of_game, division):
    with pytest.raises(GameError, match="not finite"):
        reward(of_game([0, 1, float("nan"), 3], 100), mechanism=division)


@every_division
def test_the_ineligible_get_nothing_of_a_game(of_game, division):
    round_ = of_game([0, 3, 4, 9], 100, ineligible=frozenset("a"))

    assert reward(round_, mechanism=division).payments[0] == 0


def test_the_only_member_gets_all(of_game):
    for division in DIVISIONS:
        assert reward(of_game([0, 5], 7), mechanism=division).payments == (7,)


def test_without_a_game_nothing_can_be_divided(market):
    with pytest.raises(MissingInput, match="shapley needs game") as caught:
        reward(market([1, 2], 10), mechanism="shapley")

    assert caught.value.missing == ("game",)


def test_a_game_of_others_is_refused(of_game, market):
    with pytest.raises(RewardError, match="the game is of"):
        market([1, 2, 3], 10, game=of_game(EMPTY_CORE[:4], 10).game)
