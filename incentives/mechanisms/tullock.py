"""Contests: a fixed reward, shared by effort, and what members then do.

The reward R is split in proportion to efforts x, which cost c a unit: u = R x / X - c x. Who is
too dear stays out, and that changes the others' efforts: setting the efforts of a formula
for all members to 0 where they come out negative is no equilibrium. Nor is it to announce more
than somebody can do: who is at its capacity leaves room that the others fill.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, log
from typing import TYPE_CHECKING, Final

from scipy.optimize import brentq

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import entered, spread
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import Number, divide, pay, root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput

_RIVALS: Final = 2
#: Halvings after which a float tells totals apart no more.
_HALVINGS: Final = 100


def active(costs: Sequence[Number]) -> list[int]:
    """Give who takes part in equilibrium: the two cheapest, and more while they gain by it.

    The next cheapest joins while its cost is below ``sum of costs / (members - 1)`` with it.
    """
    order = sorted(range(len(costs)), key=costs.__getitem__)
    inside: list[int] = order[:_RIVALS]
    for i in order[_RIVALS:]:
        if costs[i] * (len(inside) - 1) >= sum((costs[j] for j in inside), start=costs[i] * 0):
            break
        inside.append(i)
    return inside


def contest_efforts(costs: Sequence[Number], reward: Number) -> list[Number]:
    """Give the efforts of the one Nash equilibrium; none with fewer than two members.

    Raises:
        RewardError: Efforts of two members cost nothing: no effort is then enough.
    """
    nothing = reward * 0
    efforts = [nothing] * len(costs)
    inside = active(costs)
    if len(inside) < _RIVALS:
        return efforts
    total, rivals = sum((costs[i] for i in inside), start=nothing), len(inside) - 1
    if total <= 0:
        raise RewardError(f"a contest needs efforts that cost something, not {tuple(costs)}")
    for i in inside:
        efforts[i] = max(nothing, rivals * reward / total * (1 - rivals * costs[i] / total))
    return efforts


def capped_efforts(
    costs: Sequence[Fraction], capacities: Sequence[Fraction], reward: Fraction
) -> list[Fraction]:
    """Give the efforts of the one Nash equilibrium in which nobody can do more than its capacity.

    At a total of X, who is not at its capacity does ``X (1 - c X / R)``, its best answer to the
    others'. What all would do at X falls, as a part of X, the larger X is; the equilibrium is
    where it is X (after Cornes and Hartley, 2005). None with fewer than two members.

    Args:
        costs: Of a unit, not negative.
        capacities: Positive.
        reward: Base units.
    """
    if len(costs) < _RIVALS:
        return [Fraction(0)] * len(costs)

    total = _total(costs, capacities, reward)
    return [
        min(capacity, max(Fraction(0), total * (1 - cost * total / reward)))
        for cost, capacity in zip(costs, capacities, strict=True)
    ]


def effort_per_reward(costs: Sequence[float]) -> float:
    """Give how much effort a unit of reward brings about, all members together."""
    inside = active(costs)
    return (len(inside) - 1) / sum(costs[i] for i in inside)


def best_reward_log(costs: Sequence[float], alpha: float) -> float:
    """Give the reward that makes ``alpha * ln(1 + total effort) - reward`` largest."""
    return max(0.0, alpha - 1 / effort_per_reward(costs))


def best_reward_sqrt(costs: Sequence[float], alpha: float) -> float:
    """Give the reward that makes ``alpha * sqrt(total effort) - reward`` largest."""
    return alpha**2 * effort_per_reward(costs) / 4


def platform_utility(costs: Sequence[float], reward: float, worth: float) -> float:
    """Give ``worth * ln(1 + sum of ln(1 + effort)) - reward``, the platform's of Yang et al."""
    efforts = contest_efforts(costs, reward)
    return worth * log(1 + sum(log(1 + effort) for effort in efforts)) - reward


def best_reward_platform(costs: Sequence[float], worth: float) -> float:
    """Give the reward that makes :func:`platform_utility` largest, by its concavity."""
    shares = contest_efforts(costs, 1.0)

    def slope(reward: float) -> float:
        inner = 1 + sum(log(1 + share * reward) for share in shares)
        return worth * sum(s / (1 + s * reward) for s in shares) / inner - 1

    if slope(0.0) <= 0:
        return 0.0
    high = 1.0
    while slope(high) > 0:
        high *= 2
    return float(brentq(slope, 0.0, high, xtol=1e-12))


def rent_dissipation(costs: Sequence[float], reward: float) -> float:
    """Give the part of the reward that is spent on winning it."""
    efforts = contest_efforts(costs, reward)
    return sum(cost * effort for cost, effort in zip(costs, efforts, strict=True)) / reward


def _total(costs: Sequence[Fraction], capacities: Sequence[Fraction], reward: Fraction) -> Fraction:
    """Give the total effort in equilibrium: who is where by bisection, and then exactly."""
    members = list(zip(map(float, costs), map(float, capacities), strict=True))
    prize = float(reward)

    def exceeds(total: float) -> bool:
        # Whoever works for nothing does all that it can.
        free = (max(0.0, 1 - c * total / prize) if c else inf for c, _ in members)
        return sum(min(k / total, part) for (_, k), part in zip(members, free, strict=True)) > 1

    low = high = float(sum(capacities))
    while not exceeds(low):
        low, high = low / 2, low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle) else (low, middle)
    capped = [c == 0 or k <= high * (1 - c * high / prize) for c, k in members]
    full = sum((k for k, at_most in zip(capacities, capped, strict=True) if at_most), Fraction(0))
    free = [
        cost
        for cost, at_most in zip(costs, capped, strict=True)
        if not at_most and float(cost) * high < prize
    ]
    if not free:
        return full
    # Solves what the free would do at a total of X, and the full do: it is X.
    rivals, slope = (len(free) - 1) * reward, sum(free)
    return (rivals + root(rivals**2 + 4 * slope * full * reward)) / (2 * slope)


def _payoff(round_: RoundInput, efforts: Sequence[float], member: int) -> float:
    bid, total = round_.bids[member], sum(efforts)
    if bid is None or total <= 0:
        return 0.0
    return round_.budget * efforts[member] / total - float(bid.unit_cost) * efforts[member]


@mechanism(
    claims=(
        Claim(Property.NASH, (Condition.RIVALS,)),
        Property.IR,
        Property.WBB,
        Claim(Property.SBB, (Condition.RIVALS,)),
        Property.SYM,
        Property.MONO,
        Property.SCALE,
    ),
    needs=(Need.BIDS,),
    model=Model(payoff=_payoff, divisible=True, agreed_first=True),
)
def tullock(round_: RoundInput, /) -> Outcome:
    """Share the budget by effort, and announce the efforts that are best answers to each other.

    Nobody is asked for more than it has capacity for. Much of the reward is spent on winning
    it, and a member can gain by entering twice. Costs are taken as stated: who is thought dear
    is expected to do less. With a single member there is no equilibrium, and nothing is paid.

    Source: Tullock (1980); with data, Yang, Xue, Fang and Tang (2012), platform-centric.
    Cost: One sort a halving.
    """
    bids = entered(round_)
    costs = [bid.unit_cost for bid in bids.values()]
    capacities = [Fraction(bid.capacity) for bid in bids.values()]
    announced = capped_efforts(costs, capacities, Fraction(round_.budget))
    efforts = spread(round_, dict(zip(bids, announced, strict=True)))
    work = tuple(Fraction(effort) for effort in efforts)
    return divide(round_, efforts, work=work) if any(work) else pay(round_, efforts, work=work)
