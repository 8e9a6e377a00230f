"""Models as rewards, truth without a check, memory, copies, stakes and instalments."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import Estimate, RoundInput, reward
from fedmerit.incentives.enumeration import shapley_of_table
from fedmerit.incentives.mechanisms.audits import inspection_game, largest_slash, least_slash
from fedmerit.incentives.mechanisms.bargaining import nash_division
from fedmerit.incentives.mechanisms.copying import robust_values, similarities
from fedmerit.incentives.mechanisms.instalments import Owed, after, instalment, urgency
from fedmerit.incentives.mechanisms.models import (
    cgsv_step,
    download_ratios,
    largest_rho,
    rho_rewards,
    weaker_coalitions,
)
from fedmerit.incentives.mechanisms.peers import agreement, association, expected_score
from fedmerit.incentives.mechanisms.sharing import alone_of_table
from fedmerit.incentives.mechanisms.staking import signed_division
from fedmerit.incentives.mechanisms.standing import next_reputation
from fedmerit.incentives.offers import Bid, History

SIM = np.array([0, 2.4, 2.4, 3.0, 3.4, 4.2, 4.6, 5.0])  # three parties of Sim et al.
JOINT = np.array([[0.4, 0.1], [0.1, 0.4]])
TRUTH, FLIP, CONSTANT = (0, 1), (1, 0), (1, 1)


def members(values, budget, **more):
    n = len(values)
    return RoundInput(
        participants=tuple("abcdef"[:n]),
        contributions=tuple(Estimate(value, 0) for value in values),
        rows=(9,) * n,
        budget=budget,
        **more,
    )


def test_models_by_shapley_are_as_known(case, near):
    known, values = case("C07")["expected"], shapley_of_table(SIM)

    assert values == near(known["shapley"])
    assert values / values.max() == near(known["alpha"])
    rational = largest_rho(values, alone_of_table(SIM), 5.0)
    stable = largest_rho(values, weaker_coalitions(SIM, values), 5.0)
    assert rational == near(known["rho_IR"])
    assert stable == near(known["rho_stability"])
    assert weaker_coalitions(SIM, values) == near(known["v_C"])
    for rho, rewards in ((1, "rho1"), (rational, "at_rho_IR"), (stable, "at_rho_stability")):
        assert rho_rewards(values, 5.0, rho) == near(known[f"reward_{rewards}"])


def test_nobody_receives_a_worse_model_than_its_own(of_game):
    outcome = reward(of_game(SIM, 10), mechanism="rho-shapley")

    assert outcome.quality_ppm[0] == 480_000  # exactly what it has alone: 2.4 of 5
    assert outcome.quality_ppm[2] == 10**6
    assert outcome.reserve == 10


@pytest.mark.parametrize("rho", [Fraction(-1, 2), Fraction(3, 2)])
def test_rho_is_between_0_and_1(of_game, rho):
    with pytest.raises(RewardError, match="rho is 0 to 1"):
        reward(of_game(SIM, 10, parameters={"rho": rho}), mechanism="rho-shapley")


def test_shares_by_cosine_are_as_known(case, near):
    known = case("C33")["expected"]
    updates = np.array([[3.0, 4.0], [1.0, 0.0], [-1.0, 0.0]])

    agreed, importances = cgsv_step(updates, [0.0] * 3, 0.95)

    assert agreed == near(known["phi"])
    assert importances == near(known["r"])
    for beta, ratios in known["q_by_beta"].items():
        assert download_ratios(importances, float(beta)) == near(ratios)


def test_importances_go_on_from_round_to_round():
    updates = np.array([[3.0, 4.0], [1.0, 0.0], [-1.0, 0.0]])
    first = reward(members([0, 0, 0], 10, updates=updates), mechanism="cosine-shares")
    second = reward(
        members([0, 0, 0], 10, updates=updates, history=first.history), mechanism="cosine-shares"
    )

    assert first.quality_ppm == (10**6, 645_109, 22_477)
    assert second.quality_ppm[2] < first.quality_ppm[2]


def test_evaluators_score_as_known(case, near):
    known, expected = case("C34")["expected"], case("C34")["expected"]["expected_scores"]

    assert association(JOINT).ravel() == near(np.ravel(known["delta"]).tolist())
    assert expected_score(JOINT, TRUTH, TRUTH) == near(expected["truth_truth"])
    assert expected_score(JOINT, CONSTANT, TRUTH) == near(expected["constant_truth"])
    assert expected_score(JOINT, CONSTANT, CONSTANT) == near(expected["both_constant"])
    assert expected_score(JOINT, FLIP, TRUTH) == near(expected["flip_truth"])
    assert expected_score(JOINT, FLIP, FLIP) == near(expected["both_flip"])
    assert agreement((0, 1), (0, 1)) == known["sample_score"]


@given(mine=st.lists(st.integers(0, 2), min_size=2, max_size=6), data=st.data())
def test_agreement_is_the_mean_over_all_bonus_and_penalty_pairs(mine, data):
    n = len(mine)
    peers = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    pairs = [(t, u) for t in range(n) for u in range(n) if t != u]
    bonus = Fraction(sum(mine[t] == peers[t] for t in range(n)), n)
    penalty = Fraction(sum(mine[t] == peers[u] for t, u in pairs), len(pairs))

    assert agreement(tuple(mine), tuple(peers)) == bonus - penalty


@given(peers=st.lists(st.integers(0, 1), min_size=2, max_size=8))
def test_always_saying_the_same_earns_nothing(peers):
    assert agreement((1,) * len(peers), tuple(peers)) == 0


def test_one_task_says_nothing():
    with pytest.raises(RewardError, match="2 tasks or more"):
        reward(members([0, 0], 10, reports=((1,), (1,))), mechanism="peer-prediction")


def test_cheating_does_not_pay_from_the_threshold_on():
    kept = least_slash(10.0, audit=0.2, detection=0.5, clawed_back=False)
    clawed = least_slash(10.0, audit=0.2, detection=0.5, clawed_back=True)

    assert kept == pytest.approx(100)
    assert clawed == pytest.approx(90)
    assert largest_slash(3.0, audit=0.2, false_alarm=0.1) == pytest.approx(150)


@given(gain=st.floats(0.1, 50), slash=st.floats(0.1, 50), part=st.floats(0, 1))
def test_in_the_inspection_game_both_are_indifferent(gain, slash, part):
    looks, cheats = inspection_game(gain, slash, part * slash)

    assert (1 - looks) * gain - looks * slash == pytest.approx(0, abs=1e-9)
    assert cheats * slash == pytest.approx(part * slash)


@pytest.mark.parametrize("figures", [(0, 1, 0), (1, 0, 0), (1, 1, 2), (1, 1, -1)])
def test_an_inspection_that_cannot_be_is_refused(figures):
    with pytest.raises(RewardError, match="above 0"):
        inspection_game(*figures)


@pytest.mark.parametrize("chance", [0.0, 1.5])
def test_a_chance_that_cannot_be_is_refused(chance):
    with pytest.raises(RewardError, match="chance of audit"):
        least_slash(1.0, audit=chance, detection=1.0, clawed_back=False)


def test_reputation_is_earned_lost_and_never_gone():
    assert next_reputation(Fraction(1, 2), Fraction(4, 5), helped=True) == Fraction(3, 5)
    assert next_reputation(Fraction(1, 2), Fraction(4, 5), helped=False) == Fraction(2, 5)
    assert next_reputation(Fraction(0), Fraction(1), helped=False) > 0


def test_low_reputation_is_not_selected_and_all_are_remembered():
    history = History(reputations=(Fraction(1), Fraction(1, 5), Fraction(1, 2)))
    outcome = reward(members([4, 4, 4], 90, history=history), mechanism="reputation")

    assert outcome.payments == (60, 0, 30)
    assert outcome.history.reputations == (1, Fraction(9, 25), Fraction(3, 5))


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


def test_harm_is_charged_to_stakes_as_known(case, near):
    known, values = case("C38")["expected"], [5, 3, -2, 1]

    assert signed_division(values, 900, None) == near(known["signed_stake"])
    capped = signed_division(values, 900, [100] * 4)
    assert capped == near(known["signed_stake_capped_100"])
    assert sum(capped) == 900


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
    assert outcome.reserve == (0 if sum(values) > 0 else budget)


def test_where_all_did_harm_nobody_is_paid_or_charged():
    outcome = reward(members([-3, -4], 10, stakes=(5, 5)), mechanism="signed-stakes")

    assert (outcome.payments, outcome.slashes, outcome.reserve) == ((0, 0), (0, 0), 10)


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
