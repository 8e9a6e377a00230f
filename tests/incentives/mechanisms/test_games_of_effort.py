"""Contests, prices and common goods: efforts are best answers, as the worked cases have them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from fedmerit.errors import RewardError
from fedmerit.incentives import reward
from fedmerit.incentives.mechanisms.goods import (
    accuracy,
    alone,
    good_total,
    good_welfare,
    price_of_anarchy,
    shaped,
    shaped_units,
)
from fedmerit.incentives.mechanisms.posted import (
    accuracy_price,
    cycle_price,
    local_error,
    round_time,
)
from fedmerit.incentives.mechanisms.tullock import (
    active,
    best_reward_log,
    best_reward_platform,
    best_reward_sqrt,
    contest_efforts,
    effort_per_reward,
    platform_utility,
    rent_dissipation,
)

costs = st.lists(st.floats(0.1, 5), min_size=2, max_size=6)


def utility(efforts, prices, reward_, i):
    return reward_ * efforts[i] / sum(efforts) - prices[i] * efforts[i]


def test_the_contest_of_three_ends_as_known(case, near):
    given_, known = case("C09")["inputs"], case("C09")["expected"]
    efforts = contest_efforts(given_["c"], given_["R"])

    assert efforts == near(known["x"])
    assert sum(efforts) == near(known["X"])
    assert [given_["R"] * x / sum(efforts) for x in efforts] == near(known["payment"])
    ends = [utility(efforts, given_["c"], given_["R"], i) for i in range(3)]
    assert ends == near(known["utility"])
    assert rent_dissipation(given_["c"], given_["R"]) == near(known["rent_dissipation"])


def test_whoever_is_too_dear_stays_out_and_the_others_know(case, near):
    given_, known = case("C10")["inputs"], case("C10")["expected"]

    assert active(given_["c"]) == known["active"]
    assert contest_efforts(given_["c"], given_["R"]) == near(known["x"])


def test_clipping_the_formula_for_all_is_no_equilibrium(case):
    given_, clipped = case("C10")["inputs"], case("C10")["expected"]["naive_clipped_all_n_formula"]

    def loses(x):
        return -utility([x, *clipped[1:]], given_["c"], given_["R"], 0)

    best = minimize_scalar(loses, bounds=(1, 100), method="bounded")
    assert -best.fun > utility(clipped, given_["c"], given_["R"], 0) + 0.05


@given(prices=costs, reward_=st.floats(0.5, 100))
def test_no_effort_beats_the_one_announced(prices, reward_):
    efforts = contest_efforts(prices, reward_)

    for i, effort in enumerate(efforts):
        others = sum(efforts) - effort
        best = max(0.0, np.sqrt(reward_ * others / prices[i]) - others)
        assert best == pytest.approx(effort, abs=1e-7 * reward_)


def test_the_leaders_best_rewards_are_as_known(case, near):
    given_, known = case("C12")["inputs"], case("C12")["expected"]
    prices, alpha = given_["c"], given_["alpha"]

    assert effort_per_reward(prices) == near(known["X_over_R"])
    log_reward, sqrt_reward = best_reward_log(prices, alpha), best_reward_sqrt(prices, alpha)
    assert log_reward == near(known["R_star_log"])
    assert alpha * np.log(1 + log_reward / 2) - log_reward == near(known["u0_log"])
    assert sqrt_reward == near(known["R_star_sqrt"])
    assert alpha * np.sqrt(sqrt_reward / 2) - sqrt_reward == near(known["u0_sqrt"])
    edge = known["boundary_case"]
    assert contest_efforts(edge["c"], edge["R"]) == near(edge["x"])


@given(prices=costs, worth=st.floats(0.5, 60))
def test_the_platforms_reward_is_its_best(prices, worth):
    best = best_reward_platform(prices, worth)

    most = platform_utility(prices, best, worth)
    for other in (0.0, best * 0.9, best * 1.1 + 0.01, 5.0):
        assert platform_utility(prices, other, worth) <= most + 1e-9


def test_one_alone_has_nobody_to_compete_with(market):
    assert contest_efforts([1.0], 10) == [0.0]
    outcome = reward(market([3], 10), mechanism="tullock")
    assert (outcome.payments, outcome.work, outcome.reserve) == ((0,), (0,), 10)


def test_a_contest_of_efforts_that_cost_nothing_ends_at_capacity(market):
    with pytest.raises(RewardError, match="cost something"):
        contest_efforts([0.0, 0.0], 10)
    outcome = reward(market([0, 0], 10, capacities=[3, 2]), mechanism="tullock")
    assert (outcome.work, outcome.payments) == ((3, 2), (6, 4))


def test_prices_for_accuracy_are_as_known(case, near):
    given_, known = case("C13")["inputs"], case("C13")["expected"]
    price = accuracy_price(given_["a"], given_["kappa"])

    assert price == near(known["r_star"])
    errors = [local_error(price, kappa) for kappa in given_["kappa"]]
    assert errors == near(known["theta"])
    pairs = zip(errors, given_["kappa"], strict=True)
    ends = [price * (1 - theta) - kappa * np.log(1 / theta) for theta, kappa in pairs]
    assert ends == near(known["follower_utility"])
    gain = (given_["a"] - price) * sum(1 - theta for theta in errors)
    assert gain == near(known["leader_utility"])


@given(worth=st.floats(0.5, 20), unit_costs=st.lists(st.floats(0.05, 8), min_size=1, max_size=5))
def test_no_other_price_leaves_the_leader_more(worth, unit_costs):
    def gain(price):
        return (worth - price) * sum(1 - local_error(price, k) for k in unit_costs)

    best = accuracy_price(worth, unit_costs)
    for price in np.linspace(0, worth, 200):
        assert gain(price) <= gain(best) + 1e-9


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_like_workers_run_at_the_speed_of_the_closed_form(workers):
    budget, unit_cost = 12.0, 0.5

    speed = cycle_price(budget, [unit_cost] * workers) / (2 * unit_cost)

    assert speed == pytest.approx(np.sqrt(budget / (2 * unit_cost * workers)))
    harmonic = sum(1 / k for k in range(1, workers + 1))
    assert round_time(3.0, speed, workers) == pytest.approx(harmonic * 3.0 / speed)


def test_half_the_worth_is_a_good_price_and_loses_a_quarter(market):
    round_ = market([100], 10**9, capacities=[100], parameters={"worth": 10})

    outcome = reward(round_, mechanism="posted-price")  # unit cost 1: best work would be 10

    assert (outcome.work, outcome.payments) == ((5,), (25,))
    assert (10 * 5 - 5**2 / 2) / (10 * 10 - 10**2 / 2) == 3 / 4


def test_a_common_good_is_provided_as_known(case, near):
    given_, known = case("C15")["inputs"], case("C15")["expected"]
    n, benefit, cost = given_["n"], given_["b"], given_["c"]

    nash, best = good_total(benefit, cost), good_total(n * benefit, cost)
    assert nash == near(known["X_nash"])
    assert best == near(known["X_opt"])
    assert good_welfare(n, benefit, cost, nash) == near(known["welfare_nash"])
    assert good_welfare(n, benefit, cost, best) == near(known["welfare_opt"])
    assert price_of_anarchy(n, benefit, cost) == near(known["price_of_anarchy"])
    assert best == n**2 * nash


def test_only_the_cheapest_provide_the_common_good(market):
    offers = market([9, 6, 6], 10, capacities=[3] * 3, parameters={"benefit": 8})
    outcome = reward(offers, mechanism="public-good")

    assert outcome.work == (0, 2, 2)
    assert (outcome.payments, outcome.reserve) == ((0, 0, 0), 10)


@given(prices=st.lists(st.floats(0.005, 0.4), min_size=1, max_size=5))
def test_shaped_accuracy_makes_everybody_work_for_the_joint_model(prices):
    units = shaped_units(prices, half=4, edge=0.01)
    total = sum(units)

    for mine, cost in zip(units, prices, strict=True):
        assert mine >= alone(cost, 4) - 1e-9
        received = shaped(mine, total, cost, half=4, edge=0.01)
        # All receive the joint model, or nobody finds any unit worth its cost.
        assert received == pytest.approx(accuracy(total, 4), abs=1e-6) or total < 1e-6


def test_more_is_brought_than_alone_and_nothing_is_paid(market):
    offers = market([10**8] * 2, 10, capacities=[100] * 2)
    outcome = reward(offers, mechanism="accuracy-shaping")

    assert outcome.payments == (0, 0)
    assert outcome.work[0] > Fraction(alone(0.01, 4))


@pytest.mark.parametrize("rule", ["public-good", "cycle-market", "tullock"])
def test_work_that_costs_nothing_is_all_done(market, rule):
    assert reward(market([0, 500], 10, capacities=[3, 5]), mechanism=rule).work[0] == 3


def test_accuracy_that_costs_nothing_cannot_be_shaped(market):
    with pytest.raises(RewardError, match="above 0"):
        reward(market([0, 5], 10), mechanism="accuracy-shaping")


@pytest.mark.parametrize("rule", ["public-good", "accuracy-shaping", "cycle-market", "tullock"])
def test_where_nobody_offers_nothing_happens(market, rule):
    outcome = reward(market([None, 5], 10, ineligible=frozenset("b")), mechanism=rule)

    assert (outcome.payments, outcome.reserve) == ((0, 0), 10)


def test_a_budget_that_prices_could_exceed_is_refused(market):
    with pytest.raises(RewardError, match="owe up to 2000000"):
        reward(market([5, 5], 10), mechanism="local-accuracy")
