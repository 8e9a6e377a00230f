"""Every mechanism, in markets that nobody wishes for: empty, of one, of harm, and of no numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.errors import GameError
from fedmerit.incentives import MECHANISMS, Estimate, RoundInput
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.offers import Bid

NAMES = ("ada", "bo", "cy")
BUYING = [name for name, each in MECHANISMS.items() if Need.BIDS in each.needs]
OF_GAMES = [name for name, each in MECHANISMS.items() if Need.GAME in each.needs]
#: They do not look at what members are worth.
BLIND = {"equal", "data-size", "peer-prediction", "cosine-shares"}


class Sum:
    """A game in which everybody adds the same."""

    participants = NAMES

    def __init__(self, each):
        self.each = each

    def worth(self, coalitions, /):
        sizes = coalitions.sum(axis=1)
        return np.where(sizes, self.each, 0.0) * np.maximum(sizes, 1)


def round_of(*, bids=(None,) * 3, value=0, game=0.0):
    """Give a round that holds whatever a mechanism may decide by."""
    return RoundInput(
        participants=NAMES,
        contributions=(Estimate(value, 1),) * 3,
        rows=(40, 40, 40),
        budget=10**9,
        bids=bids,
        stakes=(10**9,) * 3,
        game=Sum(game),
        reports=((1, 0, 1, 1), (1, 1, 0, 1), (0, 0, 1, 1)),
        updates=np.eye(3, 4),
    )


def books_balance(outcome):
    return sum(outcome.payments) + outcome.reserve == outcome.budget + sum(outcome.slashes)


@pytest.mark.parametrize("name", BUYING)
def test_an_empty_market_pays_nobody(name):
    outcome = MECHANISMS[name](round_of())

    assert outcome.payments == (0, 0, 0)
    assert outcome.reserve == 10**9
    assert not any(outcome.work)


@pytest.mark.parametrize("name", BUYING)
def test_a_single_bidder_gets_a_decision_and_the_others_nothing(name):
    bids = (None, Bid(cost=10**6, capacity=40, quality=10), None)

    outcome = MECHANISMS[name](round_of(bids=bids, game=1.0))

    assert books_balance(outcome)
    assert (outcome.payments[0], outcome.payments[2]) == (0, 0)


@pytest.mark.parametrize("name", sorted(MECHANISMS.keys() - BLIND))
def test_where_everybody_does_harm_nobody_is_paid_for_it(name):
    needs = MECHANISMS[name].needs
    values = needs & {Need.GAME, Need.CONTRIBUTIONS}
    bids = (Bid(cost=10**6, capacity=40),) * 3 if values else (None,) * 3
    if name == "fli":
        bids = (None,) * 3  # costs are paid back whatever they brought

    outcome = MECHANISMS[name](round_of(bids=bids, value=-(10**7), game=-0.01))

    assert books_balance(outcome)
    assert outcome.payments == (0, 0, 0)


@pytest.mark.parametrize("name", OF_GAMES)
@pytest.mark.parametrize("worth", [float("nan"), float("inf")])
def test_a_worth_that_is_no_number_is_named(name, worth):
    bids = (Bid(cost=10**6, capacity=40),) * 3

    with pytest.raises(GameError, match="not finite") as caught:
        MECHANISMS[name](round_of(bids=bids, value=1, game=worth))

    assert "NaN" in caught.value.hint
