"""Whole units: apportioned as known, and floats rounded off at one edge."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fedmerit.errors import Deficit, RewardError
from fedmerit.incentives import Estimate, RoundInput, apportion, reward
from fedmerit.incentives.mechanisms.rounding import divide, exact, pay


def test_whole_units_are_apportioned_as_known(case):
    known = case("C37")["expected"]
    thirds = [Fraction(1, 3)] * 3

    assert apportion(thirds, 100) == [int(each) for each in known["equal_100"]]
    tenths = [Fraction(1, 10), Fraction(2, 10), Fraction(7, 10)]
    assert apportion(tenths, 10**18) == [int(each) for each in known["decimals_1e18"]]
    assert apportion([1, 1, 1], 10**18 + 1) == [int(each) for each in known["odd"]]
    assert apportion([0, 2, 5], 7) == [int(each) for each in known["zero_weight"]]
    assert int(1e18 / 3) == int(known["float_truncation_thirds"][0]) != 10**18 // 3


def test_a_float_is_rounded_before_it_decides(market):
    round_ = market([1, 1], 10**18)
    tenth = 0.1 + 0.2  # 0.30000000000000004

    assert exact(tenth, 1) == Fraction(3, 10)
    assert divide(round_, [tenth, 0.7]).payments == (3 * 10**17, 7 * 10**17)


@pytest.mark.parametrize("amount", [float("nan"), float("inf")])
def test_an_amount_that_is_no_number_is_refused(market, amount):
    with pytest.raises(RewardError, match=r"nan|inf"):
        pay(market([1, 1], 10), [amount, 1.0])
    with pytest.raises(RewardError, match=r"nan|inf"):
        divide(market([1, 1], 10), [amount, 1.0])


def test_dues_beyond_the_budget_are_a_deficit_and_not_cut(market):
    with pytest.raises(Deficit) as caught:
        pay(market([1, 1], 10), [Fraction(7), Fraction(7, 2)])

    assert (caught.value.owed, caught.value.budget) == (11, 10)


def test_dues_that_are_whole_are_paid_exactly(market):
    assert pay(market([1, 1], 10), [Fraction(3), Fraction(4)]).payments == (3, 4)


def test_harm_is_clipped_as_known_by_the_proportional_rule(case):
    known = case("C38")["expected"]
    round_ = RoundInput(
        participants=tuple("abcd"),
        contributions=tuple(Estimate(value, 0) for value in (5, 3, -2, 1)),
        rows=(1,) * 4,
        budget=900,
    )

    assert [str(each) for each in reward(round_, mechanism="proportional").payments] == known[
        "clip"
    ]
