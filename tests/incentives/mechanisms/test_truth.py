"""Truth without a check: peers, audits and memory."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import Estimate, RoundInput, reward
from fedmerit.incentives.mechanisms.audits import inspection_game, largest_slash, least_slash
from fedmerit.incentives.mechanisms.peers import agreement, association, expected_score
from fedmerit.incentives.mechanisms.standing import next_reputation
from fedmerit.incentives.offers import History

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
