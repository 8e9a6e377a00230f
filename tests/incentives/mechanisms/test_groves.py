"""Groves payments are those of the worked cases, and what is handed back stays harmless."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from fedmerit.errors import MissingInput, RewardError, Underfunded
from fedmerit.incentives import reward
from fedmerit.incentives.mechanisms.extraction import lottery
from fedmerit.incentives.mechanisms.groves import (
    accepted,
    best_coalitions,
    groves_payments,
    surplus,
    without,
)
from fedmerit.incentives.mechanisms.redistribution import (
    drawn_markets,
    fitted,
    left_over,
    overdrawn,
    terms,
)

PAIR = [0, 0, 0, 10]
markets = st.lists(st.tuples(st.integers(1, 9), st.floats(0.05, 3)), min_size=1, max_size=4).map(
    lambda pairs: tuple(map(list, zip(*pairs, strict=True)))
)


def test_pvcg_pays_as_known(case, near):
    given_, known = case("C18")["inputs"], case("C18")["expected"]
    supplies, costs, alpha = given_["q"], given_["gamma"], given_["alpha"]

    taken, paid = accepted(supplies, costs, alpha), groves_payments(supplies, costs, alpha)
    best = surplus(supplies, costs, alpha)
    smaller = [surplus(without(supplies, i), without(costs, i), alpha) for i in range(3)]

    assert [units / supply for units, supply in zip(taken, supplies, strict=True)] == near(
        known["eta"]
    )
    assert best == near(known["S_star"])
    assert smaller == near(known["S_minus_i"])
    assert paid == near(known["tau"])
    income = alpha * np.sqrt(sum(taken))
    assert income == near(known["income_B"])
    assert income - sum(paid) == near(known["budget_surplus"])
    gains = [tau - x * cost for tau, x, cost in zip(paid, taken, costs, strict=True)]
    assert gains == near(known["utilities"])
    ratios = np.array(supplies) / (np.array(supplies) + np.array(paid))
    assert ratios.var() == near(known["loss_at_h0"]["fairness_var"])
    assert max(0.0, -min(gains)) == known["loss_at_h0"]["IR"]
    assert max(0.0, sum(best - each for each in smaller) - best) == known["loss_at_h0"]["BB"]


def test_the_cheapest_may_be_accepted_in_part(case, near):
    given_, known = case("C20")["inputs"], case("C20")["expected"]
    supplies, costs, alpha = given_["q"], given_["gamma"], given_["alpha"]

    taken = accepted(supplies, costs, alpha)

    assert [units / supply for units, supply in zip(taken, supplies, strict=True)] == near(
        known["eta"]
    )
    assert surplus(supplies, costs, alpha) == near(known["S_star"])
    assert groves_payments(supplies, costs, alpha) == near(known["tau"])


@settings(max_examples=25)
@given(market=markets)
def test_no_other_acceptance_leaves_more(market):
    supplies, costs = market
    best = surplus(supplies, costs, 2.0)

    def loss(work):
        return sum(w * c for w, c in zip(work, costs, strict=True)) - 2 * np.sqrt(max(sum(work), 0))

    start = [supply / 2 for supply in supplies]
    found = minimize(loss, start, bounds=[(0, supply) for supply in supplies])
    assert -found.fun <= best + 1e-6


@given(market=markets)
def test_groves_payments_cost_no_more_than_what_comes_in(market):
    assert left_over(market, 2.0) >= -1e-9


def test_a_single_owner_is_paid_what_its_rows_bring_in(market):
    round_ = market([400], 10**6, capacities=[4], parameters={"alpha": 1000})

    outcome = reward(round_, mechanism="pvcg")
    assert outcome.payments == (2000,)
    assert outcome.work == (4,)


def test_rows_that_cost_nothing_are_all_taken(market):
    outcome = reward(market([0, 50], 10**7, capacities=[9, 1]), mechanism="pvcg")

    assert outcome.work == (9, 1)


def test_members_of_use_only_together_are_both_paid_the_whole_surplus(of_game, market):
    round_ = market([1, 1], 100, game=of_game(PAIR, 1).game, parameters={"worth": 1})

    assert reward(round_, mechanism="vcg").payments == (9, 9)
    tight = market([1, 1], 19, game=of_game(PAIR, 1).game, parameters={"worth": 1})
    with pytest.raises(Underfunded, match="owe up to 20"):
        reward(tight, mechanism="vcg")


def test_whom_to_buy_from_is_found_by_exhaustion():
    worths = [0, 6, 5, 8]

    assert best_coalitions(worths, {0: 2, 1: 4}) == (0b01, 4, [1, 4])
    assert best_coalitions(worths, {0: 2})[0] == 0b01
    assert best_coalitions(worths, {1: 4}) == (0b10, 1, [1, 0])


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), n=st.integers(2, 4))
def test_what_is_handed_back_is_within_what_is_left_where_it_was_fitted(seed, n):
    drawn = drawn_markets(n, 30, largest=9, dearest=1.5, rng=np.random.default_rng(seed))

    weights = fitted(drawn, 2.0)

    for one in drawn:
        assert sum(terms(one, 2.0, weights)) <= left_over(one, 2.0) + 1e-6


def test_most_held_out_markets_stay_in_budget_and_something_is_handed_back():
    rng = np.random.default_rng(7)
    drawn = drawn_markets(4, 150, largest=9, dearest=1.5, rng=rng)
    others = drawn_markets(4, 150, largest=9, dearest=1.5, rng=rng)

    weights = fitted(drawn, 2.0)

    assert overdrawn(others, 2.0, weights) <= 0.05
    back = sum(sum(terms(one, 2.0, weights)) for one in others)
    assert back > 0.3 * sum(left_over(one, 2.0) for one in others)


@given(market=markets)
def test_a_term_does_not_depend_on_the_own_report(market):
    supplies, costs = market
    weights = [0.2, 0.1, -0.1]

    before = terms((supplies, costs), 2.0, weights)[0]
    after = terms(([1, *supplies[1:]], [9.0, *costs[1:]]), 2.0, weights)[0]
    assert before == after


def test_the_lottery_takes_all_surplus_as_known(case, near):
    known = case("C22")["expected"]
    beliefs = np.array([[0.8, 0.2], [0.2, 0.8]])

    low, high = known["interim_surplus"]
    charges = [float(charge) for charge in lottery(Fraction(4, 5), (low, Fraction(high)))]

    assert charges[0] == near(known["side_payment_if_other_low"])
    assert charges[1] == near(known["side_payment_if_other_high"])
    left = np.array(known["interim_surplus"]) - beliefs @ charges
    assert left == pytest.approx(known["interim_utility_after"], abs=1e-12)
    assert charges[1] == near(4 / 15)  # which the low type pays for nothing


def test_buyers_of_different_values_settle_as_known(market):
    round_ = market([10**6, 2 * 10**6], 10**6, stakes=(10**7, 10**7))

    outcome = reward(round_, mechanism="cremer-mclean")

    assert outcome.work == (0, 1)
    assert outcome.slashes == (266_666, 933_333)  # 4/15, and the price less 1/15
    assert outcome.reserve == 10**6 + sum(outcome.slashes)


def test_independent_types_cannot_be_charged_for():
    with pytest.raises(RewardError, match="full rank"):
        lottery(Fraction(1, 2), (Fraction(0), Fraction(1)))


def test_a_fee_beyond_the_stake_is_refused_by_name(market):
    with pytest.raises(RewardError, match="'a' may owe up to 2266667 and has put down 5"):
        reward(market([10**6, 2 * 10**6], 10, stakes=(5, 10**7)), mechanism="cremer-mclean")


def test_three_buyers_are_too_many(market):
    with pytest.raises(RewardError, match="3 do"):
        reward(market([1, 2, 3], 10, stakes=(10**7,) * 3), mechanism="cremer-mclean")


@pytest.mark.parametrize(("bid", "price"), [(2 * 10**6, 10**6), (5 * 10**5, 5 * 10**5)])
def test_who_bids_alone_has_the_model_at_the_low_price(market, bid, price):
    alone = market([None, bid], 10, stakes=(10**7,) * 2)

    outcome = reward(alone, mechanism="cremer-mclean")

    assert (outcome.work, outcome.slashes) == ((0, 1), (0, price))


def test_fees_need_stakes(market):
    with pytest.raises(MissingInput, match="stakes"):
        reward(market([1, 2], 10), mechanism="cremer-mclean")


@settings(max_examples=30, deadline=None)
@given(
    costs=st.lists(st.integers(1, 10**6), min_size=3, max_size=3),
    capacities=st.lists(st.integers(1, 12), min_size=3, max_size=3),
    kept=st.integers(0, 11),
    ask=st.integers(1, 2 * 10**6),
)
def test_a_grant_for_what_is_offered_leaves_the_truth_the_best_answer(
    market, costs, capacities, kept, ask
):
    def ends(cost, capacity):
        whole = [cost * capacity, *(c * x for c, x in zip(costs[1:], capacities[1:], strict=True))]
        round_ = market(
            whole,
            10**9,
            capacities=[capacity, *capacities[1:]],
            parameters={"grant": 50_000},
        )
        outcome = reward(round_, mechanism="fvcg")
        return outcome.payments[0] - costs[0] * float(outcome.work[0])

    honest = ends(costs[0], capacities[0])

    assert ends(ask, max(1, capacities[0] - kept)) <= honest + 2


def test_a_grant_makes_pay_for_a_row_more_alike(market):
    def spread(grant):
        capacities = [2, 6, 12]
        round_ = market(
            [200_000, 900_000, 3_000_000],
            10**9,
            capacities=capacities,
            parameters={"grant": grant},
        )
        paid = np.array(reward(round_, mechanism="fvcg").payments) / 10**6
        return float(np.var(np.array(capacities) / (np.array(capacities) + paid)))

    assert spread(10**6) < spread(0)
    with pytest.raises(RewardError, match="grant must be 0 or more"):
        spread(-1)
