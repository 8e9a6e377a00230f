"""FLI: paying contributions and costs back over rounds, as money comes in.

A budget rarely covers what everybody has put in. Two queues a member remember what is still
owed: costs not yet paid back, and compensation for having waited. Shares follow both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fedmerit.incentives.mechanisms.market import at_least, positive
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import pay
from fedmerit.units import NANO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.payments import Outcome, RoundInput


@dataclass(frozen=True, slots=True)
class Owed:
    """One member's queues before a round, in base units.

    Attributes:
        regret: Costs not paid back (Y).
        wait: Compensation due for waiting (Q).
        mean_cost: Of the rounds in which it had a cost, this one included.
    """

    regret: Fraction
    wait: Fraction
    mean_cost: Fraction

    @property
    def growth(self) -> Fraction:
        """What waiting another round is compensated with, if costs are still owed (lambda)."""
        return self.mean_cost if self.regret > 0 else Fraction(0)


def urgency(owed: Owed, contribution: Fraction, cost: Fraction, weight: Fraction) -> Fraction:
    """Give what the member should have now: half of everything that speaks for it (u)."""
    return (weight * contribution + owed.regret + cost + owed.wait + owed.growth) / 2


def instalment(
    urgencies: Sequence[Fraction], budget: Fraction, *, capped: bool = False
) -> list[Fraction]:
    """Share the budget by urgency.

    Args:
        urgencies: Of the members, not negative.
        budget: To be shared.
        capped: Whether nobody gets more than its urgency, and the rest is carried over.
    """
    total = sum(urgencies)
    if not total or (capped and total <= budget):
        return list(urgencies)
    return [amount * budget / total for amount in urgencies]


def after(owed: Owed, cost: Fraction, paid: Fraction) -> Owed:
    """Give the queues after a round. Both fall by all that was actually paid."""
    return Owed(
        regret=max(Fraction(0), owed.regret + cost - paid),
        wait=max(Fraction(0), owed.wait + owed.growth - paid),
        mean_cost=owed.mean_cost,
    )


@mechanism(
    claims=(Property.WBB, Property.SYM, Property.SCALE),
    needs=(Need.CONTRIBUTIONS, Need.BIDS, Need.HISTORY),
    model=Model(money=frozenset({"worth"}), sunk=True),
)
def fli(
    round_: RoundInput,
    /,
    *,
    worth: int = 10**6,
    weight: Fraction = Fraction(1),
    capped: int = 0,
) -> Outcome:
    """Pay contributions and costs in instalments, by what is owed and for how long.

    The outcome's history is the next round's. Costs are the bids of the round, taken as
    stated: who overstates them is paid more, and no truth is promised. Costs have been borne
    whether they are paid back now, later or never, so a round can leave a member with a loss; and
    who states a cost is owed it, whether its work is of use or not.

    Args:
        round_: The round; queues are those of its history.
        worth: Base units that a unit of the metric is worth.
        weight: How much contributions count beside costs (omega).
        capped: 1 to keep what is beyond everybody's due in the reserve, 0 to share it too.

    Source: Yu et al. (2020), with the signs and factors of their book's chapter put right.
    Cost: One pass.
    """
    at_least(1, worth=worth)
    positive(weight=weight)
    n = len(round_.participants)
    costs = [
        Fraction(bid.cost) if bid is not None and name not in round_.ineligible else Fraction(0)
        for bid, name in zip(round_.bids, round_.participants, strict=True)
    ]
    before, times = _queues(round_, costs)
    brought = [Fraction(worth * counted, NANO) for counted in round_.counted]
    urgencies = [
        Fraction(0) if name in round_.ineligible else urgency(owed, made, cost, weight)
        for owed, made, cost, name in zip(before, brought, costs, round_.participants, strict=True)
    ]
    dues = instalment(urgencies, Fraction(round_.budget), capped=bool(capped))
    paid = pay(round_, dues)
    left = [after(before[i], costs[i], Fraction(paid.payments[i])) for i in range(n)]
    history = replace(
        round_.history,
        regrets=tuple(owed.regret for owed in left),
        waits=tuple(owed.wait for owed in left),
        mean_costs=tuple(owed.mean_cost for owed in left),
        times=times,
    )
    return replace(paid, history=history)


def _queues(round_: RoundInput, costs: Sequence[Fraction]) -> tuple[list[Owed], tuple[int, ...]]:
    """Give everybody's queues with this round's cost in the mean, and how many costs there were."""
    past, zeros = round_.history, (Fraction(0),) * len(costs)
    regrets, waits = past.regrets or zeros, past.waits or zeros
    means, counts = past.mean_costs or zeros, past.times or (0,) * len(costs)
    times = tuple(count + (cost > 0) for count, cost in zip(counts, costs, strict=True))
    owed = []
    for i, cost in enumerate(costs):
        mean = (means[i] * counts[i] + cost) / times[i] if cost > 0 else means[i]
        owed.append(Owed(regrets[i], waits[i], mean))
    return owed, times
