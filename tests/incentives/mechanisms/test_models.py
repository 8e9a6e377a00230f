"""Models as rewards: by Shapley values or by cosines, as the worked cases have them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fedmerit.errors import RewardError
from fedmerit.incentives import Estimate, RoundInput, reward
from fedmerit.incentives.mechanisms.models import (
    cgsv_step,
    download_ratios,
    largest_rho,
    rho_rewards,
    weaker_coalitions,
)
from fedmerit.incentives.methods.enumeration import shapley_of_table

SIM = np.array([0, 2.4, 2.4, 3.0, 3.4, 4.2, 4.6, 5.0])  # three parties of Sim et al.


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
    rational = largest_rho(values, np.array([2.4, 2.4, 3.4]), 5.0)
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
