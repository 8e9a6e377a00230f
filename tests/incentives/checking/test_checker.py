"""The checker believes honest mechanisms, and catches each that breaks what it claims."""

from __future__ import annotations

import numpy as np
import pytest
from broken import BROKEN, praised_shapley
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import MECHANISMS, RoundInput
from fedmerit.incentives.checking import SAMPLERS, check, sampler_of
from fedmerit.incentives.checking.altering import permuted, with_copies, with_halves, with_null
from fedmerit.incentives.checking.coalitional import least_excess
from fedmerit.incentives.checking.samplers import bidding, coalitional
from fedmerit.incentives.checking.strategic import best_of, best_work
from fedmerit.incentives.mechanisms import MEANING, Need, Property
from fedmerit.incentives.methods.enumeration import shapley_of_table

seeds = st.integers(0, 10**6)


def drawn(sampler, seed):
    return sampler(np.random.default_rng(seed))


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_claim_of_every_mechanism_holds(name):
    verdict = check(MECHANISMS[name], trials=5, seed=1)

    assert verdict.held, [r for r in verdict.results if r.status == "violated"]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_claim_is_caught_with_a_witness(broken):
    claim, like = BROKEN[broken]

    sampler = SAMPLERS[like] if like else None
    verdict = check(broken, claims=[claim], trials=30, sampler=sampler)

    found = verdict.of(claim)
    assert found.status == "violated"
    assert found.gain > 0
    assert "budget" in found.witness or claim is Property.BNIC
    assert not verdict.held


def test_every_property_has_a_mechanism_that_breaks_it():
    caught = {claim for claim, _ in BROKEN.values()} | praised_shapley.claims

    assert caught == set(Property)


def test_copies_are_caught_where_shapley_claims_to_defy_them():
    found = check(praised_shapley, claims=[Property.REPLICATION]).of(Property.REPLICATION)

    assert found.status == "violated"
    assert "copies instead of" in found.witness


def test_the_same_seed_finds_the_same_witness():
    first, again = (check(MECHANISMS["shapley"], trials=10, seed=3) for _ in range(2))
    other = check(MECHANISMS["shapley"], trials=10, seed=4)

    assert first == again
    assert first.of(Property.CORE) != other.of(Property.CORE)


def test_what_is_not_claimed_is_tried_all_the_same():
    found = check(MECHANISMS["equal"], trials=10).of(Property.NULL)

    assert found.status == "not claimed"
    assert found.gain > 0
    assert found.witness


def test_what_cannot_apply_is_not_tried():
    found = check(MECHANISMS["shapley"], trials=3).of(Property.DSIC)

    assert (found.status, found.gain, found.trials) == ("not claimed", None, 0)


def test_a_claim_that_no_setting_tries_is_not_called_held():
    with pytest.raises(RewardError, match="no setting tries it"):
        check(MECHANISMS["proportional"], trials=3, sampler=one_who_does_harm)


def one_who_does_harm(rng):
    setting = coalitional(rng)
    return type(setting)(
        worths=np.array([0.0, -3.0]),
        rows=(1,),
        half_widths=(0,),
        budget=10**6,
        bids=(None,),
        stakes=(0,),
        updates=np.zeros((1, 5)),
    )


def test_a_mechanism_that_announces_no_efforts_has_no_payoff_of_them():
    round_ = drawn(coalitional, 0).round()

    with pytest.raises(RewardError, match="announces no efforts"):
        MECHANISMS["equal"].payoff(round_, [1.0], 0)


def test_no_trial_is_no_check():
    with pytest.raises(RewardError, match="1 setting or more"):
        check(MECHANISMS["equal"], trials=0)


def test_every_property_is_explained():
    assert set(MEANING) == set(Property)
    assert all(text.endswith((".", ").")) for text in MEANING.values())


@given(seed=seeds)
def test_drawn_settings_make_rounds(seed):
    for sampler in {coalitional, bidding, *map(sampler_of, MECHANISMS.values())}:
        setting = drawn(sampler, seed)
        assert isinstance(setting.round(), RoundInput)
        assert setting.describe(Need).startswith("budget")


@given(seed=seeds)
def test_a_permutation_moves_values_with_their_members(seed):
    setting = drawn(coalitional, seed)
    order = np.random.default_rng(seed).permutation(setting.n).tolist()

    moved = permuted(setting, order)
    assert shapley_of_table(moved.worths) == pytest.approx(shapley_of_table(setting.worths)[order])
    assert moved.rows == tuple(setting.rows[i] for i in order)


@given(seed=seeds, count=st.integers(2, 3))
def test_copies_add_nothing_and_declare_no_more(seed, count):
    setting = drawn(coalitional, seed)

    copied = with_copies(setting, 0, count)
    n = setting.n
    assert copied.n == n + count - 1
    assert copied.worths[: 2**n].tolist() == setting.worths.tolist()
    assert copied.worths[-1] == setting.worths[-1]
    assert copied.worths[1 << n] == setting.worths[1]
    assert sum(copied.rows) == sum(setting.rows)


@given(seed=seeds)
def test_one_half_is_worth_nothing_without_the_other(seed):
    setting = drawn(coalitional, seed)

    halved = with_halves(setting, 0)
    n = setting.n
    assert halved.worths[1] == halved.worths[1 << n] == 0
    assert halved.worths[1 | 1 << n] == setting.worths[1]
    assert sum(halved.rows) == sum(setting.rows)


@given(seed=seeds)
def test_a_null_has_no_value(seed):
    assert shapley_of_table(with_null(drawn(coalitional, seed)).worths)[-1] == 0


def test_the_least_excess_is_that_of_the_textbook():
    assert least_excess(np.array([0.0, 0, 0, 80, 0, 70, 60, 100])) == pytest.approx(10 / 3)


@given(peak=st.floats(0.01, 9))
def test_the_best_effort_is_found_between_the_points_of_the_grid(peak):
    found = best_of(lambda x: -((x - peak) ** 2), np.geomspace(1e-3, 20, 60).tolist())

    assert found == pytest.approx(peak, rel=1e-4)


def test_better_work_is_found_inside_where_parts_can_be_bought():
    def worth(work):
        return 2 * sum(work) ** 0.5 - work[0] - 2 * work[1]

    inside = best_work(worth, [4.0, 4.0], [4.0, 4.0], divisible=True)
    assert inside == pytest.approx([1.0, 0.0], abs=1e-4)
    assert best_work(worth, [4.0, 4.0], [4.0, 4.0], divisible=False) == [0.0, 0.0]
