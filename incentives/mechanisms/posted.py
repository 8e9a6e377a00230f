"""Posted prices: the buyer names a price for work, and each does what is best for it then.

The leader moves first and knows how the followers will answer (Stackelberg). Prices per unit,
per round of local work and per cycle are three ways to ask for the same thing.
"""

from __future__ import annotations

from fractions import Fraction
from math import log, sqrt
from typing import TYPE_CHECKING

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import at_least, entered, spread
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import divide, pay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.payments import Outcome, RoundInput


def _squares(bid: Bid, work: float, **_: object) -> float:
    """Work gets dearer as there is more of it: half the unit cost times its square."""
    return float(bid.unit_cost) * work**2 / 2


def _at_price(round_: RoundInput, efforts: Sequence[float], member: int, *, worth: int) -> float:
    bid = round_.bids[member]
    if bid is None:
        return 0.0
    done = min(efforts[member], float(bid.capacity))
    return worth / 2 * done - _squares(bid, done)


def _gain(round_: RoundInput, work: Sequence[float], *, worth: int) -> float:
    return sum(
        worth * done - _squares(bid, done)
        for bid, done in zip(round_.bids, work, strict=True)
        if bid is not None
    )


@mechanism(
    claims=(Property.DSIC, Property.NASH, Property.IR, Property.SYM, Property.MONO, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(
        money=frozenset({"worth"}),
        divisible=True,
        work_cost=_squares,
        payoff=_at_price,
        welfare=_gain,
    ),
)
def posted_price(round_: RoundInput, /, *, worth: int = 10**6) -> Outcome:
    """Pay half of what a unit is worth to the buyer, for as many as each cares to deliver.

    Costs of x units are ``unit cost * x**2 / 2``. Half the worth is the buyer's best price
    whatever the costs are, so it need not know them; and a quarter of the possible gain is
    lost by it. Owes what is delivered: the budget must cover everybody's capacity.

    Args:
        round_: The round; unit costs of bids are how steeply costs rise.
        worth: Base units that a unit is worth to the buyer.

    Source: The usual monopsony; unit-price games as in Zhan et al. (2020).
    Cost: One pass.
    """
    at_least(1, worth=worth)
    price, work = Fraction(worth, 2), {}
    for i, bid in entered(round_).items():
        best = price / bid.unit_cost if bid.cost else Fraction(bid.capacity)
        work[i] = min(best, Fraction(bid.capacity))
    done = tuple(work.get(i, Fraction(0)) for i in range(len(round_.bids)))
    return pay(round_, [price * units for units in done], work=done)


def accuracy_price(worth: float, unit_costs: Sequence[float]) -> float:
    """Give the leader's best price r for local accuracy, ``(worth - r) * sum(1 - theta)``.

    A follower of unit cost k ends at ``theta = min(1, k / r)``. Up to the price at which the
    next follower starts to work the leader's utility is concave: the best of each stretch
    is in closed form, ``sqrt(worth * mean unit cost)`` where all work.
    """
    ordered, best, most = sorted(unit_costs), 0.0, 0.0
    for m in range(1, len(ordered) + 1):
        low = ordered[m - 1]
        high = ordered[m] if m < len(ordered) else max(worth, low)
        price = min(max(sqrt(worth * sum(ordered[:m]) / m), low), high)
        gain = (worth - price) * sum(1 - min(1.0, k / price) for k in ordered) if price else 0.0
        if gain > most:
            best, most = price, gain
    return best


def local_error(price: float, unit_cost: float) -> float:
    """Give the local error at which a follower stops: 1 is no work, less is better."""
    return min(1.0, unit_cost / price) if price > 0 else 1.0


def _iterations(bid: Bid, work: float, **_: object) -> float:
    """The last of the error is the dearest: unit cost times the logarithm of 1 / error."""
    if bid.cost == 0:
        return 0.0
    return float(bid.unit_cost) * log(1 / (1 - work)) if work < 1 else float("inf")


def _accuracy_payoff(
    round_: RoundInput, efforts: Sequence[float], member: int, *, worth: int
) -> float:
    bid = round_.bids[member]
    if bid is None:
        return 0.0
    unit_costs = [float(offer.unit_cost) for offer in entered(round_).values()]
    done = efforts[member]
    return accuracy_price(worth, unit_costs) * min(done, 1.0) - _iterations(bid, done)


@mechanism(
    claims=(Property.NASH, Property.IR, Property.WBB, Property.SYM, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(
        money=frozenset({"worth"}), divisible=True, work_cost=_iterations, payoff=_accuracy_payoff
    ),
)
def local_accuracy(round_: RoundInput, /, *, worth: int = 10**6) -> Outcome:
    """Pay a price for local accuracy, the one that is best for the buyer given all costs.

    Work is ``1 - theta``, where theta is the local error; what it costs is a unit cost
    times ``ln(1 / theta)``. The price follows the stated costs, so it pays to overstate
    them: no truth is promised. The budget must be the worth times the members.

    Args:
        round_: The round; that unit cost is its bid's.
        worth: Base units that full local accuracy of one member is worth.

    Raises:
        RewardError: The budget is below the worth times the members.

    Source: In the style of Khan, Pandey, Tran et al. (2020); utilities are ours.
    Cost: One sort.
    """
    at_least(1, worth=worth)
    bids = entered(round_)
    if worth * len(bids) > round_.budget:
        raise RewardError(
            f"{len(bids)} members may earn up to {worth} each, and the budget is {round_.budget}",
            hint=f"Fund it with {worth * len(bids)}, or lower the worth.",
        )
    price = accuracy_price(worth, [float(bid.unit_cost) for bid in bids.values()])
    work = {i: 1 - local_error(price, float(bid.unit_cost)) for i, bid in bids.items()}
    dues = spread(round_, {i: price * done for i, done in work.items()})
    done = tuple(Fraction(work.get(i, 0.0)) for i in range(len(round_.bids)))
    return pay(round_, dues, work=done)


def cycle_price(budget: float, unit_costs: Sequence[float]) -> float:
    """Give the price of a cycle a second at which best answers use up the budget.

    A worker of unit cost k runs ``price / 2k`` cycles a second, at a cost of k times their
    square; together they are paid ``price**2 / 2 * sum(1 / k)``.
    """
    return sqrt(2 * budget / sum(1 / unit_cost for unit_cost in unit_costs))


def round_time(cycles: float, speed: float, workers: int) -> float:
    """Give the expected time of the slowest of like workers, exponential with mean cycles/speed.

    The K-th harmonic number times the mean: with more workers a round waits longer.
    """
    return sum(1 / k for k in range(1, workers + 1)) * cycles / speed


def _power(bid: Bid, work: float, **_: object) -> float:
    return float(bid.unit_cost) * work**2


def _cycles_payoff(round_: RoundInput, efforts: Sequence[float], member: int) -> float:
    bid = round_.bids[member]
    if bid is None:
        return 0.0
    unit_costs = [float(offer.unit_cost) for offer in entered(round_).values()]
    price = cycle_price(float(round_.budget), unit_costs)
    return price * efforts[member] - _power(bid, efforts[member])


@mechanism(
    claims=(
        Property.NASH,
        Property.IR,
        Property.WBB,
        Property.SBB,
        Property.SYM,
        Property.MONO,
        Property.SCALE,
    ),
    needs=(Need.BIDS,),
    model=Model(divisible=True, work_cost=_power, payoff=_cycles_payoff),
)
def cycle_market(round_: RoundInput, /) -> Outcome:
    """Pay for computing speed at the price at which members' best answers use up the budget.

    Speed x costs ``unit cost * x**2``. Half of the budget ends as the members' gain. The
    price follows the stated costs; no truth is promised.

    Raises:
        RewardError: Somebody's speed costs nothing: no price is then low enough.

    Source: In the style of Sarikaya and Ercetin (2019).
    Cost: One pass.
    """
    bids = entered(round_)
    unit_costs = {i: float(bid.unit_cost) for i, bid in bids.items()}
    if any(unit_cost <= 0 for unit_cost in unit_costs.values()):
        raise RewardError(f"computing must cost something, and unit costs are {unit_costs}")
    if not bids:
        return pay(round_, spread(round_, {}), work=(Fraction(0),) * len(round_.bids))
    price = cycle_price(float(round_.budget), list(unit_costs.values()))
    work = [price / (2 * unit_costs[i]) if i in bids else 0.0 for i in range(len(round_.bids))]
    return divide(round_, work, work=tuple(map(Fraction, work)))
