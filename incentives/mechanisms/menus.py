"""Contract menus: so much work for so much pay, and every member picks what suits it.

The buyer knows how costs are spread, and not whose is which. Whoever is cheaper could pretend
not to be, so it must be left a rent; the menu buys less from dear types than it would if it
could see them, to keep that rent small.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Generic

from fedmerit.errors import RewardError
from fedmerit.incentives.mechanisms.market import (
    at_least,
    entered,
    positive,
    refuse_short,
    spread,
)
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import Number, pay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


@dataclass(frozen=True, slots=True)
class Menu(Generic[Number]):
    """One contract per type, from the dearest type to the cheapest.

    Attributes:
        virtual: Cost of a unit and of the rent it leaves to cheaper types, not ironed.
        ironed: The same, pooled until no cheaper type has a higher one.
        work: Units of each contract.
        rewards: Pay for each contract.
    """

    virtual: tuple[Number, ...]
    ironed: tuple[Number, ...]
    work: tuple[Number, ...]
    rewards: tuple[Number, ...]


def best_menu(
    costs: Sequence[Number], odds: Sequence[Number], demand: Callable[[Number], Number]
) -> Menu[Number]:
    """Give the menu that leaves the buyer most.

    Args:
        costs: Of a unit, by type, strictly falling.
        odds: Of each type, positive; they need not add up to 1.
        demand: How many units the buyer wants at a price, falling and not negative.

    Raises:
        RewardError: Costs do not fall, or a type has no odds.
    """
    falling = all(dear > cheap for dear, cheap in itertools.pairwise(costs))
    if not costs or not falling or costs[-1] < 0 or len(odds) != len(costs) or min(odds) <= 0:
        raise RewardError(
            f"types must have falling costs and positive odds, not {costs} and {odds}",
            hint="Order them from the dearest to the cheapest, each once.",
        )
    nothing = costs[0] * 0
    cheaper = [sum(odds[k + 1 :], start=nothing) for k in range(len(odds))]
    gaps = [dear - cheap for dear, cheap in itertools.pairwise(costs)] + [nothing]
    virtual = [
        cost + more / odd * gap
        for cost, more, odd, gap in zip(costs, cheaper, odds, gaps, strict=True)
    ]
    ironed = pooled(virtual, odds)
    work = [demand(price) for price in ironed]
    rewards = [costs[0] * work[0]]
    for k in range(1, len(costs)):
        rewards.append(rewards[-1] + costs[k] * (work[k] - work[k - 1]))
    return Menu(tuple(virtual), tuple(ironed), tuple(work), tuple(rewards))


def pooled(prices: Sequence[Number], odds: Sequence[Number]) -> list[Number]:
    """Average neighbours, by their odds, until prices fall: pool adjacent violators."""
    blocks: list[tuple[Number, Number, int]] = []  # mean, odds, how many
    for price, odd in zip(prices, odds, strict=True):
        blocks.append((price, odd, 1))
        while len(blocks) > 1 and blocks[-1][0] > blocks[-2][0]:
            (low, few, some), (high, many, others) = blocks[-2:]
            mean = (low * few + high * many) / (few + many)
            blocks[-2:] = [(mean, few + many, some + others)]
    return [mean for mean, _, count in blocks for _ in range(count)]


def logarithmic(alpha: Number, level: Number | None = None) -> Callable[[Number], Number]:
    """Give the demand, at a price above 0, for units of which q are worth alpha ln(1 + level q).

    Args:
        alpha: The buyer's.
        level: Of a unit's quality, above 0; 1 if absent.
    """
    last = 1 / level if level is not None else alpha * 0 + 1
    return lambda price: max(alpha * 0, alpha / price - last)


@mechanism(
    claims=(Property.DSIC, Property.IR, Property.WBB, Property.SYM, Property.MONO, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(money=frozenset({"alpha", "types"})),
)
def contract(
    round_: RoundInput,
    /,
    *,
    alpha: int = 8 * 10**6,
    types: tuple[int, ...] = (900_000, 600_000, 250_000),
    odds: tuple[int, ...] = (3, 3, 4),
    points: int = 0,
) -> Outcome:
    """Offer a menu of contracts, and let each member have the one that is best for its cost.

    The menu depends on the belief about costs and on nobody's bid. The cheapest type works
    as much as if its cost were known, dearer ones less; the dearest is left nothing. Nobody is
    offered more work than it has capacity for: whoever has little picks among small contracts.

    Args:
        round_: The round; each bids a unit cost, and has a capacity of units.
        alpha: The buyer's worth of q units of one member is ``alpha * ln(1 + q)``, in base units.
        types: Unit costs believed possible, falling.
        odds: Of each type, in any unit.
        points: Points of quality that make a unit count as one; 0 to count units whatever their
            quality. Better units are worth more, and a member is offered a menu for its own.

    Raises:
        Underfunded: The budget does not cover the dearest contract for everybody.

    Source: Kang, Xiong, Niyato, Xie and Zhang (2019), in the style of; Myerson (1981) on ironing.
    Cost: One pass over types.
    """
    at_least(1, alpha=alpha)
    for number in (*types, *odds):
        positive(types_and_odds=number)
    at_least(0, points=points)
    costs, chances = list(map(Fraction, types)), list(map(Fraction, odds))
    # However good its units are, nobody is offered a dearer contract than this.
    plain = logarithmic(Fraction(alpha))
    best_units = best_menu(costs, chances, (lambda price: alpha / price) if points else plain)
    refuse_short(round_, len(round_.participants) * max(best_units.rewards))
    work, dues = {}, {}
    for i, bid in entered(round_).items():
        level = Fraction(bid.quality, bid.capacity * points) if points else Fraction(1)
        menu = best_menu(costs, chances, logarithmic(Fraction(alpha), level))
        offered = [
            (pay - bid.unit_cost * units, units, pay)
            for pay, units in zip(menu.rewards, menu.work, strict=True)
            if units <= bid.capacity
        ]
        # A type is indifferent to its neighbour's contract: then it works the more.
        best = max(offered, default=None)
        if best is not None and best[0] >= 0:
            _, work[i], dues[i] = best
    units = tuple(work.get(i, Fraction(0)) for i in range(len(round_.bids)))
    return pay(round_, spread(round_, dues), work=units)
