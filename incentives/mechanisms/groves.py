"""Groves payments: each is paid its own cost and what it adds to everybody's surplus.

Nobody then gains by misstating what it can deliver or what that costs: its own utility is the
whole surplus less a part it cannot move (Vickrey, 1961; Clarke, 1971; Groves, 1973).

Where a member may report that it has nothing, it adds nothing, so what it is paid beyond the
Groves payment cannot be negative if nobody is to lose: such terms can hand a surplus back, and
can never cure a deficit.
"""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.mechanisms.coalitions import table
from fedmerit.incentives.mechanisms.market import (
    at_least,
    entered,
    refuse_short,
    spread,
    whole_work,
)
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import Number, pay, root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


def accepted(
    supplies: Sequence[Number], unit_costs: Sequence[Number], alpha: Number
) -> list[Number]:
    """Give how much of each supply makes the surplus largest, in its units.

    For an income of ``alpha * sqrt(total)``: the cheapest first, each as long as another
    unit brings in more than it costs, which is until the total is ``(alpha / 2 cost)**2``.
    Of supplies that cost nothing all is taken.
    """
    nothing = alpha * 0
    taken, total = [nothing] * len(supplies), nothing
    for i in sorted(range(len(supplies)), key=unit_costs.__getitem__):
        cost = unit_costs[i]
        wanted = max(nothing, (alpha / (2 * cost)) ** 2 - total) if cost > 0 else supplies[i]
        if not wanted:
            break  # whoever is dearer is not wanted either
        taken[i] = min(supplies[i], wanted)
        total += taken[i]
    return taken


def income(alpha: Number, taken: Sequence[Number]) -> Number:
    """Give ``alpha`` times the root of all that is taken."""
    return root(alpha * alpha * sum(taken, start=alpha * 0))


def surplus(supplies: Sequence[Number], unit_costs: Sequence[Number], alpha: Number) -> Number:
    """Give the largest income less costs, in the unit of costs."""
    taken = accepted(supplies, unit_costs, alpha)
    costs = (units * cost for units, cost in zip(taken, unit_costs, strict=True))
    return income(alpha, taken) - sum(costs, start=alpha * 0)


def without(items: Sequence[Number], *who: int) -> list[Number]:
    """Give the items of everybody else."""
    return [item for i, item in enumerate(items) if i not in who]


def groves_payments(
    supplies: Sequence[Number], unit_costs: Sequence[Number], alpha: Number
) -> list[Number]:
    """Give each one's cost of what is taken, and what its being there adds to the surplus."""
    # In order of cost, so that each smaller market is in order too.
    order = sorted(range(len(supplies)), key=unit_costs.__getitem__)
    offered, asked = [supplies[i] for i in order], [unit_costs[i] for i in order]
    taken, best = accepted(offered, asked, alpha), surplus(offered, asked, alpha)
    paid = [alpha * 0] * len(order)
    for place, (i, units, cost) in enumerate(zip(order, taken, asked, strict=True)):
        if units:  # who is not wanted changes nothing by being there
            fewer = surplus(without(offered, place), without(asked, place), alpha)
            paid[i] = best - fewer + units * cost
    return paid


def root_dues(round_: RoundInput, *, alpha: int) -> Fraction:
    """Give the most that Groves payments for rows can come to: the income from all there are."""
    return income(Fraction(alpha), [Fraction(rows) for rows in round_.rows])


def root_income(_round: RoundInput, work: Sequence[float], *, alpha: int, **_: object) -> float:
    """Give the income from so much work: ``alpha`` times the root of its sum."""
    return alpha * sqrt(sum(work))


def root_welfare(round_: RoundInput, work: Sequence[float], *, alpha: int, **_: object) -> float:
    """Give that income less what the work costs at the bids of *round_*."""
    costs = sum(
        float(bid.unit_cost) * units
        for bid, units in zip(round_.bids, work, strict=True)
        if bid is not None
    )
    return alpha * sqrt(sum(work)) - costs


