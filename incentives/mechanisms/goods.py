"""A model is a common good: who has not worked for it enjoys it too.

Left alone, members bring far too little (Olson, 1965; Bergstrom, Blume and Varian, 1986). What
each receives can be shaped instead, without a payment: a better model for more data.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, sqrt
from typing import TYPE_CHECKING

from scipy.optimize import brentq

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import at_least, entered, positive, spread
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import pay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


def good_total(benefit: float, cost: float, curve: float = 0.5) -> float:
    """Give the total x at which ``benefit * x**curve`` stops to grow faster than *cost*."""
    return float((benefit * curve / cost) ** (1 / (1 - curve)))


def good_welfare(n: int, benefit: float, cost: float, total: float) -> float:
    """Give what *n* members gain from a common good of this total, less its cost."""
    return n * benefit * sqrt(total) - cost * total


def price_of_anarchy(n: int, benefit: float, cost: float) -> float:
    """Give the best welfare of *n* like members over that of the equilibrium."""
    best = good_welfare(n, benefit, cost, good_total(n * benefit, cost))
    return best / good_welfare(n, benefit, cost, good_total(benefit, cost))


def _enjoyed(
    round_: RoundInput, work: Sequence[float], _member: int, *, benefit: int, curve: Fraction
) -> float:
    return float(benefit * sum(work) ** float(curve)) if len(round_.bids) else 0.0


def _good_payoff(
    round_: RoundInput, efforts: Sequence[float], member: int, *, benefit: int, curve: Fraction
) -> float:
    bid = round_.bids[member]
    cost = float(bid.unit_cost) if bid is not None else 0.0
    enjoyed = _enjoyed(round_, efforts, member, benefit=benefit, curve=curve)
    return enjoyed - cost * efforts[member]


def _good_gain(
    round_: RoundInput, work: Sequence[float], *, benefit: int, curve: Fraction
) -> float:
    members = range(len(work))
    return sum(_good_payoff(round_, work, i, benefit=benefit, curve=curve) for i in members)


@mechanism(
    claims=(Property.NASH, Property.IR, Property.WBB, Property.SYM, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(
        money=frozenset({"benefit"}),
        divisible=True,
        benefit=_enjoyed,
        payoff=_good_payoff,
        welfare=_good_gain,
    ),
)
def public_good(
    round_: RoundInput, /, *, benefit: int = 10**6, curve: Fraction = Fraction(1, 2)
) -> Outcome:
    """Pay nothing, and let everybody have the model: what happens without a mechanism.

    The cheapest members contribute, as much as one of them would alone or as they can, and the
    rest ride free. With n like members, and a worth that grows by the root, a model gets 1 / n**2
    of the data that would be best.
    Shown so that the others have something to be better than.

    Args:
        round_: The round; each has a cost for every unit.
        benefit: Base units that a model of one unit is worth to everybody.
        curve: How that grows with x units, as a power of x between 0 and 1: measured, say, on
            models of some and of twice the data.

    Source: Bergstrom, Blume and Varian (1986).
    Cost: One pass.
    """
    at_least(1, benefit=benefit)
    if not 0 < curve < 1:
        raise RewardError(f"curve is a power between 0 and 1, and is {curve}")
    bids = entered(round_)
    brought = provided_good(
        [bid.unit_cost for bid in bids.values()],
        [Fraction(bid.capacity) for bid in bids.values()],
        lambda cost: _wanted(benefit, cost, curve),
    )
    work = dict(zip(bids, brought, strict=True))
    units = tuple(work.get(i, Fraction(0)) for i in range(len(round_.bids)))
    return pay(round_, spread(round_, {}), work=units)


def provided_good(
    costs: Sequence[Fraction],
    capacities: Sequence[Fraction],
    wanted_alone: Callable[[Fraction], Fraction],
) -> list[Fraction]:
    """Give what each brings to a common good in equilibrium.

    The cheapest first, until the total is what one of them would bring alone; who comes next
    adds to it as long as it would still have brought more. Equal costs bring alike.

    Args:
        costs: Of a unit; who has none brings all that it can.
        capacities: The most that each can bring.
        wanted_alone: Gives the total at which a unit's benefit has fallen to a cost above 0.
    """
    brought, total = [Fraction(0)] * len(costs), Fraction(0)
    for cost in sorted(set(costs)):
        alike = sorted(
            (i for i, own_cost in enumerate(costs) if own_cost == cost), key=capacities.__getitem__
        )
        wanted = max(Fraction(0), wanted_alone(cost) - total) if cost else None
        for place, i in enumerate(alike):
            part = capacities[i] if wanted is None else wanted / (len(alike) - place)
            brought[i] = min(capacities[i], part)
            total += brought[i]
            wanted = None if wanted is None else wanted - brought[i]
    return brought


def _wanted(benefit: int, cost: Fraction, curve: Fraction) -> Fraction:
    if curve == Fraction(1, 2):
        return (benefit / (2 * cost)) ** 2
    return Fraction(good_total(float(benefit), float(cost), float(curve)))


def accuracy(units: float, half: float) -> float:
    """Give the accuracy of a model of so many units, which is 1/2 at *half* of them."""
    return units / (units + half)


def alone(cost: float, half: float) -> float:
    """Give the units that a member would use by itself, at *cost* in accuracy a unit."""
    return max(0.0, sqrt(half / cost) - half)


def shaped(units: float, total: float, cost: float, *, half: float, edge: float) -> float:
    """Give the accuracy that a member receives for its units.

    Its own model's up to what it would use alone; from there on a little more than its
    cost for each further unit, until it receives the joint model.

    Args:
        units: That it brings.
        total: That everybody brings.
        cost: Of a unit, in accuracy.
        half: Units at which accuracy is 1/2.
        edge: How much more than the cost, as a part of it.
    """
    units_alone = alone(cost, half)
    if units <= units_alone:
        return accuracy(units, half)
    return min(
        accuracy(units_alone, half) + (1 + edge) * cost * (units - units_alone),
        accuracy(total, half),
    )


def shaped_units(
    costs: Sequence[float], *, half: float, edge: float, capacities: Sequence[float] | None = None
) -> list[float]:
    """Give the units that each brings in equilibrium: until it receives the joint model.

    Args:
        costs: Of a unit, in accuracy; above 0.
        half: Units at which accuracy is 1/2.
        edge: How much more than its cost a unit is rewarded, as a part of it.
        capacities: The most that each can bring; None for no limit.
    """
    most = capacities if capacities is not None else [inf] * len(costs)
    singly = [min(top, alone(cost, half)) for cost, top in zip(costs, most, strict=True)]

    def brings(total: float) -> list[float]:
        joint = accuracy(total, half)
        return [
            min(top, mine + max(0.0, joint - accuracy(mine, half)) / ((1 + edge) * cost))
            for mine, cost, top in zip(singly, costs, most, strict=True)
        ]

    low = max(sum(singly), 1e-9 * half)
    high = sum(singly) + sum(1 / cost for cost in costs)
    if sum(brings(low)) <= low:
        return singly
    return brings(float(brentq(lambda total: sum(brings(total)) - total, low, high)))


def _received(
    round_: RoundInput,
    work: Sequence[float],
    member: int,
    *,
    worth: int,
    half: int,
    edge: Fraction,
) -> float:
    bid = round_.bids[member]
    if bid is None:
        return 0.0
    cost = float(bid.unit_cost / worth)
    return worth * shaped(work[member], sum(work), cost, half=half, edge=float(edge))


def _shaped_payoff(
    round_: RoundInput,
    efforts: Sequence[float],
    member: int,
    *,
    worth: int,
    half: int,
    edge: Fraction,
) -> float:
    bid = round_.bids[member]
    if bid is None:
        return 0.0
    received = _received(round_, efforts, member, worth=worth, half=half, edge=edge)
    return received - float(bid.unit_cost) * efforts[member]


@mechanism(
    claims=(Property.NASH, Property.IR, Property.WBB, Property.SYM, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(
        money=frozenset({"worth"}), divisible=True, benefit=_received, payoff=_shaped_payoff
    ),
)
def accuracy_shaping(
    round_: RoundInput,
    /,
    *,
    worth: int = 10**8,
    half: int = 4,
    edge: Fraction = Fraction(1, 100),
) -> Outcome:
    """Pay in accuracy: a little more than what each further unit costs, up to the joint model.

    No money moves. Nobody rides free, since what a member receives is worked for by itself,
    and all bring as much as can be had for accuracy alone. Costs must be known, to shape
    by; the joint model must be the better the more data it has.

    Args:
        round_: The round; each has a cost for every unit.
        worth: Base units that full accuracy is worth to a member.
        half: Units at which a model's accuracy is 1/2.
        edge: How much more than its cost a unit is rewarded, as a part of it.

    Source: In the style of Karimireddy, Guo and Jordan (2022).
    Cost: One root.
    """
    at_least(1, worth=worth, half=half)
    positive(edge=edge)
    bids = entered(round_)
    for bid in bids.values():
        positive(unit_cost=bid.unit_cost)
    costs = [float(bid.unit_cost / worth) for bid in bids.values()]
    capacities = [float(bid.capacity) for bid in bids.values()]
    units = shaped_units(costs, half=half, edge=float(edge), capacities=capacities) if costs else []
    work = dict(zip(bids, units, strict=True))
    done = tuple(Fraction(work.get(i, 0.0)) for i in range(len(round_.bids)))
    return pay(round_, spread(round_, {}), work=done)
