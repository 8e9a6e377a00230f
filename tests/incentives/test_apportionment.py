"""Apportionment keeps every base unit, and favours nobody by position."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import apportion
from fedmerit.incentives.apportionment import jefferson

budgets = st.integers(1, 2**256 - 1) | st.integers(1, 100)
exact = st.integers(0, 2**80) | st.fractions(0, 10**9) | st.integers(0, 3)
weightings = st.lists(exact, min_size=1, max_size=12).filter(any)


@given(weights=weightings, budget=budgets)
def test_shares_add_up_to_the_budget(weights, budget):
    assert sum(apportion(weights, budget)) == budget


@given(weights=weightings, budget=budgets)
def test_no_share_is_a_whole_unit_from_the_exact_one(weights, budget):
    total = sum(map(Fraction, weights))

    for share, weight in zip(apportion(weights, budget), weights, strict=True):
        assert abs(share - budget * Fraction(weight) / total) < 1


@given(weights=weightings, budget=budgets)
def test_a_zero_weight_gets_exactly_nothing(weights, budget):
    shares = apportion([0, *weights, 0], budget)

    assert shares[0] == shares[-1] == 0
    assert shares[1:-1] == apportion(weights, budget)


@given(weights=weightings, budget=budgets)
def test_more_weight_never_gets_less(weights, budget):
    ordered = sorted(weights, reverse=True)

    shares = apportion(ordered, budget)

    assert shares == sorted(shares, reverse=True)  # with ties to the earlier


@given(count=st.integers(1, 12), budget=budgets)
def test_ties_go_to_the_earlier_participants(count, budget):
    share, left = divmod(budget, count)

    assert apportion([1] * count, budget) == [share + (i < left) for i in range(count)]


@given(data=st.data(), weights=st.lists(exact, min_size=1, max_size=8).filter(any), budget=budgets)
def test_shares_move_with_their_weights_but_for_a_tied_unit(data, weights, budget):
    order = data.draw(st.permutations(range(len(weights))))

    shares = apportion(weights, budget)
    moved = apportion([weights[i] for i in order], budget)

    total = sum(map(Fraction, weights))
    remainders = [budget * Fraction(weight) / total % 1 for weight in weights]
    for place, i in enumerate(order):
        if remainders.count(remainders[i]) == 1:
            assert moved[place] == shares[i]
        assert abs(moved[place] - shares[i]) <= 1
    assert sorted(moved) == sorted(shares) or len(set(remainders)) < len(remainders)


@given(weights=weightings, budget=budgets, scale=st.fractions(Fraction(1, 10**9), 10**9))
def test_the_unit_of_the_weights_does_not_matter(weights, budget, scale):
    assert apportion([weight * scale for weight in weights], budget) == apportion(weights, budget)


@pytest.mark.parametrize(
    ("weights", "budget", "shares"),
    [
        ([1, 1, 1], 100, [34, 33, 33]),
        (
            [Fraction("0.1"), Fraction("0.2"), Fraction("0.7")],
            10**18,
            [10**17, 2 * 10**17, 7 * 10**17],
        ),
        ([1, 1, 1], 10**18 + 1, [333333333333333334, 333333333333333334, 333333333333333333]),
        ([1, Fraction(1), Fraction("1.0")], 10, [4, 3, 3]),
        ([0, 1, 2], 7, [0, 2, 5]),
        ([1, 1, 1], 10**18, [333333333333333334, 333333333333333333, 333333333333333333]),
    ],
)
def test_known_splits_come_out_to_the_unit(weights, budget, shares):
    assert apportion(weights, budget) == shares


@pytest.mark.parametrize("budget", [0, -1, 2**256, 10.0, "10"])
def test_a_budget_no_contract_could_hold_is_refused(budget):
    with pytest.raises(RewardError, match="budget") as caught:
        apportion([1], budget)

    assert "base units" in caught.value.hint


@pytest.mark.parametrize("weights", [[1, -1], [0.5, 0.5], [1, float("nan")], [Fraction(-1, 3)]])
def test_weights_that_are_negative_or_inexact_are_refused(weights):
    with pytest.raises(RewardError, match="exact and not negative"):
        apportion(weights, 10)


@pytest.mark.parametrize("weights", [[], [0], [0, Fraction(0)]])
def test_without_a_positive_weight_nothing_is_split(weights):
    with pytest.raises(RewardError, match="none of") as caught:
        apportion(weights, 10)

    assert "reserve" in caught.value.hint


@given(weights=weightings, budget=budgets)
def test_by_jefferson_no_share_is_below_the_floor_or_as_many_units_above_as_there_are_weights(
    weights, budget
):
    total, shares = sum(map(Fraction, weights)), jefferson(weights, budget)

    assert sum(shares) == budget
    for share, weight in zip(shares, weights, strict=True):
        due = budget * Fraction(weight) / total
        assert due // 1 <= share < due + len(weights)
        assert share == 0 or weight


@given(
    others=st.lists(st.integers(0, 12), max_size=8),
    parts=st.lists(st.integers(1, 8), min_size=2, max_size=20),
    places=st.lists(st.integers(0, 100), min_size=20, max_size=20),
    budget=st.integers(1, 60) | budgets,
)
def test_by_jefferson_nobody_gains_a_unit_by_splitting_wherever_its_names_are_listed(
    others, parts, places, budget
):
    listed = [(weight, False) for weight in others]
    for part, place in zip(parts, places, strict=False):
        listed.insert(place % (len(listed) + 1), (part, True))

    shares = jefferson([weight for weight, _ in listed], budget)

    together = sum(share for share, (_, mine) in zip(shares, listed, strict=True) if mine)
    for place in range(len(others) + 1):  # even where it is served last of its equals
        whole = [*others[:place], sum(parts), *others[place:]]
        assert together <= jefferson(whole, budget)[place]