@mechanism(
    claims=(
        Property.DSIC,
        Property.EFF,
        Property.IR,
        Property.WBB,
        Property.SYM,
        Property.MONO,
        Property.SCALE,
        Claim(Property.SYBIL, (Condition.COUNTED_ONCE,)),
    ),
    needs=(Need.BIDS,),
    model=Model(
        money=frozenset({"alpha"}), divisible=True, income=root_income, welfare=root_welfare
    ),
)
def pvcg(round_: RoundInput, /, *, alpha: int = 10**6) -> Outcome:
    """Buy the rows that make the surplus largest, and pay cost and contribution to it.

    The income from a model of so many rows is ``alpha`` times their root. More of the same
    brings in less and less, which is why contributions add up to no more than the surplus,
    and why nobody gains by splitting an offer. Only what a member under-reports is its
    secret: rows are counted, so that nobody can bid more than it has; who has the same rows
    counted under two names is paid for them twice.

    Args:
        round_: The round; each offers its capacity at its cost.
        alpha: Base units of income for a model of one row.

    Raises:
        Underfunded: The budget is below the income from all rows that there are.

    Source: Cong, Yu, Weng and Yiu (2020), without redistribution; Yokoo et al. (2004) on names.
    Cost: n + 1 sorts.
    """
    at_least(1, alpha=alpha)
    refuse_short(round_, root_dues(round_, alpha=alpha))
    bids, worth = entered(round_), Fraction(alpha)
    supplies = [Fraction(bid.capacity) for bid in bids.values()]
    unit_costs = [bid.unit_cost for bid in bids.values()]
    taken = dict(zip(bids, accepted(supplies, unit_costs, worth), strict=True))
    dues = dict(zip(bids, groves_payments(supplies, unit_costs, worth), strict=True))
    work = tuple(taken.get(i, Fraction(0)) for i in range(len(round_.bids)))
    return pay(round_, spread(round_, dues), work=work)


def best_coalitions(worths: Sequence[int], costs: Mapping[int, int]) -> tuple[int, int, list[int]]:
    """Give whom to buy from, the surplus, and the surplus without each, by exhaustion.

    Args:
        worths: Of all coalitions to the buyer, ``2**n`` of them.
        costs: By position, in the same unit; who is left out cannot be bought.

    Returns:
        The code of those to buy from, of equal ones the first; surpluses are those of all
        positions that *worths* has.
    """
    left = np.array(worths, dtype=object)
    for member in range(len(left).bit_length() - 1):
        bought = left.reshape(-1, 2, 2**member)[:, 1]
        bought -= costs[member] if member in costs else max(map(abs, worths)) + left.max() + 1
    best, codes = int(left.argmax()), np.arange(len(left))
    others = [int(left[codes >> i & 1 == 0].max()) for i in range(len(left).bit_length() - 1)]
    return best, int(left[best]), others


def _worth_bought(round_: RoundInput, work: Sequence[float], *, worth: int) -> float:
    code = sum(1 << i for i, units in enumerate(work) if units > 0)
    worths, unit = table(round_)
    return float(worth * unit * int(worths[code]))


def _welfare_bought(round_: RoundInput, work: Sequence[float], *, worth: int) -> float:
    costs = sum(
        bid.cost
        for bid, units in zip(round_.bids, work, strict=True)
        if bid is not None and units > 0
    )
    return _worth_bought(round_, work, worth=worth) - costs


@mechanism(
    claims=(Property.DSIC, Property.EFF, Property.IR, Property.SYM, Property.MONO, Property.SCALE),
    needs=(Need.BIDS, Need.GAME),
    model=Model(money=frozenset({"worth"}), income=_worth_bought, welfare=_welfare_bought),
)
def vcg(round_: RoundInput, /, *, worth: int = 10**6) -> Outcome:
    """Buy from the coalition that leaves the largest surplus; pay cost and contribution to it.

    For any worths, complements too; but then it may owe more than what is bought is worth:
    each of two members that are of use only together is paid the whole surplus. No rule
    that is truthful, efficient and harms nobody can avoid it (Myerson and Satterthwaite, 1983).

    Args:
        round_: The round; its game is the buyer's worth.
        worth: Base units that a unit of the game's worth is worth to the buyer.

    Raises:
        Underfunded: The budget is below the most that each adds to anybody, all together.

    Source: Vickrey (1961); Clarke (1971); Groves (1973).
    Cost: 2**n worths; up to 20 members.
    """
    at_least(1, worth=worth)
    bids, (worths, unit) = entered(round_), table(round_)
    # In the finest unit that both costs and worths are whole in.
    finest = unit.denominator
    to_buyer = [int(each) * worth * unit.numerator for each in worths]
    refuse_short(round_, Fraction(sum(_most_added(to_buyer)), finest))
    costs = {i: bid.cost * finest for i, bid in bids.items()}
    best, most, others = best_coalitions(to_buyer, costs)
    bought = [i for i in bids if best >> i & 1]
    dues = {i: bids[i].cost + Fraction(most - others[i], finest) for i in bought}
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))


def _most_added(worths: Sequence[int]) -> list[int]:
    """Give the most that each adds to any coalition, which it can be paid at most."""
    table_ = np.array(worths, dtype=object)
    split = (table_.reshape(-1, 2, 2**i) for i in range(len(worths).bit_length() - 1))
    return [max(0, int((pair[:, 1] - pair[:, 0]).max())) for pair in split]
