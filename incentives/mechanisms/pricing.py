"""Data markets: a posted price for a model, and a worse model for whoever bids less.

What each bidder pays depends on its bid only by the model that it gets for it, so that nobody
gains by bidding other than its value. The price itself is learned from what earlier bidders bid.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.extraction import value_to_buyer
from fedmerit.incentives.mechanisms.market import at_least, entered
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


def model_share(bid: int, price: int) -> Fraction:
    """Give the part of the joint model's gain that a bid buys: all of it from the price on."""
    return min(Fraction(1), Fraction(bid, price))


def model_fee(bid: int, price: int) -> Fraction:
    """Give what it costs: the bid for that part, less what the bidder keeps (Myerson, 1981).

    The area under the shares of all lower bids is what it keeps, which leaves half the price
    from the price on, and below it the bid's own share of half the bid.
    """
    return Fraction(min(bid, price) ** 2, 2 * price)


def learned_weights(
    bids: Sequence[int], prices: Sequence[int], *, rate: Fraction = Fraction(1, 10)
) -> list[Fraction]:
    """Give how likely each price should be next, by what it would have brought in so far.

    Multiplicative weights: each bid raises a price's weight by its fee's part of the largest fee
    there can be. Drawn by these, prices bring in at least ``1 - rate`` of what the best one does,
    less the largest fee times ``ln(prices) / rate``, whatever the bids are.

    Args:
        bids: Of one buyer after another, base units.
        prices: To choose from, positive.
        rate: How fast to learn, above 0 and at most 1/2.

    Returns:
        One weight a price; they add up to 1.
    """
    largest = Fraction(max(prices), 2)
    weights = [1.0] * len(prices)
    for bid in bids:
        gains = (float(1 + rate * model_fee(bid, price) / largest) for price in prices)
        weights = [weight * gain for weight, gain in zip(weights, gains, strict=True)]
        total = sum(weights)
        weights = [weight / total for weight in weights]
    total_ = sum(map(Fraction, weights))
    return [Fraction(weight) / total_ for weight in weights]


@mechanism(
    claims=(Property.DSIC, Property.IR, Property.WBB, Property.SYM, Property.SCALE),
    needs=(Need.BIDS, Need.STAKES),
    model=Model(money=frozenset({"price"}), divisible=True, work_cost=value_to_buyer),
)
def data_market(round_: RoundInput, /, *, price: int = 10**6) -> Outcome:
    """Sell the model to everybody: all of its gain from a price on, and a part of it for less.

    Bids are values. Fees come out of stakes and stay in the reserve, from where a division pays
    those whose data it was. Many can have the same model, so nobody's fee depends on another's
    bid. How a model is made worse is the federation's business; the price is chosen before the
    bids, say by what earlier bidders would have paid.

    Args:
        round_: The round, of buyers.
        price: From which on a bid buys all of the gain.

    Raises:
        RewardError: A stake does not cover the largest fee there can be.

    Source: Agarwal, Dahleh and Sarkar (2019), algorithms 1 and 2; a linear gain.
    Cost: One pass.
    """
    at_least(1, price=price)
    largest = ceil(Fraction(price, 2))
    for name, stake in zip(round_.participants, round_.stakes, strict=True):
        if stake < largest:
            raise RewardError(
                f"{name!r} may owe up to {largest} and has put down {stake}",
                hint="Ask for stakes of half the price.",
            )
    bids, n = entered(round_), len(round_.bids)
    fees = [int(model_fee(bids[i].cost, price) // 1) if i in bids else 0 for i in range(n)]
    shares = (model_share(bids[i].cost, price) if i in bids else Fraction(0) for i in range(n))
    return outcome(round_, [0] * n, slashes=fees, work=tuple(shares))
