"""Models at a price, lots as bid, and curves and qualities that are settings."""

from __future__ import annotations

from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import reward
from fedmerit.incentives.mechanisms.goods import good_total, provided_good
from fedmerit.incentives.mechanisms.pricing import learned_weights, model_fee, model_share
from fedmerit.incentives.mechanisms.rounding import root
from fedmerit.incentives.mechanisms.tullock import capped_efforts


@given(value=st.integers(0, 300), bid=st.integers(0, 300), price=st.integers(1, 200))
def test_no_bid_for_a_model_is_better_than_its_value(value, bid, price):
    def keeps(offer):
        return value * model_share(offer, price) - model_fee(offer, price)

    assert keeps(bid) <= keeps(value)
    assert keeps(value) >= 0


def test_whoever_bids_half_the_price_gets_half_the_gain_for_an_eighth(market):
    round_ = market([500_000, 3 * 10**6, None], 10, stakes=(10**6,) * 3)

    outcome = reward(round_, mechanism="data-market")

    assert outcome.work == (Fraction(1, 2), 1, 0)
    assert outcome.slashes == (125_000, 500_000, 0)
    assert outcome.reserve == 10 + 625_000
    with pytest.raises(RewardError, match="'a' may owe up to 500000 and has put down 3"):
        reward(market([1], 10, stakes=(3,)), mechanism="data-market")


@settings(max_examples=30, deadline=None)
@given(
    bids=st.lists(st.integers(0, 40), min_size=1, max_size=20),
    rate=st.sampled_from([Fraction(1, 10), Fraction(1, 2)]),
)
def test_learned_prices_bring_in_nearly_what_the_best_one_would(bids, rate):
    prices = [5, 10, 20, 40]
    brought = 0.0
    for i, bid in enumerate(bids):
        weights = learned_weights(bids[:i], prices, rate=rate)
        assert sum(weights) == 1
        brought += float(sum(w * model_fee(bid, p) for w, p in zip(weights, prices, strict=True)))

    best = max(sum(model_fee(bid, price) for bid in bids) for price in prices)
    assert brought >= (1 - rate) * best - 20 * log(len(prices)) / rate - 1e-6


def test_who_is_paid_as_bid_is_left_nothing_by_the_truth(market):
    outcome = reward(market([4, 3, 9], 100), mechanism="pay-as-bid")

    assert outcome.payments == (4, 3, 0)
    assert reward(market([4, 3, 9], 7), mechanism="pay-as-bid").payments == (0, 3, 0)


@given(
    offers=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=2, max_size=5),
    prize=st.integers(1, 10**4),
)
def test_no_effort_within_capacity_beats_the_one_announced(offers, prize):
    costs, capacities = (
        [Fraction(number) for number in each] for each in zip(*offers, strict=True)
    )

    efforts = capped_efforts(costs, capacities, Fraction(prize))

    for cost, capacity, effort in zip(costs, capacities, efforts, strict=True):
        others = float(sum(efforts) - effort)
        wanted = capacity if not cost else np.sqrt(prize * others / float(cost)) - others
        best = min(float(capacity), max(0.0, float(wanted)))
        assert float(effort) == pytest.approx(best, rel=1e-7, abs=1e-7)


@given(numerator=st.integers(0, 10**30), denominator=st.integers(1, 10**30))
def test_a_root_is_the_largest_that_is_not_above(numerator, denominator):
    square = Fraction(numerator, denominator)
    found = root(square)

    assert found**2 <= square
    assert (found + Fraction(1, 2**64)) ** 2 > square
    assert square == 0 or (found * (1 + Fraction(1, 2**62))) ** 2 > square


def test_a_steeper_curve_is_worth_more_data(market):
    def brought(curve):
        settings = {"benefit": 8, "curve": curve}
        offers = market([200, 200], 10, capacities=[100] * 2, parameters=settings)
        return reward(offers, mechanism="public-good").work

    assert brought(Fraction(1, 2)) == (2, 2)  # a unit costs 2: (8 / 4)**2 in all
    steeper = brought(Fraction(3, 4))
    assert sum(map(float, steeper)) == pytest.approx(good_total(8, 2, 0.75))
    assert steeper[0] > 2
    for curve in (Fraction(0), Fraction(1)):
        with pytest.raises(RewardError, match="between 0 and 1"):
            brought(curve)


def test_who_cannot_bring_what_it_would_leaves_room_for_the_next():
    costs, capacities = [Fraction(1), Fraction(2)], [Fraction(1), Fraction(9)]

    brought = provided_good(costs, capacities, lambda cost: 16 / cost**2)

    assert brought == [1, 3]


def test_better_units_are_asked_for_in_larger_contracts(market):
    def offered(quality, points):
        round_ = market(
            [250_000 * 100],
            10**9,
            capacities=[100],
            qualities=[quality],
            parameters={"points": points},
        )
        return reward(round_, mechanism="contract").work[0]

    assert offered(100, 1) == offered(7, 0) == 31  # a point a unit; and whatever it is
    assert offered(200, 1) == Fraction(63, 2)  # 8,000,000 / 250,000 less half a unit
    assert offered(50, 1) == 30
