"""Posted prices: the buyer names a price for work, and each does what is best for it then.

The leader moves first and knows how the followers will answer (Stackelberg). Prices per unit,
per round of local work and per cycle are three ways to ask for the same thing.
"""

from __future__ import annotations

from fractions import Fraction
from math import log
from typing import TYPE_CHECKING

from fedmerit.incentives.mechanisms.market import at_least, entered, refuse_short, spread
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import Number, divide, pay, root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.payments import Outcome, RoundInput


def _squares(bid: Bid, work: Fraction | float, **_: object) -> Fraction | float:
    """Work gets dearer as there is more of it: half the unit cost times its square."""
    return bid.unit_cost * work**2 / 2


def _at_price(round_: RoundInput, efforts: Sequence[float], member: int, *, worth: int) -> float:
    bid = round_.bids[member]
    if bid is None:
        return 0.0
    done = min(efforts[member], float(bid.capacity))
    return float(worth / 2 * done - _squares(bid, done))


def _gain(round_: RoundInput, work: Sequence[float], *, worth: int) -> float:
    return sum(
        float(worth * done - _squares(bid, done))
        for bid, done in zip(round_.bids, work, strict=True)
        if bid is not None
    )


@mechanism(
    claims=(
        Property.DSIC,
        Property.NASH,
        Property.IR,
        Property.WBB,
        Property.SYM,
        Property.MONO,
        Property.SCALE,
    ),
    needs=(Need.BIDS,),
    model=Model(
        money=frozenset({"worth"}),
        divisible=True,
        work_cost=_squares,
        payoff=_at_price,
        welfare=_gain,
        agreed_first=True,
    ),
)
def posted_price(round_: RoundInput, /, *, worth: int = 10**6) -> Outcome:
    """Pay half of what a unit is worth to the buyer, for as many as each cares to deliver.

    Costs of x units are ``unit cost * x**2 / 2``. Half the worth is the buyer's best price
    whatever the costs are, so it need not know them; and a quarter of the possible gain is
    lost by it. Owes what is delivered: the budget must cover everybody's rows.

    Args:
        round_: The round; unit costs of bids are how steeply costs rise.
        worth: Base units that a unit is worth to the buyer.

    Raises:
        Underfunded: The budget is below half the worth times the rows.

    Source: The usual monopsony; unit-price games as in Zhan et al. (2020).
    Cost: One pass.
    """
    at_least(1, worth=worth)
    price, work = Fraction(worth, 2), {}
    refuse_short(round_, price * sum(round_.rows))
    for i, bid in entered(round_).items():
        best = price / bid.unit_cost if bid.cost else Fraction(bid.capacity)
        work[i] = min(best, Fraction(bid.capacity))
    done = tuple(work.get(i, Fraction(0)) for i in range(len(round_.bids)))
    return pay(round_, [price * units for units in done], work=done)


def accuracy_price(worth: Number, unit_costs: Sequence[Number]) -> Number:
    """Give the leader's best price r for local accuracy, ``(worth - r) * sum(1 - theta)``.

    A follower of unit cost k ends at ``theta = min(1, k / r)``. Up to the price at which the
    next follower starts to work the leader's utility is concave: the best of each stretch
    is in closed form, ``sqrt(worth * mean unit cost)`` where all work.
    """
    nothing = worth * 0
    ordered, best, most = sorted(unit_costs), nothing, nothing
    for m in range(1, len(ordered) + 1):
        low = ordered[m - 1]
        high = ordered[m] if m < len(ordered) else max(worth, low)
        price = min(max(root(worth * sum(ordered[:m], start=nothing) / m), low), high)
        gain = (worth - price) * sum((1 - local_error(price, k) for k in ordered), start=nothing)
        if gain > most:
            best, most = price, gain
    return best


