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
from fedmerit.incentives.mechanisms.market import at_least, entered, spread, whole_work
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import pay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.payments import Outcome, RoundInput


def accepted(supplies: Sequence[float], unit_costs: Sequence[float], alpha: float) -> list[float]:
    """Give how much of each supply makes the surplus largest, in its units.

    For an income of ``alpha * sqrt(total)``: the cheapest first, each as long as another
    unit brings in more than it costs, which is until the total is ``(alpha / 2 cost)**2``.
    Of supplies that cost nothing all is taken.
    """
    taken, total = [0.0] * len(supplies), 0.0
    for i in sorted(range(len(supplies)), key=unit_costs.__getitem__):
        cost = unit_costs[i]
        enough = (alpha / (2 * cost)) ** 2 if cost > 0 else float("inf")
        taken[i] = min(supplies[i], max(0.0, enough - total))
        total += taken[i]
    return taken


def surplus(supplies: Sequence[float], unit_costs: Sequence[float], alpha: float) -> float:
    """Give the largest income less costs, in the unit of costs."""
    taken = accepted(supplies, unit_costs, alpha)
    costs = zip(taken, unit_costs, strict=True)
    return alpha * sqrt(sum(taken)) - sum(units * cost for units, cost in costs)


def without(items: Sequence[float], *who: int) -> list[float]:
    """Give the items of everybody else."""
    return [item for i, item in enumerate(items) if i not in who]


def groves_payments(
    supplies: Sequence[float], unit_costs: Sequence[float], alpha: float
) -> list[float]:
    """Give each one's cost of what is taken, and what its being there adds to the surplus."""
    taken, best = accepted(supplies, unit_costs, alpha), surplus(supplies, unit_costs, alpha)
    return [
        best - surplus(without(supplies, i), without(unit_costs, i), alpha) + units * cost
        for i, (units, cost) in enumerate(zip(taken, unit_costs, strict=True))
    ]


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
        Property.SYBIL,
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
    secret: rows are counted, so that nobody can bid more than it has.

    Args:
        round_: The round; each offers its capacity at its cost.
        alpha: Base units of income for a model of one row.

    Source: Cong, Yu, Weng and Yiu (2020), without redistribution; Yokoo et al. (2004) on names.
    Cost: n + 1 sorts.
    """
    bids = entered(round_)
    at_least(1, alpha=alpha)
    supplies = [float(bid.capacity) for bid in bids.values()]
    unit_costs = [float(bid.unit_cost) for bid in bids.values()]
    taken = dict(zip(bids, accepted(supplies, unit_costs, alpha), strict=True))
    dues = dict(zip(bids, groves_payments(supplies, unit_costs, alpha), strict=True))
    work = tuple(Fraction(taken.get(i, 0.0)) for i in range(len(round_.bids)))
    return pay(round_, spread(round_, dues), work=work)


def best_coalitions(
    worths: NDArray[np.float64], costs: Sequence[float]
) -> tuple[int, float, list[float]]:
    """Give whom to buy from, the surplus, and the surplus without each, by exhaustion.

    Args:
        worths: Of all coalitions to the buyer, ``(2**n,)``.
        costs: Of each member, in the same unit; infinite for who cannot be bought.
    """
    spent, codes = np.zeros(1), np.arange(len(worths))
    for cost in costs:
        spent = np.concatenate([spent, spent + cost])
    left = worths - spent
    best = int(left.argmax())
    others = [float(left[codes >> i & 1 == 0].max()) for i in range(len(costs))]
    return best, float(left[best]), others


def _worth_bought(round_: RoundInput, work: Sequence[float], *, worth: int) -> float:
    code = sum(1 << i for i, units in enumerate(work) if units > 0)
    return float(worth * table(round_)[code])


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

    Source: Vickrey (1961); Clarke (1971); Groves (1973).
    Cost: 2**n worths; up to 20 members.
    """
    at_least(1, worth=worth)
    bids = entered(round_)
    costs = [float(bids[i].cost) if i in bids else np.inf for i in range(len(round_.bids))]
    best, most, others = best_coalitions(worth * table(round_), costs)
    bought = [i for i in bids if best >> i & 1]
    dues = {i: costs[i] + most - others[i] for i in bought}
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))
