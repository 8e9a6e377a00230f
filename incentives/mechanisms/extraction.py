"""Cremer and McLean: where members' types are alike, their beliefs can be charged for.

The demand side of a federation sells models to members. A second-price auction leaves the
winner a surplus. If what a member believes of the other depends on its own type, a lottery on
the other's type takes the whole surplus away on average, and leaves the truth a best answer.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import at_least, entered
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import exact, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.payments import Outcome, RoundInput

#: Below this the beliefs of two types are the same.
_SAME: Final = 1e-9
_BUYERS: Final = 2


def lottery(beliefs: NDArray[np.float64], interim: Sequence[float]) -> NDArray[np.float64]:
    """Give what to charge on each type of the other, to take *interim* from each own type.

    Args:
        beliefs: Of each own type (row) about the other's type (column); rows add up to 1.
        interim: The surplus that each own type expects.

    Raises:
        RewardError: Two types believe the same, or one's belief mixes the others': nothing
            can then be charged to the one and not to the other.
    """
    if np.linalg.svd(beliefs, compute_uv=False)[-1] < _SAME:
        raise RewardError(
            f"beliefs {beliefs.tolist()} have no full rank, so they cannot be charged for",
            hint="Types must be correlated; where they are independent, use a plain auction.",
        )
    return np.asarray(np.linalg.solve(beliefs, np.asarray(interim, dtype=np.float64)))


def _gives(bid: Bid, work: float, **_: object) -> float:
    """A buyer's work is the model it gets, which costs it nothing and is worth its bid."""
    return -bid.cost * work


def _value(round_: RoundInput, work: Sequence[float], **_: object) -> float:
    if sum(work) > 1:
        return 0.0  # there is one model to sell
    bids = zip(round_.bids, work, strict=True)
    return float(sum(bid.cost * share for bid, share in bids if bid is not None))


@mechanism(
    claims=(Property.BNIC, Property.EFF, Property.WBB, Property.SCALE),
    needs=(Need.BIDS, Need.STAKES),
    model=Model(money=frozenset({"low", "high"}), work_cost=_gives, welfare=_value),
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

    Bids are values, taken as *low* or *high*, whichever is nearer. Fees come out of stakes.
    Truthful on average under the belief, and nobody loses on average; but the winner of a
    lottery is somebody, and the loser may pay for nothing: individual rationality after
    the fact is what it gives up. It stands and falls with the belief.

    Args:
        round_: The round, of two buyers.
        low: The lower value.
        high: The higher value.
        alike: The chance that the other's value is the same.

    Raises:
        RewardError: There are more than two buyers, a stake does not cover the fee, or the
            belief says nothing.

    Source: Cremer and McLean (1988); for federations, Cong et al. (2020).
    Cost: Nothing to speak of.
    """
    at_least(1, low=low, high=high - low)
    bids = entered(round_)
    if len(bids) > _BUYERS:
        raise RewardError(f"two can bid for one model here, and {len(bids)} do")
    fees, work = [Fraction(0)] * len(round_.bids), [Fraction(0)] * len(round_.bids)
    if len(bids) == _BUYERS:
        # A high buyer beside a low one pays the low price.
        chance = float(alike)
        beliefs = np.array([[chance, 1 - chance], [1 - chance, chance]])
        charges = lottery(beliefs, [0.0, (1 - chance) * (high - low)]).tolist()
        types = {i: int(2 * bid.cost >= low + high) for i, bid in bids.items()}
        winner, loser = sorted(types, key=lambda i: -types[i])
        work[winner] = Fraction(1)
        fees[winner] = Fraction((low, high)[types[loser]])
        for one, other in ((winner, loser), (loser, winner)):
            fees[one] += exact(charges[types[other]], high)
    return _charged(round_, fees, work)


def _charged(round_: RoundInput, fees: list[Fraction], work: list[Fraction]) -> Outcome:
    """Take fees from stakes, and pay the negative ones out; rounded to the member's favour."""
    slashes = [max(0, int(fee // 1)) for fee in fees]
    for name, slash, stake in zip(round_.participants, slashes, round_.stakes, strict=True):
        if slash > stake:
            raise RewardError(
                f"{name!r} owes {slash} and has put down {stake}",
                hint="Ask for stakes of the highest value and the largest charge together.",
            )
    paid = [max(0, -int(fee // 1)) for fee in fees]
    return outcome(round_, paid, slashes=slashes, work=tuple(work))
