"""Auctions pay critical bids, keep to their budgets, and refuse what cannot be."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from fedmerit.errors import Deficit
from fedmerit.incentives import reward
from fedmerit.incentives.mechanisms.auctions import budget_feasible, lowest_asks
from fedmerit.incentives.mechanisms.scoring import shading
from fedmerit.incentives.mechanisms.sensing import Purchases, sensing_prices
from fedmerit.incentives.offers import History

AUCTIONS = ["uniform-price", "reputation-price", "proportional-share", "online"]


every_auction = pytest.mark.parametrize("auction", [*AUCTIONS, "second-score", "first-score"])


offers = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5)), min_size=1, max_size=6)


class Coverage:
    """The worth of the tasks that a coalition covers."""

    def __init__(self, names, tasks, worths):
        self.participants = names
        self._covers = np.array([[task in has for task in worths] for has in tasks])
        self._worths = np.array(list(worths.values()), float)

    def worth(self, coalitions, /):
        return ((coalitions @ self._covers.astype(int)) > 0) @ self._worths


def critical(wins, high):
    """Give the highest whole bid that still wins, up to *high*, by bisection."""
    low = 0
    assert wins(0)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if wins(middle) else (low, middle - 1)
    return low


def test_the_first_loser_sets_the_price(case, market):
    given_, known = case("C23")["inputs"], case("C23")["expected"]
    round_ = market(given_["bids"], 100, parameters={"winners": given_["K"]})

    outcome = reward(round_, mechanism="uniform-price")

    assert [i for i, work in enumerate(outcome.work) if work] == known["winners"]
    assert outcome.payments == (known["price_each"], known["price_each"], 0, 0)
    assert sum(outcome.payments) == known["total"]
    assert sum(given_["bids"][:2]) == known["pay_as_bid_total"]


def test_the_budget_caps_the_price_and_shuts_dear_asks_out(market):
    outcome = reward(market([3, 5, 7, 9], 12), mechanism="uniform-price")

    assert outcome.payments == (6, 6, 0, 0)
    assert reward(market([3, 5], 8), mechanism="uniform-price").payments == (4, 0)


def test_reputation_counts_as_much_as_the_price(market):
    history = History(reputations=(Fraction(1, 2), Fraction(1), Fraction(1)))

    outcome = reward(
        market([4, 5, 6], 100, history=history, parameters={"winners": 1}),
        mechanism="reputation-price",
    )

    assert outcome.payments == (0, 6, 0)  # 4 at half the reputation is dearer than 5 and 6


def test_a_thousand_newcomers_are_priced_as_if_all_were_trusted(market):
    round_ = market(list(range(1000)), 10**6, parameters={"winners": 10})

    paid = reward(round_, mechanism="reputation-price").payments
    assert paid == reward(round_, mechanism="uniform-price").payments


def test_the_budget_feasible_auction_pays_as_known(case, near):
    given_, known = case("C25")["inputs"], case("C25")["expected"]
    asks, qualities = (dict(enumerate(map(int, given_[key]))) for key in ("bid", "quality"))

    paid, loser = budget_feasible(asks, qualities, int(given_["budget"]))

    assert list(paid) == known["winners"]
    assert {str(i): float(due) for i, due in paid.items()} == near(known["payments"])
    assert float(sum(paid.values())) == near(known["total"])
    assert sorted(asks[i] / qualities[i] for i in asks) == near(known["density"])
    assert loser == 3


def test_every_budget_feasible_payment_is_the_critical_bid(case):
    given_ = case("C25")["inputs"]
    scale = 10**6
    asks = {i: int(bid) * scale for i, bid in enumerate(given_["bid"])}
    qualities, budget = dict(enumerate(map(int, given_["quality"]))), 20 * scale
    paid, _ = budget_feasible(asks, qualities, budget)

    for one, due in paid.items():
        highest = critical(
            lambda bid, one=one: one in budget_feasible({**asks, one: bid}, qualities, budget)[0],
            100 * scale,
        )
        assert abs(highest - due) <= 1


def test_msensing_buys_and_pays_as_known(case, near):
    given_, known = case("C26")["inputs"], case("C26")["expected"]
    game = Coverage(tuple("abcd"), given_["task_sets"], given_["task_values"])
    asks = {i: round(bid * 2) for i, bid in enumerate(given_["bids"])}  # halves are whole

    prices = sensing_prices(Purchases(game, 2), asks)

    assert list(prices) == known["winners_in_order"]
    assert {str(i): float(price) / 2 for i, price in prices.items()} == near(known["payments"])
    covered = game.worth(np.array([[i in prices for i in range(4)]]))[0]
    assert covered == known["covered_value"]
    assert covered - float(sum(prices.values())) / 2 == near(known["platform_utility"])


@given(
    sets=st.lists(st.sets(st.sampled_from("ABCDE"), min_size=1), min_size=2, max_size=5),
    bids=st.lists(st.integers(0, 12 * 100), min_size=5, max_size=5),
)
def test_every_msensing_payment_is_the_critical_bid(sets, bids):
    game = Coverage(
        tuple("abcde"[: len(sets)]), sets, dict(zip("ABCDE", [5, 4, 6, 3, 2], strict=True))
    )
    asks, purchases = dict(enumerate(bids[: len(sets)])), Purchases(game, 100)

    for one, price in sensing_prices(purchases, asks).items():
        highest = critical(
            lambda bid, one=one: one in sensing_prices(purchases, {**asks, one: bid}), 5000
        )
        assert abs(highest - price) <= 1


def test_msensing_asks_for_a_budget_that_covers_what_it_owes(market):
    game = Coverage(("a", "b"), ["A", "B"], {"A": 5, "B": 4})

    with pytest.raises(Deficit, match="may owe up to 9000000") as caught:
        reward(market([1, 1], 100, game=game), mechanism="msensing")

    assert caught.value.owed == 9 * 10**6
    assert "9000000" in caught.value.hint


@given(given_=offers, budget=st.integers(1, 400), winners=st.integers(1, 3))
def test_winners_are_paid_their_asks_at_least_and_losers_nothing(market, given_, budget, winners):
    costs, qualities = zip(*given_, strict=True)
    for auction in (*AUCTIONS, "second-score"):
        settings = {} if auction in {"proportional-share", "online"} else {"winners": winners}
        settings |= {"worth": 20} if auction == "second-score" else {}
        round_ = market(costs, budget, qualities=list(qualities), parameters=settings)

        outcome = reward(round_, mechanism=auction)

        for cost, payment, work in zip(costs, outcome.payments, outcome.work, strict=True):
            assert payment >= cost if work else payment == 0


@given(
    share=st.fractions(Fraction(1, 99), 1, max_denominator=99),
    bidders=st.integers(1, 12),
    winners=st.integers(1, 4),
)
def test_the_shading_is_the_integral_of_the_chance_to_win(share, bidders, winners):
    def wins(surplus):
        return binom.cdf(winners - 1, bidders - 1, 1 - surplus)

    nodes, weights = np.polynomial.legendre.leggauss(40)
    at = float(share) * (nodes + 1) / 2
    integral = (weights * wins(at)).sum() * float(share) / 2

    expected = integral / wins(float(share))
    assert shading(share, bidders=bidders, winners=winners) == pytest.approx(expected, rel=1e-6)


def test_the_first_score_is_shaded_and_the_second_is_not(market):
    round_ = market([400_000, 500_000, 900_000], 10**7, parameters={"winners": 1})

    assert reward(round_, mechanism="second-score").payments == (500_000, 0, 0)
    # Two rivals, uniform: a surplus of 0.6 is shaded by a third of itself.
    assert reward(round_, mechanism="first-score").payments == (600_000, 0, 0)


def test_whoever_comes_first_is_watched_and_not_bought(market):
    outcome = reward(market([1, 1, 1, 1], 100), mechanism="online")

    assert outcome.payments[:2] == (0, 0)
    assert outcome.payments[2:] == (25, 25)


@every_auction
def test_an_empty_market_buys_nothing(market, auction):
    outcome = reward(market([None, 4], 100, ineligible=frozenset("b")), mechanism=auction)

    assert (outcome.payments, outcome.reserve) == ((0, 0), 100)


@every_auction
def test_a_single_bidder_is_paid_no_more_than_the_budget(market, auction):
    outcome = reward(market([4], 100), mechanism=auction)

    assert sum(outcome.payments) + outcome.reserve == 100
    assert outcome.payments[0] >= 4


def test_no_limit_and_no_loser_is_no_price():
    assert lowest_asks({0: Fraction(3)}, 2, None) == ([0], None)
