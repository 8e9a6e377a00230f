"""Copies, stakes, instalments and bargains, as the worked cases have them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import Estimate, RoundInput, reward
from fedmerit.incentives.mechanisms.bargaining import nash_division
from fedmerit.incentives.mechanisms.copying import robust_values, similarities
from fedmerit.incentives.mechanisms.instalments import Owed, after, instalment, urgency
from fedmerit.incentives.mechanisms.staking import charges
from fedmerit.incentives.offers import Bid, History


def members(values, budget, **more):
    n = len(values)
    return RoundInput(
        participants=tuple("abcdef"[:n]),
        contributions=tuple(Estimate(value, 0) for value in values),
        rows=(9,) * n,
        budget=budget,
        **more,
    )


def test_copies_are_discounted_as_known(case, near):
    known = case("C05")["expected"]["robust_shapley"]

    for penalty, written in ((1.0, "lambda=1"), (float(np.log(2)), "lambda=ln2")):
        before = robust_values(np.array([0.5, 0.5]), np.ones((2, 2)), penalty)[0]
        after_ = robust_values(np.full(3, 1 / 3), np.ones((3, 3)), penalty)[:2].sum()
        assert before == near(known[written]["A_before"])
        assert after_ == near(known[written]["A_after_1_copy"])


def test_updates_are_alike_by_their_direction_and_zeros_by_being_the_same():
    updates = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])

    alike = similarities(updates)
    assert alike[0, 1] == pytest.approx(1)
    assert alike[0, 2] == alike[0, 3] == alike[0, 4] == 0
    assert alike[4, 5] == 1


def test_harm_is_charged_by_its_part_of_all_that_was_moved(case):
    known, values = case("C38")["expected"], [5, 3, -2, 1]

    assert charges(values, 900, [900] * 4) == [0, 0, 900 * 2 // 11, 0]
    assert charges(values, 900, [100] * 4) == [0, 0, 100, 0]
    outcome = reward(members(values, 900, stakes=(900,) * 4), mechanism="signed-stakes")
    assert [str(paid) for paid in outcome.payments] == known["clip"]
    assert outcome.reserve == 900 * 2 // 11


@given(
    values=st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    more=st.integers(1, 9),
    stake=st.integers(0, 200),
)
def test_nobody_ends_with_less_for_being_worth_more_beside_the_same_others(values, more, stake):
    def ends(first):
        held = (stake,) * len(values)
        outcome = reward(members([first, *values[1:]], 900, stakes=held), mechanism="signed-stakes")
        return outcome.payments[0] - outcome.slashes[0]

    assert ends(values[0] + more) >= ends(values[0])


@given(
    values=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5),
    moved=st.integers(-3, 3),
    place=st.integers(0, 4),
    budget=st.integers(1, 10**4),
)
def test_a_charge_moves_little_where_values_do(values, moved, place, budget):
    """However near to each other what was added and what was spoilt are."""
    near = list(values)
    near[place % len(values)] += moved
    stakes = [10**9] * len(values)
    least = max(1, min(sum(map(abs, values)), sum(map(abs, near))))

    for here, there in zip(
        charges(values, budget, stakes), charges(near, budget, stakes), strict=True
    ):
        assert here <= budget
        assert abs(here - there) <= 2 * budget * abs(moved) / least + 1


def test_the_rules_that_are_rejected_pay_nulls_or_harm(case, near):
    known, values = case("C38")["expected"], np.array([0.5, 0.3, -0.2, 0.1])

    exponentials = np.exp(values / 0.2)
    assert (900 * exponentials / exponentials.sum()).tolist() == near(known["softmax"])
    shifted = values - values.min()
    assert (900 * shifted / shifted.sum()).tolist() == near(known["shift"])


@given(
    values=st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    stakes=st.lists(st.integers(0, 50), min_size=5, max_size=5),
    budget=st.integers(1, 10**4),
)
def test_nobody_is_charged_beyond_its_stake_and_no_unit_is_made(values, stakes, budget):
    held = tuple(stakes[: len(values)])
    outcome = reward(members(values, budget, stakes=held), mechanism="signed-stakes")

    assert all(slash <= stake for slash, stake in zip(outcome.slashes, held, strict=True))
    assert outcome.reserve == sum(outcome.slashes) + (0 if max(values) > 0 else budget)


def test_where_all_did_harm_nobody_is_paid_and_all_are_charged():
    outcome = reward(members([-3, -4], 10, stakes=(5, 5)), mechanism="signed-stakes")

    assert (outcome.payments, outcome.slashes, outcome.reserve) == ((0, 0), (4, 5), 19)


def test_instalments_are_as_known(case, near):
    rounds, known = case("C32")["expected"]["rounds"], case("C32")["expected"]
    contributions, first_costs = (Fraction(3), Fraction(2), Fraction(1)), (4, 3, 2)
    owed = [Owed(Fraction(0), Fraction(0), Fraction(cost)) for cost in first_costs]

    for number, expected in enumerate(rounds):
        costs = [Fraction(cost if number == 0 else 0) for cost in first_costs]
        triples = list(zip(owed, contributions, costs, strict=True))
        urgencies = [urgency(o, q, c, Fraction(1)) for o, q, c in triples]
        paid = instalment(urgencies, Fraction(6))
        assert [float(o.regret) for o in owed] == near(expected["Y"])
        assert [float(o.wait) for o in owed] == near(expected["Q"])
        assert [float(o.growth) for o in owed] == near(expected["lam"])
        assert [float(u) for u in urgencies] == near(expected["u"])
        assert [float(p) for p in paid] == near(expected["payout"])
        owed = [after(o, c, p) for (o, _, c), p in zip(triples, paid, strict=True)]
    assert [float(o.regret) for o in owed] == near(known["final_Y"])
    assert [float(o.wait) for o in owed] == near(known["final_Q"])


def test_instalments_in_whole_units_go_on_as_the_formulas_do(case, near):
    known, history = case("C32")["expected"]["rounds"], History()
    for number, expected in enumerate(known):
        costs = (4, 3, 2) if number == 0 else (0, 0, 0)
        round_ = members(
            [3 * 10**9, 2 * 10**9, 10**9],
            6 * 10**6,
            bids=tuple(Bid(cost=cost * 10**6) for cost in costs),
            history=history,
        )
        outcome = reward(round_, mechanism="fli")
        paid = [payment / 10**6 for payment in outcome.payments]
        assert paid == near(expected["payout"], 2e-6)
        history = outcome.history
    assert history.times == (1, 1, 1)


def test_a_budget_beyond_what_is_owed_can_stay_in_the_reserve():
    bids = (Bid(cost=10**6), None)
    capped = members([10**9, 0], 10**7, bids=bids, parameters={"capped": 1})

    outcome = reward(capped, mechanism="fli")
    assert outcome.payments == (10**6, 0)  # half of a contribution and a cost of a million each
    assert outcome.reserve == 9 * 10**6
    assert reward(members([10**9, 0], 10**7, bids=bids), mechanism="fli").payments == (10**7, 0)


def test_where_nothing_is_owed_nothing_is_divided_by():
    assert reward(members([0, -1], 10, bids=(None, None)), mechanism="fli").reserve == 10


def test_bargaining_starts_from_what_each_has_alone(of_game):
    outcome = reward(of_game([0, 3, 1, 10], 1000), mechanism="nash-bargaining")

    assert outcome.payments == (600, 400)
    assert reward(of_game([0, 6, 6, 10], 100), mechanism="nash-bargaining").reserve == 100


def test_power_moves_the_gain_and_not_the_fallback():
    halves = nash_division(Fraction(10), [Fraction(3), Fraction(1)], [2, 1])

    assert halves == [Fraction(7), Fraction(3)]
    assert nash_division(Fraction(3), [Fraction(3), Fraction(1)], [1, 1]) is None


@pytest.mark.parametrize("powers", [(1,), (1, 0), (1, -1)])
def test_powers_that_do_not_fit_are_refused(of_game, powers):
    with pytest.raises(RewardError, match="powers are positive"):
        reward(
            of_game([0, 1, 1, 3], 10, parameters={"powers": powers}), mechanism="nash-bargaining"
        )


@given(total=st.integers(5, 50), low=st.integers(0, 4), data=st.data())
def test_no_other_division_has_a_larger_product_of_gains(total, low, data):
    fallbacks = [Fraction(low), Fraction(1)]
    best = nash_division(Fraction(total), fallbacks, [1, 1])
    other = Fraction(data.draw(st.integers(low, total - 1)))

    def product(first):
        return (first - fallbacks[0]) * (total - first - fallbacks[1])

    assert product(other) <= product(best[0])
