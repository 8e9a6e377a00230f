"""Mechanisms that break what they claim, one for each property; the checker must see it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import exp, sqrt
from types import MappingProxyType

import numpy as np

from fedmerit.incentives import Outcome, RoundInput, apportion
from fedmerit.incentives.mechanisms import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.coalitions import table
from fedmerit.incentives.mechanisms.market import entered, spread, whole_work
from fedmerit.incentives.mechanisms.rounding import divide, outcome, pay
from fedmerit.incentives.mechanisms.sharing import shapley


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked(Outcome):
    """An outcome that nobody checks."""

    def __post_init__(self):
        pass


@mechanism(needs=[Need.CONTRIBUTIONS])
def loses_a_unit(round_: RoundInput, /) -> Outcome:
    """Round every share down, and forget what is left over."""
    total = sum(round_.counted) or 1
    paid = tuple(round_.budget * each // total for each in round_.counted)
    zeros = (0,) * len(paid)
    return Unchecked(
        participants=round_.participants,
        budget=round_.budget,
        payments=paid,
        slashes=zeros,
        reserve=0,
    )


@mechanism(needs=[])
def pays_the_ineligible(round_: RoundInput, /) -> Outcome:
    """Pay everyone, whoever is ineligible."""
    return outcome(round_, apportion([1] * len(round_.participants), round_.budget))


@mechanism(claims=[Property.DSIC], needs=[Need.BIDS])
def pays_as_bid(round_: RoundInput, /) -> Outcome:
    """Buy the two cheapest lots, and pay each what it asks."""
    asks = {i: bid.cost for i, bid in entered(round_).items()}
    bought = sorted((i for i in asks if asks[i] <= round_.budget // 2), key=asks.get)[:2]
    dues = {i: Fraction(asks[i]) for i in bought}
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))


@mechanism(claims=[Property.DSIC], needs=[Need.BIDS])
def pays_the_winning_ask(round_: RoundInput, /) -> Outcome:
    """Buy the two cheapest lots, and pay both the dearer one's ask."""
    asks = {i: bid.cost for i, bid in entered(round_).items()}
    bought = sorted((i for i in asks if asks[i] <= round_.budget // 2), key=asks.get)[:2]
    price = max((asks[i] for i in bought), default=0)
    dues = dict.fromkeys(bought, Fraction(price))
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))


@mechanism(claims=[Property.BNIC], needs=[Need.BIDS])
def first_price(round_: RoundInput, /) -> Outcome:
    """Pay as bid, and tell members that the truth is their best ask."""
    return pays_as_bid(round_)


def _contest(round_, efforts, member):
    total = sum(efforts)
    cost = float(round_.bids[member].unit_cost) * efforts[member]
    return round_.budget * efforts[member] / total - cost if total else 0.0


@mechanism(claims=[Property.NASH], needs=[Need.BIDS], model=Model(payoff=_contest))
def clipped_contest(round_: RoundInput, /) -> Outcome:
    """Announce the efforts of a contest in which all are active, negative ones as none."""
    costs = [1e99 if bid is None else float(bid.unit_cost) for bid in round_.bids]
    n, total = len(costs), sum(costs)
    if n == 1:
        return pay(round_, [Fraction(0)], work=(Fraction(0),))
    scale = (n - 1) * round_.budget / total
    efforts = [max(0.0, scale * (1 - (n - 1) * cost / total)) for cost in costs]
    return divide(round_, efforts, work=tuple(map(Fraction, efforts)))


@mechanism(claims=[Property.IR], needs=[Need.BIDS])
def haggles(round_: RoundInput, /) -> Outcome:
    """Buy the cheapest lot for nine tenths of its ask."""
    asks = {i: bid.cost for i, bid in entered(round_).items() if bid.cost <= round_.budget}
    bought = sorted(asks, key=asks.get)[:1]
    dues = {i: Fraction(9 * asks[i], 10) for i in bought}
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))


@mechanism(claims=[Property.WBB], needs=[Need.BIDS])
def buys_on_credit(round_: RoundInput, /) -> Outcome:
    """Buy every lot at the dearest ask, whatever the budget."""
    asks = {i: bid.cost for i, bid in entered(round_).items()}
    dues = dict.fromkeys(asks, Fraction(max(asks.values(), default=0)))
    return pay(round_, spread(round_, dues), work=whole_work(round_, asks))


def _little(_round, work):
    return sqrt(sum(work))


