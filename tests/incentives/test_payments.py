"""What goes into a mechanism and comes out of it is checked, whole and explained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import (
    Estimate,
    Outcome,
    RoundInput,
    Valuation,
    estimates,
    explain,
    reward,
)

ROUND = RoundInput(
    participants=("ada", "bob", "cyd", "dan"),
    contributions=(Estimate(300, 0), Estimate(-50, 0), Estimate(60, 0), Estimate(100, 0)),
    rows=(10, 20, 30, 40),
    budget=1000,
    ineligible=frozenset({"cyd"}),
)
OUTCOME = Outcome(
    participants=("ada", "bob"), budget=10, payments=(6, 2), slashes=(0, 3), reserve=5
)


def valuation(values, errors=None):
    values = np.asarray(values, dtype=float)
    return Valuation(
        participants=tuple(map(str, range(len(values)))),
        values=values,
        sampling_covariance=np.diag(np.zeros(len(values)) if errors is None else errors) ** 2,
        sampling_degrees=np.inf,
        errors="none",
        columns=None,
        evaluations=1,
        seed=0,
        method="exact",
    )


@pytest.mark.parametrize(
    ("value", "nano"),
    [
        (0.25, 250_000_000),
        (-1e-9, -1),
        (2.0**-10, 976_562),  # 976562.5 rounds to even
        (3 * 2.0**-10, 2_929_688),  # 2929687.5 rounds to even
        (1e-10, 0),
        (1e12, 10**21),
    ],
)
def test_values_round_to_whole_billionths_halves_to_even(value, nano):
    assert estimates(valuation([value])) == (Estimate(nano, 0),)


@given(
    error=st.floats(1e-6, 1e3),
    confidence=st.floats(0.01, 0.999),
    degrees=st.floats(1, 1e6) | st.just(np.inf),
)
def test_half_widths_are_those_of_the_valuations_own_intervals(error, confidence, degrees):
    found = replace(valuation([0.5], [error]), sampling_degrees=degrees)

    low, high = found.interval(confidence)[0]

    (estimate,) = estimates(found, confidence=confidence)
    assert estimate.half_width == pytest.approx((high - low) / 2 * 1e9, abs=1, rel=1e-12)


def test_few_draws_make_wider_intervals_than_the_normal_quantile():
    found = valuation([0.5], [0.1])

    (known,) = estimates(found)
    (drawn,) = estimates(replace(found, sampling_degrees=4.0))

    assert known.half_width == 195_996_398
    assert drawn.half_width == 277_644_511


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_an_error_that_is_not_finite_cannot_be_recorded(wrong):
    with pytest.raises(RewardError, match="'1'") as caught:
        estimates(valuation([1.0, 2.0], [0.0, wrong]))

    assert "validation rows" in caught.value.hint


@pytest.mark.parametrize("fields", [(1.0, 0), (1, 0.5), (1, -1), (np.int64(1), 0)])
def test_an_estimate_is_two_python_integers(fields):
    with pytest.raises(RewardError, match="estimate"):
        Estimate(*fields)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": 0}, "budget"),
        ({"budget": 2**256}, "budget"),
        ({"participants": ("ada", "ada", "cyd", "dan")}, "unique"),
        ({"participants": (), "contributions": (), "rows": (), "ineligible": frozenset()}, "one"),
        ({"contributions": ROUND.contributions[:3]}, "3 contributions"),
        ({"rows": (1, 2, 3)}, "3 counts"),
        ({"rows": (1, 2, 3, -4)}, "-4"),
        ({"rows": (1, 2, 3, 4.5)}, "4.5"),
        ({"ineligible": frozenset({"eve"})}, "eve"),
    ],
)
def test_a_round_that_cannot_be_is_refused(change, said):
    with pytest.raises(RewardError, match=said):
        replace(ROUND, **change)


def test_the_largest_budget_a_contract_holds_is_paid():
    outcome = reward(replace(ROUND, budget=2**256 - 1), mechanism="proportional")

    assert sum(outcome.payments) == 2**256 - 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reserve": 4}, "reserve 4 is not"),
        ({"payments": (9, -1)}, "not negative"),
        ({"reserve": 5.0}, "whole"),
        ({"payments": (8,)}, "one payment"),
        ({"slashes": (3,)}, "one payment"),
    ],
)
def test_an_outcome_that_loses_or_makes_money_is_refused(change, said):
    with pytest.raises(RewardError, match=said):
        replace(OUTCOME, **change)


def test_the_explanation_follows_each_value_to_its_payment():
    steps = explain(ROUND, reward(ROUND, mechanism="proportional"))

    shown = [(s.participant, s.value, s.positive, s.ineligible, s.counted) for s in steps]
    assert shown == [
        ("ada", 300, 300, False, 300),
        ("bob", -50, 0, False, 0),
        ("cyd", 60, 60, True, 0),
        ("dan", 100, 100, False, 100),
    ]
    assert [step.counted_ppm for step in steps] == [750_000, 0, 0, 250_000]
    assert [step.payment for step in steps] == [750, 0, 0, 250]
    assert [step.payment_ppm for step in steps] == [750_000, 0, 0, 250_000]


def test_the_explanation_of_a_round_that_pays_nobody_has_no_shares():
    round_ = replace(ROUND, ineligible=frozenset(ROUND.participants))

    steps = explain(round_, reward(round_, mechanism="confident"))

    assert {(s.counted_ppm, s.payment, s.payment_ppm) for s in steps} == {(0, 0, 0)}


@given(budget=st.integers(1, 2**256 - 1))
def test_shares_in_an_explanation_add_up_but_for_rounding(budget):
    round_ = replace(ROUND, budget=budget)

    steps = explain(round_, reward(round_, mechanism="equal"))

    assert abs(sum(step.payment_ppm for step in steps) - 10**6) <= len(steps)


def test_an_outcome_of_another_round_is_not_explained():
    with pytest.raises(RewardError, match="the round is of"):
        explain(ROUND, OUTCOME)
