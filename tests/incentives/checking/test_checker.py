"""The checker believes honest mechanisms, and catches each that breaks what it claims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from broken import BROKEN, pays_most_of_the_budget, praised_shapley, rewards_ties
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import MECHANISMS, RoundInput
from fedmerit.incentives.checking import SAMPLERS, check, sampler_of
from fedmerit.incentives.checking.altering import as_copies, as_parts, permuted, with_null
from fedmerit.incentives.checking.checker import CHECKS, climb
from fedmerit.incentives.checking.coalitional import least_excess
from fedmerit.incentives.checking.corners import CORNERS
from fedmerit.incentives.checking.domains import outside
from fedmerit.incentives.checking.grids import every_bid
from fedmerit.incentives.checking.samplers import bidding, coalitional
from fedmerit.incentives.checking.strategic import best_of, best_work
from fedmerit.incentives.checking.tally import Tally
from fedmerit.incentives.mechanisms import (
    MEANING,
    WHERE,
    Condition,
    Mechanism,
    Model,
    Need,
    Property,
)
from fedmerit.incentives.methods.enumeration import shapley_of_table

seeds = st.integers(0, 10**6)
CLAIMS = [(rule, claim) for rule in MECHANISMS.values() for claim in rule.claims]


def drawn(sampler, seed):
    return sampler(np.random.default_rng(seed))


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_claim_of_every_mechanism_holds(name):
    verdict = check(MECHANISMS[name], claims=MECHANISMS[name].claims, trials=3, grid=0, seed=1)

    broken = [r for r in verdict.results if r.status == "violated"]
    assert not broken


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_claim_is_caught_with_a_witness(broken):
    claim, like = BROKEN[broken]

    sampler = SAMPLERS[like] if isinstance(like, str) and like else like or None
    trials = 12 if claim is Property.BNIC else 48
    verdict = check(broken, claims=[claim], trials=trials, grid=3, sampler=sampler)

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
    tried = [Property.CORE, Property.SYM]
    first, again, other = (
        check(MECHANISMS["shapley"], claims=tried, trials=10, grid=0, seed=seed)
        for seed in (3, 3, 4)
    )

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


def test_a_claim_that_no_setting_could_break_is_never_tried_and_not_held():
    paid_for_nothing = Mechanism(
        MECHANISMS["equal"].function, claims=[Property.IR], needs=[], model=Model()
    )

    verdict = check(paid_for_nothing, claims=[Property.IR], trials=9)

    assert verdict.of(Property.IR).status == "never tried"
    assert not verdict.held


def test_a_claim_says_where_it_is_made_and_what_happens_elsewhere():
    found = check(MECHANISMS["data-size"], claims=[Property.SYBIL], trials=6).of(Property.SYBIL)

    assert (found.status, found.domain) == ("held", (Condition.COUNTED_ONCE,))
    assert "each declare all rows" in found.outside
    assert found.witness == ""


def test_every_condition_of_a_claim_is_left_by_some_setting():
    """A condition that no setting breaks would hide nothing and mean nothing."""
    left = {
        condition: any(condition in rule.domains[claim] for rule, claim in CLAIMS)
        for condition in Condition
    }
    assert all(left.values())
    harmful = drawn(coalitional, 0)
    harmful = replace(harmful.regrouped([0], harmful.worths[:2]), worths=np.array([0.0, -1.0]))
    rule = MECHANISMS["tullock"]
    assert outside(MECHANISMS["shapley"], harmful, Condition) >= {Condition.HARMLESS}
    assert outside(rule, harmful, Condition) >= {Condition.RIVALS}
    assert outside(rule, replace(harmful, believed=False), Condition) >= {Condition.BELIEVED}


def test_climbing_breaks_what_the_setting_before_only_came_near():
    setting = drawn(bidding, 3)
    setting = setting.regrouped([0], setting.worths[:2])
    setting = replace(setting, budget=3 * setting.bids[0].cost)
    tally = Tally(pays_most_of_the_budget, Property.IR)
    rng = np.random.default_rng(0)
    for attempt in CHECKS[Property.IR](pays_most_of_the_budget, setting, rng):
        tally.add(attempt)
    assert not tally.broken

    climb(tally, 60, rng)

    assert tally.broken


def test_the_small_grid_tries_every_tie():
    rng = np.random.default_rng(0)
    uniform = MECHANISMS["uniform-price"]

    found = list(every_bid(rewards_ties, Property.DSIC, bidding, rng, 3))
    honest = list(every_bid(uniform, Property.DSIC, bidding, rng, 2))

    assert any(attempt.broke for attempt in found)
    assert not any(attempt.broke for attempt in honest)
    # 4 profiles a bidder with nothing, 3 budgets, three liars with 3 lies each where they bid.
    assert len(honest) == 3 * 3 * 3 * 3 * 4**2


def test_corners_are_what_they_are_called():
    setting, rule = drawn(bidding, 5), MECHANISMS["uniform-price"]
    made = {name: corner(rule, setting) for name, corner in CORNERS}

    assert made["one member"].n == 1
    assert made["as many members as there may be"].n == 15
    assert made["a budget of 1"].budget == 1
    assert made["a budget of 2**255"].budget == 2**255
    assert len(set(made["all alike"].bids)) == 1
    assert made["one bid missing"].bids[0] is None
    assert made["floats for worths"] is None  # worths are nothing to an auction


def test_a_mechanism_that_announces_no_efforts_has_no_payoff_of_them():
    round_ = drawn(coalitional, 0).round()

    with pytest.raises(RewardError, match="announces no efforts"):
        MECHANISMS["equal"].payoff(round_, [1.0], 0)


def test_no_trial_is_no_check():
    with pytest.raises(RewardError, match="1 setting or more"):
        check(MECHANISMS["equal"], trials=0)


def test_every_property_is_explained():
    assert set(MEANING) == set(Property)
    assert set(WHERE) == set(Condition)
    assert all(text.endswith((".", ").")) for text in MEANING.values())


@settings(max_examples=20)
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


@given(seed=seeds)
def test_copies_add_nothing_and_declare_no_more(seed):
    setting = drawn(coalitional, seed)

    copied = {joined.how: joined for joined in as_copies(setting, 0)}["3 copies"].setting
    n = setting.n
    assert copied.n == n + 2
    assert copied.worths[: 2**n].tolist() == setting.worths.tolist()
    assert copied.worths[-1] == setting.worths[-1]
    assert copied.worths[1 << n] == setting.worths[1]
    assert sum(copied.rows) == sum(setting.rows)


@given(seed=seeds)
def test_one_half_is_worth_nothing_without_the_other(seed):
    setting = drawn(coalitional, seed)

    halved = next(as_parts(setting, 0)).setting
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
