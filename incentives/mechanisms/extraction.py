"""Cremer and McLean: where members' types are alike, their beliefs can be charged for.

The demand side of a federation sells models to members. A second-price auction leaves the
winner a surplus. If what a member believes of the other depends on its own type, a lottery on
the other's type takes the whole surplus away on average, and leaves the truth a best answer.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Final

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import at_least, entered, refuse_short
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.payments import Outcome, RoundInput

_BUYERS: Final = 2


def lottery(alike: Fraction, interim: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """Give what to charge on each type of the other, to take *interim* from each own type.

    Args:
        alike: The chance that the other's type is the own one, of two types.
        interim: The surplus that each own type expects.

    Raises:
        RewardError: Two types believe the same, or one's belief mixes the others': nothing
            can then be charged to the one and not to the other.
    """
    correlation = 2 * alike - 1
    if not correlation or not 0 <= alike <= 1:
        raise RewardError(
            f"types that are alike with chance {alike} cannot be charged for: the beliefs that "
            "follow have no full rank",
            hint="Types must be correlated; where they are independent, use a plain auction.",
        )
    low, high = interim
    return (
        (alike * low - (1 - alike) * high) / correlation,
        (alike * high - (1 - alike) * low) / correlation,
    )


def value_to_buyer(bid: Bid, work: Fraction | float, **_: object) -> Fraction | float:
    """A buyer's work is the model it gets, which costs it nothing and is worth its bid."""
    return -bid.cost * work


def _value(round_: RoundInput, work: Sequence[float], **_: object) -> float:
    if sum(work) > 1:
        return 0.0  # there is one model to sell
    bids = zip(round_.bids, work, strict=True)
    return float(sum(bid.cost * share for bid, share in bids if bid is not None))


@mechanism(
    claims=(
        Claim(Property.BNIC, (Condition.BELIEVED,)),
        Property.EFF,
        Property.WBB,
        Property.SCALE,
    ),
    needs=(Need.BIDS, Need.STAKES),
    model=Model(money=frozenset({"low", "high"}), work_cost=value_to_buyer, welfare=_value),
)
def cremer_mclean(
    round_: RoundInput,
    /,
    *,
    low: int = 10**6,
    high: int = 2 * 10**6,
    alike: Fraction = Fraction(4, 5),
) -> Outcome:
    """Sell one model to the higher of two bids, and charge for what the bids say of each other.

    Bids are values, taken as *low* or *high*, whichever is nearer. Fees come out of stakes. Who
    bids alone has it for the low value, or for its bid if that is less.
    Truthful on average under the belief, and nobody loses on average; but the winner of a
    lottery is somebody, and the loser may pay for nothing: individual rationality after
    the fact is what it gives up. It stands and falls with the belief.

    Args:
        round_: The round, of two buyers.
        low: The lower value.
        high: The higher value.
        alike: The chance that the other's value is the same.

    Raises:
        RewardError: There are more than two buyers, a stake does not cover the largest fee
            that there can be, or the belief says nothing.
        Underfunded: The budget does not cover what two low buyers are paid out.

    Source: Cremer and McLean (1988); for federations, Cong et al. (2020).
    Cost: Nothing to speak of.
    """
    at_least(1, low=low, high=high - low)
    prices = (low, high)
    # A high buyer beside a low one pays the low price.
    charges = lottery(alike, (Fraction(0), (1 - alike) * (high - low)))
    _check_funds(round_, prices, charges)
    bids = entered(round_)
    if len(bids) > _BUYERS:
        raise RewardError(f"two can bid for one model here, and {len(bids)} do")
    fees, work = [Fraction(0)] * len(round_.bids), [Fraction(0)] * len(round_.bids)
    order = sorted(bids, key=lambda i: -bids[i].cost)
    if order:
        work[order[0]] = Fraction(1)
        fees[order[0]] = Fraction(min(low, bids[order[0]].cost))
    if len(bids) == _BUYERS:
        types = {i: int(2 * bid.cost >= low + high) for i, bid in bids.items()}
        fees[order[0]] = Fraction(prices[types[order[1]]])
        for one, other in (order, order[::-1]):
            fees[one] += charges[types[other]]
    return _charged(round_, fees, work)


def _check_funds(
    round_: RoundInput, prices: tuple[int, int], charges: tuple[Fraction, Fraction]
) -> None:
    """Refuse stakes and a budget that some bids would go beyond, whatever the bids are."""
    largest = max(price + charge for price, charge in zip(prices, charges, strict=True))
    for name, stake in zip(round_.participants, round_.stakes, strict=True):
        if stake < largest:
            raise RewardError(
                f"{name!r} may owe up to {ceil(largest)} and has put down {stake}",
                hint="Ask for stakes of the highest value and the largest charge together.",
            )
    pairs = [(0, 0), (0, 1), (1, 1)]  # the loser's type first, which is the price
    paid_out = (-prices[first] - charges[first] - charges[second] for first, second in pairs)
    refuse_short(round_, max(paid_out))


def _charged(round_: RoundInput, fees: list[Fraction], work: list[Fraction]) -> Outcome:
    """Take fees from stakes, and pay the negative ones out; rounded to the member's favour."""
    slashes = [max(0, int(fee // 1)) for fee in fees]
    paid = [max(0, -int(fee // 1)) for fee in fees]
    return outcome(round_, paid, slashes=slashes, work=tuple(work))
