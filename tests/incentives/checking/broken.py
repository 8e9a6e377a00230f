"""Mechanisms that break what they claim, one for each property; the checker must see it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import exp, sqrt
from types import MappingProxyType

import numpy as np

from fedmerit.coalitions import every_coalition
from fedmerit.incentives import Outcome, RoundInput, apportion
from fedmerit.incentives.checking import Setting
from fedmerit.incentives.mechanisms import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.coalitions import table
from fedmerit.incentives.mechanisms.copying import robust_shapley
from fedmerit.incentives.mechanisms.extraction import cremer_mclean
from fedmerit.incentives.mechanisms.market import entered, spread, whole_work
from fedmerit.incentives.mechanisms.proportional import data_size
from fedmerit.incentives.mechanisms.rounding import divide, outcome, pay
from fedmerit.incentives.mechanisms.sensing import msensing
from fedmerit.incentives.mechanisms.sharing import banzhaf, shapley
from fedmerit.incentives.mechanisms.staking import signed_stakes
from fedmerit.incentives.methods.enumeration import shapley_of_table
from fedmerit.incentives.offers import Bid


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
    worths = table(round_).worths
    alone = worths[1 << np.arange(len(round_.participants))]
    return divide(round_, (worths.max() + 1 - alone).tolist())


@mechanism(claims=[Property.SCALE], needs=[Need.CONTRIBUTIONS])
def counts_in_units(round_: RoundInput, /) -> Outcome:
    """Pay by value beyond one unit of the metric."""
    return divide(round_, [Fraction(max(0, each - 10**9)) for each in round_.counted])


@mechanism(claims=[Property.DSIC], needs=[Need.BIDS], model=Model(divisible=True))
def finds_out_too_late(round_: RoundInput, /) -> Outcome:
    """Pay a million a unit for all that is offered, and find out after it that it cannot."""
    dues = {i: Fraction(10**6 * bid.capacity) for i, bid in entered(round_).items()}
    return pay(round_, spread(round_, dues), work=whole_work(round_, dues))


@mechanism(claims=[], needs=[Need.BIDS], model=Model(divisible=True))
def asks_too_much(round_: RoundInput, /) -> Outcome:
    """Announce twice what anybody offers."""
    work = tuple(2 * units for units in whole_work(round_, entered(round_)))
    return pay(round_, spread(round_, {}), work=work)


@mechanism(claims=[Property.SCALE], needs=[Need.GAME])
def rounds_on_a_grid(round_: RoundInput, /) -> Outcome:
    """Pay by worths alone, rounded to a billionth of the metric."""
    worths, unit = table(round_)
    alone = (unit * int(worths[1 << i]) for i in range(len(round_.participants)))
    return divide(round_, [Fraction(max(0, round(worth * 10**9))) for worth in alone])


@mechanism(claims=[Property.SCALE], needs=[Need.GAME])
def believes_the_last_bit(round_: RoundInput, /) -> Outcome:
    """Pay alike whoever a sum of floats makes worth more than 0."""
    n = len(round_.participants)
    values = shapley_of_table(round_.game.worth(every_coalition(n)))
    return divide(round_, [Fraction(int(value > 0)) for value in values])


@mechanism(claims=[Property.SYM], needs=[Need.BIDS])
def pays_the_first_of_equals(round_: RoundInput, /) -> Outcome:
    """Pay half of the budget to the cheapest, of equal ones to the first."""
    asks = {i: bid.cost for i, bid in entered(round_).items()}
    best = sorted(asks, key=asks.get)[:1]
    return pay(round_, spread(round_, dict.fromkeys(best, Fraction(round_.budget, 2))))


@mechanism(claims=[Property.SBB], needs=[Need.CONTRIBUTIONS])
def needs_a_rival(round_: RoundInput, /) -> Outcome:
    """Pay by value, and nobody who is alone."""
    if len(round_.participants) == 1:
        return pay(round_, [Fraction(0)])
    return divide(round_, round_.counted)


@mechanism(claims=[Property.SYM], needs=[Need.CONTRIBUTIONS])
def counts_to_ten(round_: RoundInput, /) -> Outcome:
    """Pay the first ten by value."""
    return divide(round_, [value * (i < 10) for i, value in enumerate(round_.counted)])


@mechanism(claims=[Property.SBB], needs=[Need.CONTRIBUTIONS])
def pays_in_floats(round_: RoundInput, /) -> Outcome:
    """Pay the whole budget, as far as a float holds it."""
    paid = apportion([max(1, value) for value in round_.counted], round_.budget)
    return outcome(round_, [min(each, int(float(each))) for each in paid])


@mechanism(claims=[Property.REPLICATION], needs=[Need.GAME])
def praised_banzhaf(round_: RoundInput, /) -> Outcome:
    """Pay Banzhaf values, and promise that they defy copies that overlap, too."""
    return banzhaf(round_)


@mechanism(claims=[Property.REPLICATION], needs=[Need.GAME, Need.UPDATES])
def praised_robust_shapley(round_: RoundInput, /) -> Outcome:
    """Discount what looks alike, and promise that it knows copies that send something else."""
    return robust_shapley(round_)


@mechanism(claims=[Property.SYBIL], needs=[Need.ROWS])
def praised_data_size(round_: RoundInput, /) -> Outcome:
    """Pay by rows, and promise that nobody declares the same ones twice."""
    return data_size(round_)


@mechanism(claims=[Property.MONO], needs=[Need.CONTRIBUTIONS, Need.STAKES])
def praised_stakes(round_: RoundInput, /) -> Outcome:
    """Charge harm, and promise that more value is never less pay."""
    return signed_stakes(round_)


@mechanism(claims=[Property.DSIC], needs=[Need.BIDS, Need.GAME], model=msensing.model)
def praised_sensing(round_: RoundInput, /) -> Outcome:
    """Buy greedily, and promise that complements make no lie worth it."""
    return msensing(round_)


@mechanism(claims=[Property.EFF], needs=[Need.BIDS, Need.STAKES], model=cremer_mclean.model)
def sells_to_a_type(round_: RoundInput, /) -> Outcome:
    """Give the model to the first whose value is nearer to 2 than to 1, or to the first."""
    bids = entered(round_)
    high = [i for i, bid in bids.items() if 2 * bid.cost >= 3 * 10**6]
    work = [Fraction(i == (high or [*bids, None])[0]) for i in range(len(round_.bids))]
    return pay(round_, [Fraction(0)] * len(work), work=tuple(work))


@mechanism(claims=[Property.IR], needs=[Need.BIDS])
def pays_most_of_the_budget(round_: RoundInput, /) -> Outcome:
    """Buy the cheapest lot that the budget covers for nine tenths of the budget."""
    asks = {i: bid.cost for i, bid in entered(round_).items() if bid.cost <= round_.budget}
    bought = sorted(asks, key=asks.get)[:1]
    dues = {i: Fraction(9 * round_.budget, 10) for i in bought}
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))


@mechanism(claims=[Property.DSIC], needs=[Need.BIDS])
def rewards_ties(round_: RoundInput, /) -> Outcome:
    """Buy from the cheapest at the second price, and give whoever ties with it a tenth of that."""
    asks = {i: bid.cost for i, bid in entered(round_).items()}
    order = sorted(asks, key=asks.get)
    if len(order) < 2 or asks[order[1]] > round_.budget // 2:
        return pay(round_, spread(round_, {}), work=whole_work(round_, []))
    dues = {order[0]: Fraction(asks[order[1]])}
    if asks[order[0]] == asks[order[1]]:
        dues[order[1]] = Fraction(asks[order[1]], 10)
    return pay(round_, spread(round_, dues), work=whole_work(round_, order[:1]))


def of_two(worths, costs, budget):
    """Give a sampler of one setting of two, with worths of nobody, a, b and both."""
    setting = Setting(
        worths=np.array(worths, float),
        rows=(1, 1),
        half_widths=(0, 0),
        budget=budget,
        bids=tuple(Bid(cost=cost) for cost in costs),
        stakes=(0, 0),
        updates=np.zeros((2, 5)),
    )
    return lambda _rng: setting


def last_bits(rng):
    """Draw the game in which a sum of floats makes 5.6e-17 of nothing."""
    worths = np.array([0.0, 1, 2, 2, 1, 2, 1, 1])
    setting = of_two(worths[:4], (0, 0), 10**6)(rng)
    return setting.regrouped([0, 1, 0], worths)


#: Each with the property that it breaks, and the settings to try it in: of a mechanism, if any.
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
        finds_out_too_late: (Property.DSIC, ""),
        asks_too_much: (Property.CONSERVATION, ""),
        rounds_on_a_grid: (Property.SCALE, ""),
        believes_the_last_bit: (Property.SCALE, last_bits),
        pays_the_first_of_equals: (Property.SYM, ""),
        needs_a_rival: (Property.SBB, ""),
        counts_to_ten: (Property.SYM, ""),
        pays_in_floats: (Property.SBB, ""),
        praised_banzhaf: (Property.REPLICATION, ""),
        praised_robust_shapley: (Property.REPLICATION, ""),
        praised_data_size: (Property.SYBIL, ""),
        praised_stakes: (Property.MONO, ""),
        # Without i, x would be worth less to it: asked 14, x is paid for, and i no longer is.
        praised_sensing: (Property.DSIC, of_two((0, 5, 1, 15), (3_500_000, 500_000), 15 * 10**6)),
        sells_to_a_type: (Property.EFF, "cremer-mclean"),
        pays_most_of_the_budget: (Property.IR, ""),
        rewards_ties: (Property.DSIC, ""),
    }
)
