"""Mechanisms keep every base unit, and pay whom they say they pay."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import MEASURED, MECHANISMS, Estimate, RoundInput, reward

every_mechanism = pytest.mark.parametrize("mechanism", MEASURED)
estimates = st.builds(Estimate, st.integers(-(10**10), 10**10), st.integers(0, 10**10))


@st.composite
def rounds(draw):
    names = [f"p{i}" for i in range(draw(st.integers(1, 8)))]
    n = len(names)
    return RoundInput(
        participants=tuple(names),
        contributions=tuple(draw(st.lists(estimates, min_size=n, max_size=n))),
        rows=tuple(draw(st.lists(st.integers(0, 10**6), min_size=n, max_size=n))),
        budget=draw(st.integers(1, 2**256 - 1) | st.integers(1, 50)),
        ineligible=draw(st.frozensets(st.sampled_from(names))),
    )


def of(values, budget, *, halves=None, rows=None, **more):
    halves = halves or [0] * len(values)
    return RoundInput(
        participants=tuple("abcdefgh"[: len(values)]),
        contributions=tuple(map(Estimate, values, halves)),
        rows=tuple(rows or [1] * len(values)),
        budget=budget,
        **more,
    )


@every_mechanism
@given(round_=rounds())
def test_payments_and_reserve_are_the_budget(mechanism, round_):
    outcome = reward(round_, mechanism=mechanism)

    assert sum(outcome.payments) + outcome.reserve == round_.budget + sum(outcome.slashes)
    assert min((*outcome.payments, *outcome.slashes, outcome.reserve)) >= 0
    assert outcome.participants == round_.participants


@every_mechanism
@given(round_=rounds())
def test_the_ineligible_get_nothing(mechanism, round_):
    outcome = reward(round_, mechanism=mechanism)

    paid = dict(zip(outcome.participants, outcome.payments, strict=True))
    assert all(paid[name] == 0 for name in round_.ineligible)


@every_mechanism
def test_where_everybody_is_ineligible_all_goes_to_the_reserve(mechanism):
    outcome = reward(of([3, 4], 100, ineligible=frozenset("ab")), mechanism=mechanism)

    assert outcome.payments == (0, 0)
    assert outcome.reserve == 100


@pytest.mark.parametrize("mechanism", ["proportional", "confident"])
@given(round_=rounds())
def test_who_adds_nothing_is_paid_nothing(mechanism, round_):
    outcome = reward(round_, mechanism=mechanism)

    for estimate, payment in zip(round_.contributions, outcome.payments, strict=True):
        assert payment == 0 or estimate.value > 0


@pytest.mark.parametrize("mechanism", ["proportional", "confident"])
def test_where_nobody_adds_anything_all_goes_to_the_reserve(mechanism):
    outcome = reward(of([0, -5], 100, halves=[3, 3]), mechanism=mechanism)

    assert outcome.payments == (0, 0)
    assert outcome.reserve == 100


@given(round_=rounds())
def test_proportional_pays_all_of_the_budget_if_anyone_adds_something(round_):
    outcome = reward(round_, mechanism="proportional")

    assert (outcome.reserve == 0) == any(round_.counted)


def test_proportional_clips_harm_and_nothing_else():
    outcome = reward(of([500, 300, -200, 100], 900), mechanism="proportional")

    assert outcome.payments == (500, 300, 0, 100)


def test_proportional_splits_what_the_ineligible_would_have_had():
    outcome = reward(of([2, 1, 1], 100, ineligible=frozenset("a")), mechanism="proportional")

    assert outcome.payments == (0, 50, 50)


@given(round_=rounds())
def test_confident_never_pays_anyone_more_than_proportional(round_):
    careful = reward(round_, mechanism="confident").payments
    plain = reward(round_, mechanism="proportional").payments

    assert all(less <= more for less, more in zip(careful, plain, strict=True))


def test_confident_pays_the_low_end_of_the_interval_to_the_unit():
    outcome = reward(of([100, 60, 40], 2000, halves=[19, 98, 0]), mechanism="confident")

    assert outcome.payments == (810, 0, 400)
    assert outcome.reserve == 790


@given(round_=rounds())
def test_confident_is_within_a_unit_of_the_exact_share(round_):
    outcome = reward(round_, mechanism="confident")

    total = sum(round_.counted)
    for i, payment in enumerate(outcome.payments):
        low = max(0, round_.counted[i] - round_.contributions[i].half_width)
        assert abs(payment - (Fraction(round_.budget * low, total) if total else 0)) < 1


def test_confident_without_intervals_is_proportional():
    round_ = of([7, 3, -2, 1], 10**18)

    assert reward(round_, mechanism="confident") == reward(round_, mechanism="proportional")


def test_confident_pays_less_the_wider_the_intervals():
    kept = [
        reward(of([10**9] * 2, 10**6, halves=[wide, 2 * wide]), mechanism="confident").reserve
        for wide in (10**8, 2 * 10**8, 10**9)
    ]

    assert kept == sorted(set(kept))


def test_caution_never_wins_a_unit_by_rounding():
    round_ = of([1, 1], 1, halves=[9, 0])

    assert reward(round_, mechanism="proportional").payments == (1, 0)
    assert reward(round_, mechanism="confident").payments == (0, 0)


def test_equal_pays_a_free_rider_as_everyone():
    outcome = reward(of([9, 0, -9], 100), mechanism="equal")

    assert outcome.payments == (34, 33, 33)


def test_data_size_pays_by_declared_rows():
    outcome = reward(of([0, 0, 9], 100, rows=[3, 1, 0]), mechanism="data-size")

    assert outcome.payments == (75, 25, 0)


def test_every_mechanism_says_in_one_line_what_it_does():
    for mechanism in MECHANISMS.values():
        assert mechanism.__doc__.splitlines()[0].endswith(".")


def test_an_unknown_mechanism_suggests_the_nearest():
    with pytest.raises(RewardError, match="proportionate") as caught:
        reward(of([1], 1), mechanism="proportionate")

    assert "'proportional'" in caught.value.hint
