"""Claims that were broken once, at the numbers that broke them, and where they are made now."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import RewardError, Underfunded
from fedmerit.incentives import MECHANISMS, Estimate, RoundInput, apportion, reward
from fedmerit.incentives.mechanisms import Condition, Need, Property
from fedmerit.incentives.mechanisms.coalitions import read
from fedmerit.incentives.offers import Bid

#: Of a, b and both; none of them is a sum of powers of two.
TINY = [0.0, 1e-9 / 3, 2e-9 / 7, 1e-9]
BY_WORTHS = ["shapley", "individual", "labour-union", "fair-value", "least-core", "nucleolus"]
UP_FRONT = ["pvcg", "fvcg", "vcg", "msensing", "contract", "posted-price", "local-accuracy"]


def instalments(values, asks, budget):
    return RoundInput(
        participants=tuple("ab"),
        contributions=tuple(Estimate(value * 10**9, 0) for value in values),
        rows=(1, 1),
        budget=budget,
        bids=tuple(Bid(cost=ask) for ask in asks),
    )


def test_an_instalment_can_leave_a_loss_and_pays_a_null_that_asks_so_neither_is_claimed():
    assert reward(instalments((1, 1), (10**6,) * 2, 1000), mechanism="fli").payments == (500, 500)
    assert reward(instalments((1, 0), (10**6,) * 2, 10**9), mechanism="fli").payments[1] > 10**8
    assert not MECHANISMS["fli"].claims & {Property.IR, Property.NULL}


def test_the_higher_bid_gets_the_model_whatever_was_believed(market):
    outcome = reward(
        market([10**6, 14 * 10**5], 10**6, stakes=(10**7,) * 2), mechanism="cremer-mclean"
    )

    assert outcome.work == (0, 1)


def test_what_two_low_buyers_are_paid_out_is_asked_for_before_they_bid(market):
    narrow = {"low": 1, "high": 10**6}
    offers = market([1, 1], 1, stakes=(10**7,) * 2, parameters=narrow)

    with pytest.raises(Underfunded, match="the budget is 1"):
        reward(offers, mechanism="cremer-mclean")


def test_a_contest_pays_alike_in_whatever_unit_costs_are(market):
    for unit in (1, 10**18, 10**30):
        costs = [2 * unit * 10**6, 3 * unit * 10**6]
        offers = market(costs, 10**6, capacities=[10**6] * 2)
        assert reward(offers, mechanism="tullock").payments == (600_000, 400_000)
    paid = reward(market([10**24, 3 * 10**24], 10**6), mechanism="cycle-market").payments
    assert paid == (750_000, 250_000)


def test_one_alone_in_a_contest_is_paid_nothing_and_nothing_else_is_claimed():
    assert MECHANISMS["tullock"].domains[Property.SBB] == {Condition.RIVALS}


@pytest.mark.parametrize("division", BY_WORTHS)
@pytest.mark.parametrize("power", [-12, -3, 0, 12])
def test_small_worths_are_divided_as_large_ones(of_game, division, power):
    paid, again = (
        reward(of_game(worths, 10**18), mechanism=division).payments
        for worths in (TINY, [worth * 10.0**power for worth in TINY])
    )

    assert paid == pytest.approx(again, abs=10**9)
    if division == "shapley":
        assert paid == pytest.approx([523_809_523_809_523_809, 476_190_476_190_476_190], abs=10**7)


@pytest.mark.parametrize("scale", [1, 3, 1 / 7])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_what_floats_make_of_nothing_earns_no_model(of_game, scale, order):
    worths = np.array([0.0, 1, 2, 2, 1, 2, 1, 1]) * scale
    codes = [
        sum((code >> place & 1) << who for place, who in enumerate(order)) for code in range(8)
    ]

    round_ = of_game(worths[codes], 10, parameters={"rho": Fraction(0)})
    quality = dict(zip(order, reward(round_, mechanism="rho-shapley").quality_ppm, strict=True))

    assert quality == {0: 10**6, 1: 10**6, 2: 0}


def test_worths_are_read_to_the_digits_that_floats_hold():
    assert read(np.array([0.0, 0.1 + 0.2, 0.3, 3.0])).worths.tolist() == [0, 3e11, 3e11, 3e12]
    worths, unit = read(np.array([-0.7, -0.7 + 1e-5, -0.7 + 3e-5, -0.7]))
    assert (int(worths[2]), unit * int(worths[1])) == (3 * int(worths[1]), Fraction(1, 10**5))
    assert read(np.array([0.0, 3e-300])).unit == Fraction(1, 10**312)
    assert read(np.zeros(4)).worths.tolist() == [0] * 4


def test_thirds_are_paid_to_the_unit_at_the_largest_budget_there_is(of_game):
    budget = 2**256 - 1

    paid = reward(of_game([0, 1, 1, 2, 1, 2, 2, 3], budget), mechanism="shapley").payments

    assert paid == (budget // 3,) * 3


def test_work_is_paid_for_at_any_budget(of_game, market):
    game = of_game([0, 5, 5, 10], 1).game
    round_ = market([1000, 2000], 10**18, game=game, parameters={"worth": 10**4})

    assert reward(round_, mechanism="vcg").payments == (50_000, 50_000)


def test_rows_split_over_twenty_names_gain_not_a_unit():
    def by_rows(rows):
        round_ = RoundInput(
            participants=tuple(map(str, range(len(rows)))),
            contributions=(Estimate(0, 0),) * len(rows),
            rows=rows,
            budget=28,
        )
        return reward(round_, mechanism="data-size").payments

    assert by_rows((7,) * 8 + (60,))[8] == 17
    assert sum(by_rows((7,) * 8 + (3,) * 20)[8:]) == 12
    assert apportion((7,) * 8 + (60,), 28)[8] == 14  # by largest remainders it did gain, up to 20:
    assert sum(apportion((7,) * 8 + (3,) * 20, 28)[8:]) == 20  # less than a unit a name


@pytest.mark.parametrize("rule", UP_FRONT)
@settings(max_examples=15, deadline=None)
@given(
    asks=st.lists(st.none() | st.integers(0, 10**8), min_size=6, max_size=6),
    budget=st.integers(1, 4 * 10**7),
)
def test_whether_a_budget_is_refused_is_nobodys_to_choose(market, of_game, rule, asks, budget):
    game = of_game([0, 3, 2, 4, 1, 4, 3, 5], 1).game

    def refused(bids):
        offers = market(bids, budget, capacities=[3, 5, 2])
        round_ = replace(offers, game=game if Need.GAME in MECHANISMS[rule].needs else None)
        try:
            MECHANISMS[rule](replace(round_, rows=(3, 5, 2)))
        except Underfunded:
            return True
        return False

    assert refused(asks[:3]) == refused(asks[3:])


BUYERS = [name for name, rule in MECHANISMS.items() if rule.needs == {Need.BIDS}]


@pytest.mark.parametrize("rule", BUYERS)
@settings(max_examples=15, deadline=None)
@given(
    costs=st.lists(st.integers(1, 10**7), min_size=1, max_size=4),
    capacities=st.lists(st.integers(1, 60), min_size=4, max_size=4),
)
def test_nobody_is_to_do_more_than_it_offers(market, rule, costs, capacities):
    offers = market(costs, 10**10, capacities=capacities[: len(costs)])

    try:
        work = MECHANISMS[rule](offers).work
    except RewardError:
        return

    assert all(units <= capacity for units, capacity in zip(work, capacities, strict=False))


def test_overlapping_copies_gain_by_banzhaf_and_it_claims_no_more(of_game):
    # a alone beside b; then a as three names, any two of which hold all its rows.
    alone = reward(of_game([0, 1, 1, 2], 10**6), mechanism="banzhaf").payments[0]
    worths = [
        (sum(code >> name & 1 for name in (0, 2, 3)) >= 2) + (code >> 1 & 1) for code in range(16)
    ]
    paid = reward(of_game(worths, 10**6), mechanism="banzhaf").payments

    assert paid[0] + paid[2] + paid[3] > alone
    assert Condition.COMPLETE in MECHANISMS["banzhaf"].domains[Property.REPLICATION]


def test_a_twin_that_sends_the_opposite_is_no_copy_to_a_cosine(of_game):
    update = np.array([[1.0, 2.0], [3.0, -1.0]])
    once = reward(of_game([0, 1, 1, 1], 10**6, updates=update), mechanism="robust-shapley")
    worths = [0, *[1] * 7]
    twins = [
        reward(
            of_game(worths, 10**6, updates=np.vstack([update, sign * update[:1]])),
            mechanism="robust-shapley",
        ).payments
        for sign in (1, -1)
    ]

    alike, opposite = (paid[0] + paid[2] for paid in twins)
    assert alike < once.payments[0] < opposite
    assert Condition.ALIKE in MECHANISMS["robust-shapley"].domains[Property.REPLICATION]


def test_where_harm_nearly_undoes_what_was_added_charges_do_not_jump():
    def settled(values):
        round_ = RoundInput(
            participants=tuple("ab"),
            contributions=tuple(Estimate(value, 0) for value in values),
            rows=(1, 1),
            budget=100,
            stakes=(200, 200),
        )
        return reward(round_, mechanism="signed-stakes")

    assert settled((3, -2)).payments[0] == settled((4, -2)).payments[0] == 100  # 300, then 200
    assert settled((3, -2)).slashes == (0, 40)
    assert settled((10**9, 1 - 10**9)).slashes == (0, 49)  # it was the whole stake
    assert settled((10**9, -(10**9))).slashes == (0, 50)  # it was nothing
    for claim in (Property.MONO, Property.ADD):  # of games, in which others' values move too
        assert MECHANISMS["signed-stakes"].domains[claim] == {Condition.HARMLESS}


@settings(max_examples=40, deadline=None)
@given(
    covers=st.lists(st.sets(st.sampled_from("ABCD")), min_size=1, max_size=4),
    spoils=st.lists(st.integers(0, 4), min_size=4, max_size=4),
    asks=st.lists(st.integers(0, 6 * 10**6), min_size=4, max_size=4),
)
def test_a_greedy_buyer_owes_no_more_than_it_was_funded_for(market, of_game, covers, spoils, asks):
    """Submodular worths, with members that do harm beside what they cover."""
    worth = dict(zip("ABCD", [5, 4, 3, 2], strict=True))
    n = len(covers)
    worths = [
        sum(worth[task] for task in set().union(*(covers[i] for i in range(n) if code >> i & 1)))
        - sum(spoils[i] for i in range(n) if code >> i & 1)
        for code in range(2**n)
    ]
    round_ = market(asks[:n], 1, game=of_game(worths, 1).game)

    with pytest.raises(Underfunded) if max(worths) > 0 else nullcontext() as caught:
        reward(round_, mechanism="msensing")
    funded = replace(round_, budget=max(1, caught.value.owed) if caught else 1)
    reward(funded, mechanism="msensing")  # owes no more, or it would say so
