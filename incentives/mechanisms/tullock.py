"""Contests: a fixed reward, shared by effort, and what members then do.

The reward R is split in proportion to efforts x, which cost c a unit: u = R x / X - c x. Who is
too dear stays out, and that changes the others' efforts: setting the efforts of a formula
for all members to 0 where they come out negative is no equilibrium.
"""

from __future__ import annotations

from fractions import Fraction
from math import log
from typing import TYPE_CHECKING, Final

from scipy.optimize import brentq

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import entered, spread
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import divide, pay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput

_RIVALS: Final = 2


def active(costs: Sequence[float]) -> list[int]:
    """Give who takes part in equilibrium: the two cheapest, and more while they gain by it.

    The next cheapest joins while its cost is below ``sum of costs / (members - 1)`` with it.
    """
    order = sorted(range(len(costs)), key=costs.__getitem__)
    inside = order[:_RIVALS]
    for i in order[_RIVALS:]:
        if costs[i] * len(inside) >= sum(costs[j] for j in [*inside, i]):
            break
        inside.append(i)
    return inside


def contest_efforts(costs: Sequence[float], reward: float) -> list[float]:
    """Give the efforts of the one Nash equilibrium; none with fewer than two members.

    Raises:
        RewardError: Efforts of two members cost nothing: no effort is then enough.
    """
    efforts = [0.0] * len(costs)
    inside = active(costs)
    if len(inside) < _RIVALS:
        return efforts
    total, rivals = sum(costs[i] for i in inside), len(inside) - 1
    if total <= 0:
        raise RewardError(f"a contest needs efforts that cost something, not {tuple(costs)}")
    for i in inside:
        efforts[i] = max(0.0, rivals * reward / total * (1 - rivals * costs[i] / total))
    return efforts


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


def _payoff(round_: RoundInput, efforts: Sequence[float], member: int) -> float:
    bid, total = round_.bids[member], sum(efforts)
    if bid is None or total <= 0:
        return 0.0
    return round_.budget * efforts[member] / total - float(bid.unit_cost) * efforts[member]


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
    model=Model(payoff=_payoff, divisible=True),
)
def tullock(round_: RoundInput, /) -> Outcome:
    """Share the budget by effort, and announce the efforts that are best answers to each other.

    Much of the reward is spent on winning it, and a member can gain by entering twice.
    Costs are taken as stated: who is thought dear is expected to do less. With a single
    member there is no equilibrium, and nothing is paid.

    Source: Tullock (1980); with data, Yang, Xue, Fang and Tang (2012), platform-centric.
    Cost: One sort.
    """
    bids = entered(round_)
    costs = [float(bid.unit_cost) for bid in bids.values()]
    efforts = dict(zip(bids, contest_efforts(costs, float(round_.budget)), strict=True))
    by_member = [efforts.get(i, 0.0) for i in range(len(round_.bids))]
    work = tuple(map(Fraction, by_member))
    if not any(by_member):
        return pay(round_, spread(round_, {}), work=work)
    return divide(round_, by_member, work=work)