@mechanism(claims=[Property.WBB], needs=[Need.BIDS], model=Model(income=_little))
def buys_for_nothing(round_: RoundInput, /) -> Outcome:
    """Spend the budget on work that brings next to nothing in."""
    return divide(round_, [1.0] * len(round_.bids), work=whole_work(round_, entered(round_)))


@mechanism(claims=[Property.SBB], needs=[Need.CONTRIBUTIONS])
def takes_a_fee(round_: RoundInput, /) -> Outcome:
    """Keep a hundredth."""
    total = sum(round_.counted) or 1
    return pay(
        round_, [Fraction(99 * round_.budget * each, 100 * total) for each in round_.counted]
    )


def _surplus(round_, work):
    values = sum(10**6 * bid.quality * (w > 0) for bid, w in zip(round_.bids, work, strict=True))
    costs = zip(round_.bids, work, strict=True)
    return float(values - sum(float(bid.unit_cost) * w for bid, w in costs))


@mechanism(claims=[Property.EFF], needs=[Need.BIDS], model=Model(welfare=_surplus))
def buys_the_cheapest(round_: RoundInput, /) -> Outcome:
    """Buy the two cheapest lots, whatever they are worth."""
    return pays_as_bid(round_)


@mechanism(claims=[Property.SYM], needs=[Need.CONTRIBUTIONS])
def favours_the_first(round_: RoundInput, /) -> Outcome:
    """Pay by value, the first member doubly."""
    first, *others = map(Fraction, round_.counted)
    return divide(round_, [2 * first, *others])


@mechanism(claims=[Property.NULL], needs=[Need.CONTRIBUTIONS])
def softmax(round_: RoundInput, /) -> Outcome:
    """Pay by exponentials of values: also whoever does harm."""
    return divide(round_, [exp(each.value / 5e9) for each in round_.contributions])


@mechanism(claims=[Property.NULL], needs=[Need.CONTRIBUTIONS])
def shifted(round_: RoundInput, /) -> Outcome:
    """Pay by values less the smallest: also whoever is worth nothing, if another does harm."""
    values = [each.value for each in round_.contributions]
    return divide(round_, [Fraction(value - min(values)) for value in values])


@mechanism(claims=[Property.ADD], needs=[Need.CONTRIBUTIONS])
def squares(round_: RoundInput, /) -> Outcome:
    """Pay by squares of values."""
    return divide(round_, [Fraction(each) ** 2 for each in round_.counted])


@mechanism(claims=[Property.CORE, Property.REPLICATION], needs=[Need.GAME])
def praised_shapley(round_: RoundInput, /) -> Outcome:
    """Pay Shapley values, and promise that they are in the core and defy copies."""
    return shapley(round_)


@mechanism(claims=[Property.SYBIL], needs=[])
def equal_split(round_: RoundInput, /) -> Outcome:
    """Pay everybody alike, and promise that nobody gains by joining twice."""
    return divide(round_, [1.0] * len(round_.participants))


@mechanism(claims=[Property.MONO], needs=[Need.GAME])
def levels(round_: RoundInput, /) -> Outcome:
    """Pay most to whoever is worth least alone."""
    worths = table(round_)
    alone = worths[1 << np.arange(len(round_.participants))]
    return divide(round_, (worths.max() + 1 - alone).tolist())


@mechanism(claims=[Property.SCALE], needs=[Need.CONTRIBUTIONS])
def counts_in_units(round_: RoundInput, /) -> Outcome:
    """Pay by value beyond one unit of the metric."""
    return divide(round_, [Fraction(max(0, each - 10**9)) for each in round_.counted])


#: Each with the property that it breaks, and the mechanism in whose settings to try it.
BROKEN = MappingProxyType(
    {
        loses_a_unit: (Property.CONSERVATION, ""),
        pays_the_ineligible: (Property.CONSERVATION, ""),
        pays_as_bid: (Property.DSIC, ""),
        pays_the_winning_ask: (Property.DSIC, ""),
        first_price: (Property.BNIC, "first-score"),
        clipped_contest: (Property.NASH, ""),
        haggles: (Property.IR, ""),
        buys_on_credit: (Property.WBB, ""),
        buys_for_nothing: (Property.WBB, ""),
        takes_a_fee: (Property.SBB, ""),
        buys_the_cheapest: (Property.EFF, ""),
        favours_the_first: (Property.SYM, ""),
        softmax: (Property.NULL, ""),
        shifted: (Property.NULL, ""),
        squares: (Property.ADD, ""),
        praised_shapley: (Property.CORE, ""),
        equal_split: (Property.SYBIL, ""),
        levels: (Property.MONO, ""),
        counts_in_units: (Property.SCALE, ""),
    }
)
