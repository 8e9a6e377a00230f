"""Menus are those of the worked cases: rents for the cheap, distortion for the dear, ironing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import reward
from fedmerit.incentives.mechanisms.menus import best_menu, logarithmic, pooled


def test_the_menu_of_two_types_is_as_known(case, near):
    given_, known = case("C30")["inputs"], case("C30")["expected"]
    alpha, costs = given_["alpha"], given_["cost"]

    menu = best_menu(costs, given_["prob"], logarithmic(alpha))

    assert menu.work == near(known["q"])
    assert menu.rewards == near(known["R"])
    triples = list(zip(menu.rewards, costs, menu.work, strict=True))
    assert [pay - cost * units for pay, cost, units in triples] == near(known["rent"])
    assert [logarithmic(alpha)(cost) for cost in costs] == near(known["first_best_q"])
    gains = [alpha * np.log(1 + units) - pay for pay, _, units in triples]
    assert np.dot(given_["prob"], gains) == near(known["server_profit"])


def test_a_menu_that_must_be_ironed_is_as_known(case, near):
    given_, known = case("C31")["inputs"], case("C31")["expected"]

    menu = best_menu(given_["cost"], given_["prob"], logarithmic(given_["alpha"]))

    assert menu.virtual == near(known["raw_virtual_cost"])
    assert menu.work == near(known["q"])
    assert menu.rewards == near(known["R"])
    alike = [k for k in range(3) if menu.ironed.count(menu.ironed[k]) > 1]
    assert alike == known["pooled"]


@given(
    gaps=st.lists(st.floats(0.1, 2), min_size=1, max_size=5),
    odds=st.lists(st.floats(0.05, 1), min_size=5, max_size=5),
    alpha=st.floats(1, 30),
)
def test_every_type_likes_its_own_contract_best(gaps, odds, alpha):
    costs = np.cumsum(gaps)[::-1].tolist()
    menu = best_menu(costs, odds[: len(costs)], logarithmic(alpha))

    for k, cost in enumerate(costs):
        offers = [pay - cost * units for pay, units in zip(menu.rewards, menu.work, strict=True)]
        assert offers[k] == pytest.approx(max(offers), abs=1e-9 * alpha)
        assert offers[k] >= -1e-9 * alpha
    assert list(menu.work) == sorted(menu.work)
    assert menu.work[-1] == pytest.approx(logarithmic(alpha)(costs[-1]))


@given(prices=st.lists(st.floats(0, 9), min_size=1, max_size=6))
def test_pooling_gives_falling_prices_of_the_same_mean(prices):
    found = pooled(prices, [1.0] * len(prices))

    assert found == sorted(found, reverse=True) or np.diff(found).max() < 1e-9
    assert sum(found) == pytest.approx(sum(prices))


def test_members_pick_what_suits_their_cost_and_too_dear_ones_nothing(market):
    units = [250_000, 900_000, 2_000_000]
    round_ = market([40 * cost for cost in units], 10**9, capacities=[40] * 3)

    outcome = reward(round_, mechanism="contract")

    assert outcome.work[0] == 31  # 8,000,000 / 250,000 - 1: not distorted at the top
    assert outcome.work[2] == 0
    assert outcome.payments[1] == pytest.approx(900_000 * float(outcome.work[1]), abs=1)


def test_nobody_picks_a_contract_that_it_has_no_capacity_for(market):
    cheap = market([250_000 * 7, 250_000 * 2], 10**9, capacities=[7, 2])

    outcome = reward(cheap, mechanism="contract")

    # The contracts are of 4, 6.5 and 31 units: 7 are enough for the second, 2 for none.
    assert list(map(float, outcome.work)) == pytest.approx([6.5, 0])
    assert outcome.payments[0] > 250_000 * 6.5
    assert outcome.payments[1] == 0


@pytest.mark.parametrize(
    ("costs", "odds"),
    [((1, 2), (1, 1)), ((2, 2), (1, 1)), ((2, 1), (1, 0)), ((2, 1), (1,)), ((), ())],
)
def test_types_that_cannot_be_are_refused(costs, odds):
    with pytest.raises(RewardError, match="falling costs"):
        best_menu(costs, odds, logarithmic(1.0))


def test_a_type_that_costs_less_than_nothing_is_refused(market):
    with pytest.raises(RewardError, match="above 0"):
        reward(market([1], 10, parameters={"types": (5, -1), "odds": (1, 1)}), mechanism="contract")