def local_error(price: Number, unit_cost: Number) -> Number:
    """Give the local error at which a follower stops: 1 is no work, less is better."""
    return min(unit_cost, price) / price if price > 0 else price * 0 + 1


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
    unit_costs = [offer.unit_cost for offer in entered(round_).values()]
    done = efforts[member]
    price = float(accuracy_price(Fraction(worth), unit_costs))
    return price * min(done, 1.0) - _iterations(bid, done)


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
        Underfunded: The budget is below the worth times the members.

    Source: In the style of Khan, Pandey, Tran et al. (2020); utilities are ours.
    Cost: One sort.
    """
    at_least(1, worth=worth)
    refuse_short(round_, Fraction(worth * len(round_.participants)))
    bids = entered(round_)
    price = accuracy_price(Fraction(worth), [bid.unit_cost for bid in bids.values()])
    work = {i: 1 - local_error(price, bid.unit_cost) for i, bid in bids.items()}
    dues = spread(round_, {i: price * done for i, done in work.items()})
    done = tuple(work.get(i, Fraction(0)) for i in range(len(round_.bids)))
    return pay(round_, dues, work=done)


def cycle_price(
    budget: Number, unit_costs: Sequence[Number], capacities: Sequence[Number] | None = None
) -> Number:
    """Give the price of a cycle a second at which best answers use up the budget.

    A worker of unit cost k runs ``price / 2k`` cycles a second, at a cost of k times their
    square, or as many as it can; together they are paid all of the budget.

    Args:
        budget: In the unit of costs.
        unit_costs: Not negative; above 0 without *capacities*.
        capacities: The most that each can run; None for no limit.
    """
    nothing = budget * 0
    most: list[Number | None] = [None] * len(unit_costs)
    if capacities is not None:
        most = list(capacities)
    full: set[int] = {i for i, cost in enumerate(unit_costs) if not cost}
    while True:
        # price**2 / 2 * sum(1 / k) of the free, and price times the full ones' capacities.
        free = sum((1 / k for i, k in enumerate(unit_costs) if i not in full), start=nothing)
        spent = sum((top for i, top in enumerate(most) if i in full and top), start=nothing)
        price = (root(spent**2 + 2 * free * budget) - spent) / free if free else budget / spent
        over = {
            i
            for i, (cost, top) in enumerate(zip(unit_costs, most, strict=True))
            if i not in full and top is not None and price > 2 * cost * top
        }
        if not over:
            return price
        full |= over


def round_time(cycles: float, speed: float, workers: int) -> float:
    """Give the expected time of the slowest of like workers, exponential with mean cycles/speed.

    The K-th harmonic number times the mean: with more workers a round waits longer.
    """
    return sum(1 / k for k in range(1, workers + 1)) * cycles / speed


def _power(bid: Bid, work: Fraction | float, **_: object) -> Fraction | float:
    return bid.unit_cost * work**2


def _cycles_payoff(round_: RoundInput, efforts: Sequence[float], member: int) -> float:
    bid = round_.bids[member]
    if bid is None:
        return 0.0
    return float(_market_price(round_) * efforts[member] - _power(bid, efforts[member]))


def _market_price(round_: RoundInput) -> Fraction:
    bids = entered(round_).values()
    costs = [bid.unit_cost for bid in bids]
    return cycle_price(Fraction(round_.budget), costs, [Fraction(bid.capacity) for bid in bids])


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

    Speed x costs ``unit cost * x**2``, and nobody is asked for more than its capacity. At
    least half of the budget ends as the members' gain. The price follows the stated costs; no
    truth is promised.

    Source: In the style of Sarikaya and Ercetin (2019).
    Cost: One pass for each member that is at its capacity.
    """
    bids = entered(round_)
    if not bids:
        return pay(round_, spread(round_, {}), work=(Fraction(0),) * len(round_.bids))
    price = _market_price(round_)
    speeds = {
        i: min(Fraction(bid.capacity), price / (2 * bid.unit_cost))
        if bid.cost
        else Fraction(bid.capacity)
        for i, bid in bids.items()
    }
    speed = spread(round_, speeds)
    return divide(round_, speed, work=tuple(Fraction(units) for units in speed))
