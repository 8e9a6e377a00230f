"""Offers that cannot be are refused, with the values that made them wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from fedmerit.errors import BidError, RewardError
from fedmerit.incentives import reward
from fedmerit.incentives.offers import Bid, History


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cost": -1}, "0 or more"),
        ({"cost": 1.5}, "whole"),
        ({"cost": float("nan")}, "whole"),
        ({"cost": 1, "capacity": 0}, "1 or more"),
        ({"cost": 1, "quality": -2}, "1 or more"),
    ],
)
def test_a_bid_that_nobody_can_make_is_refused(fields, said):
    with pytest.raises(BidError, match=said) as caught:
        Bid(**fields)

    assert caught.value.hint


def test_nobody_can_offer_more_than_it_declares(market):
    round_ = market([5, 5], 100)

    with pytest.raises(BidError, match="'a' offers 2 units and declares 1 rows"):
        type(round_)(
            participants=round_.participants,
            contributions=round_.contributions,
            rows=round_.rows,
            budget=100,
            bids=(Bid(cost=5, capacity=2), None),
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bids": (None,)}, "1 bids"),
        ({"stakes": (1, -1)}, "stakes"),
        ({"stakes": (1, 2.5)}, "stakes"),
        ({"reports": ((1,), (1, 2))}, "same tasks"),
        ({"reports": ((1.5,), (1,))}, "whole numbers"),
        ({"parameters": {"winners": 1.5}}, "not exact"),
        ({"parameters": {"winners": True}}, "not exact"),
        ({"updates": np.full((2, 3), np.nan)}, "finite"),
        ({"history": History(reputations=(Fraction(0), Fraction(1)))}, "above 0"),
        ({"history": History(waits=(Fraction(1),))}, "1 waits"),
    ],
)
def test_a_round_of_things_that_do_not_fit_is_refused(market, change, said):
    with pytest.raises(RewardError, match=said):
        replace(market([1, 2], 100), **change)


@pytest.mark.parametrize("budget", [0, -5, 2**256])
def test_a_budget_of_nothing_is_refused(market, budget):
    with pytest.raises(RewardError, match="a budget is"):
        market([1], budget)


def test_names_that_collide_are_refused(market):
    round_ = market([1, 2], 10)

    with pytest.raises(RewardError, match="unique"):
        type(round_)(
            participants=("a", "a"), contributions=round_.contributions, rows=(1, 1), budget=10
        )


def test_a_setting_that_a_mechanism_does_not_have_is_refused(market):
    with pytest.raises(RewardError, match="no setting 'winner'") as caught:
        reward(market([1], 10, parameters={"winner": 1}), mechanism="uniform-price")

    assert "'winners'" in caught.value.hint


@pytest.mark.parametrize("winners", [0, -1])
def test_to_buy_no_lot_is_refused(market, winners):
    with pytest.raises(RewardError, match="winners must be 1 or more"):
        reward(market([1], 10, parameters={"winners": winners}), mechanism="uniform-price")
