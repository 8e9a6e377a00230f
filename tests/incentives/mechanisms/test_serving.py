"""Nobody can choose into a tie: a place in the list is worth nothing once an order is drawn."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from fedmerit.errors import RewardError
from fedmerit.incentives import MECHANISMS, reward
from fedmerit.incentives.checking.altering import in_other_units
from fedmerit.incentives.checking.samplers import sampler_of
from fedmerit.incentives.mechanisms.serving import reordered
from fedmerit.streams import generator

DRAWN = [name for name, rule in MECHANISMS.items() if not rule.model.by_arrival]


def drawn_round(rule, seed):
    """Give a round of a setting that the checker would try, its budget small so that units tie."""
    rng = generator(seed, "tests", "serving", rule)
    setting = sampler_of(MECHANISMS[rule])(rng)
    order = tuple(rng.permutation(setting.n).tolist())
    return setting.round(order=order), rng


@pytest.mark.parametrize("rule", DRAWN)
def test_who_is_listed_first_changes_nothing(rule):
    decided = 0
    for seed in range(12):
        round_, rng = drawn_round(rule, seed)
        listed = rng.permutation(len(round_.participants)).tolist()
        by_member = MECHANISMS[rule].model.by_member
        moved = reordered(round_, listed, by_member=by_member)
        # The order is of the members, wherever they are listed.
        moved = replace(moved, order=tuple(listed.index(i) for i in round_.order))
        try:
            here, there = reward(round_, mechanism=rule), reward(moved, mechanism=rule)
        except RewardError:
            continue
        decided += 1
        assert there.participants == tuple(round_.participants[i] for i in listed)
        assert dict(zip(here.participants, here.payments, strict=True)) == dict(
            zip(there.participants, there.payments, strict=True)
        )
        assert here.work == () or here.work == tuple(
            there.work[listed.index(i)] for i in range(len(listed))
        )
        assert here.reserve == there.reserve
    assert decided


@pytest.mark.parametrize(
    "rule", ["uniform-price", "pay-as-bid", "second-score", "proportional-share", "tullock"]
)
def test_over_all_orders_like_offers_are_served_alike(market, rule):
    costs, capacities = [10**4] * 4, [3] * 4
    paid = np.array(
        [
            reward(
                market(costs, 10**5 + 1, capacities=capacities, order=order), mechanism=rule
            ).payments
            for order in permutations(range(4))
        ]
    )

    assert len(set(paid.sum(axis=0).tolist())) == 1
    assert (paid != paid[0]).any()  # somebody has to come first, and it is not always the same


PAID = [name for name, rule in MECHANISMS.items() if not rule.model.pays_in_models]


@pytest.mark.parametrize("rule", PAID)
def test_no_payment_is_further_from_what_is_due_than_is_stated(rule):
    """Paid again in units of which there are 10**40 as many, and so to 40 digits more."""
    paid, finer, decided = MECHANISMS[rule], 10**40, 0
    for seed in range(20):
        setting = sampler_of(paid)(generator(seed, "tests", "rounding", rule))
        if seed % 2 and not paid.model.money:
            setting = replace(setting, budget=1 + seed)
        try:
            whole = paid(setting.round())
            exact = paid(in_other_units(setting, paid, finer).round())
        except RewardError:
            continue
        decided += 1
        beside = paid.model.precision * setting.budget
        pairs = [(whole.payments, exact.payments), (whole.slashes, exact.slashes)]
        for one, many in [pair for both in pairs for pair in zip(*both, strict=True)]:
            off = one - Fraction(many, finer)
            assert -1 - beside < off < paid.model.rounding(setting.n) + beside
    assert decided > 10


@pytest.mark.parametrize("rule", ["equal", "data-size"])
def test_the_unit_that_cannot_be_split_goes_to_whom_it_is_drawn_for(market, rule):
    firsts = {
        order: reward(market([None] * 3, 100, order=order), mechanism=rule).payments.index(34)
        for order in permutations(range(3))
    }

    assert all(first == order[0] for order, first in firsts.items())


def test_bargaining_powers_stay_with_their_members(of_game):
    powers = {"powers": (1, 2, 7)}
    worths = [0, 0, 0, 0, 0, 0, 0, 10]

    for order in permutations(range(3)):
        round_ = of_game(worths, 1000, parameters=powers, order=order)
        assert reward(round_, mechanism="nash-bargaining").payments == (100, 200, 700)


def test_what_comes_in_order_of_arrival_is_not_drawn(of_game):
    round_ = of_game([0, 1, 1, 1], 100, order=(1, 0))

    assert reward(round_, mechanism="labour-union").payments == (100, 0)


@pytest.mark.parametrize("order", [(0, 0), (0,), (1, 2)])
def test_an_order_that_leaves_somebody_out_is_refused(market, order):
    with pytest.raises(RewardError, match="each of 2 places once"):
        market([1, 1], 10, order=order)
