"""Reverse auctions: members ask, the cheapest sell, and nobody's price is its own.

What a winner is paid is its critical bid, the highest at which it would still have won;
with an allocation that a lower bid never leaves, that makes the truth a dominant strategy
(Myerson, 1981). Prices are capped so that the budget holds whatever is bid.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.mechanisms.market import at_least, entered, spread, whole_work
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import pay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.incentives.payments import Outcome, RoundInput

_TRUTHFUL: Final = (
    Property.DSIC,
    Property.IR,
    Property.WBB,
    Property.SYM,
    Property.MONO,
    Property.SCALE,
)
#: The winners' positions and what each is paid.
Prices = dict[int, Fraction]


def lowest_asks(
    asks: Mapping[int, Fraction], winners: int, ceiling: Fraction | None
) -> tuple[list[int], Fraction | None]:
    """Give the lowest asks that the ceiling allows, and the highest that would have won.

    Args:
        asks: By position; of equal ones the first comes first.
        winners: How many are bought at most.
        ceiling: Nothing above it is bought; None for no limit.

    Returns:
        The winners' positions, and the price that the first loser or the ceiling sets; None
        if nothing limits it.
    """
    allowed = [i for i in asks if ceiling is None or asks[i] <= ceiling]
    order = sorted(allowed, key=asks.__getitem__)
    if len(order) > winners:
        return order[:winners], asks[order[winners]]
    return order, ceiling


def budget_feasible(
    asks: Mapping[int, int], qualities: Mapping[int, int], budget: int | Fraction
) -> tuple[Prices, int | None]:
    """Buy the best quality for its price as long as all could be paid alike for theirs.

    The longest beginning of the asks in order of ``ask / quality`` whose last is at most its
    share of the budget by quality; each is paid its quality times the smaller of
    ``budget / bought quality`` and the first loser's price.

    Args:
        asks: Base units, by position.
        qualities: Points, by position.
        budget: Base units.

    Returns:
        What each winner is paid, in order of winning, and the first loser.
    """
    order = sorted(asks, key=lambda i: Fraction(asks[i], qualities[i]))
    won, bought = 0, 0
    for i in order:
        if asks[i] * (bought + qualities[i]) > qualities[i] * budget:
            break
        won, bought = won + 1, bought + qualities[i]
    if not won:
        return {}, order[0] if order else None
    price = Fraction(budget) / bought
    loser = order[won] if won < len(order) else None
    if loser is not None:
        price = min(price, Fraction(asks[loser], qualities[loser]))
    return {i: qualities[i] * price for i in order[:won]}, loser


@mechanism(claims=_TRUTHFUL, needs=(Need.BIDS,))
def uniform_price(round_: RoundInput, /, *, winners: int = 2) -> Outcome:
    """Buy from the cheapest, and pay each of them the first losing ask.

    Asks above an equal share of the budget are not bought. The same as VCG for equal lots.
    Fails whoever owns several lots: it may keep one back to raise the price of the others.

    Args:
        round_: The round.
        winners: Lots to buy at most.

    Source: Vickrey (1961).
    Cost: One sort.
    """
    at_least(1, winners=winners)
    asks = {i: Fraction(bid.cost) for i, bid in entered(round_).items()}
    bought, price = lowest_asks(asks, winners, Fraction(round_.budget, winners))
    dues = spread(round_, dict.fromkeys(bought, price or Fraction(0)))
    return pay(round_, dues, work=whole_work(round_, bought))


@mechanism(
    claims=(Property.IR, Property.WBB, Property.SYM, Property.MONO, Property.SCALE),
    needs=(Need.BIDS,),
)
def pay_as_bid(round_: RoundInput, /, *, winners: int = 2) -> Outcome:
    """Buy from the cheapest, and pay each of them what it asks.

    Fails whoever asks for no more than its cost: it is left nothing, so nobody does, and what
    members ask is what they expect of the others. Nobody is asked for a belief here;
    `first-score` has one, and asks in its members' place.

    Args:
        round_: The round.
        winners: Lots to buy at most; asks above an equal share of the budget are not bought.

    Source: The usual first-price procurement auction.
    Cost: One sort.
    """
    at_least(1, winners=winners)
    asks = {i: Fraction(bid.cost) for i, bid in entered(round_).items()}
    bought, _ = lowest_asks(asks, winners, Fraction(round_.budget, winners))
    dues = spread(round_, {i: asks[i] for i in bought})
    return pay(round_, dues, work=whole_work(round_, bought))


@mechanism(claims=_TRUTHFUL, needs=(Need.BIDS, Need.HISTORY))
def reputation_price(round_: RoundInput, /, *, winners: int = 2) -> Outcome:
    """Buy where the ask is lowest for the reputation, at the first loser's such price.

    A winner of reputation r is paid r times the first losing ``ask / reputation``, capped
    so that the most reputable winners together fit the budget. Members without a history
    have reputation 1. Truthful in asks only: reputations are taken as given, and who can
    shed one by a new name will.

    Args:
        round_: The round; reputations are those of its history.
        winners: Lots to buy at most.

    Source: In the style of RRAFL (Zhang et al., 2021); prices derived from critical bids.
    Cost: One sort.
    """
    at_least(1, winners=winners)
    trust = dict(enumerate(round_.history.reputations))
    bids = entered(round_)
    asks = {i: bid.cost / Fraction(trust.get(i, 1)) for i, bid in bids.items()}
    most = sum(sorted((trust.get(i, Fraction(1)) for i in bids), reverse=True)[:winners])
    bought, price = lowest_asks(asks, winners, Fraction(round_.budget) / most if most else None)
    dues = {i: trust.get(i, Fraction(1)) * (price or 0) for i in bought}
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))


@mechanism(claims=_TRUTHFUL, needs=(Need.BIDS,))
def proportional_share(round_: RoundInput, /) -> Outcome:
    """Buy as much quality as the budget can pay for alike, at critical prices.

    Never owes more than the budget, whatever is bid. The price of that is quality: it buys
    at least a third, roughly, of what the budget could buy from members it could see into,
    as long as no single one is most of it.

    Source: Singer (2010).
    Cost: One sort.
    """
    bids = entered(round_)
    asks = {i: bid.cost for i, bid in bids.items()}
    qualities = {i: bid.quality for i, bid in bids.items()}
    paid, _ = budget_feasible(asks, qualities, round_.budget)
    return pay(round_, spread(round_, dict(paid)), work=whole_work(round_, paid))


@mechanism(
    claims=(Property.DSIC, Property.IR, Property.WBB, Property.MONO, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(by_arrival=True),
)
def online(round_: RoundInput, /) -> Outcome:
    """Watch the first half of those who come, then offer the rest a price, take it or leave it.

    The price for a point of quality is what the budget-feasible auction with half the budget
    would have paid the first half; whoever comes later and asks for no more is bought while
    money lasts. Nobody can move its own price. Fails those who come first: they are never
    bought, so members who can choose when to come will wait.

    Source: In the style of Badanidiyuru, Kleinberg and Singer (2012).
    Cost: One sort.
    """
    bids = entered(round_)
    watched = list(bids)[: len(bids) // 2]
    paid, _ = budget_feasible(
        {i: bids[i].cost for i in watched},
        {i: bids[i].quality for i in watched},
        Fraction(round_.budget, 2),
    )
    quality = sum(bids[i].quality for i in paid)
    price = Fraction(sum(paid.values()), quality) if quality else Fraction(0)
    if not watched and bids:  # nobody to learn from: one comes, and is offered everything
        price = Fraction(round_.budget, next(iter(bids.values())).quality)
    dues: Prices = {}
    left = Fraction(round_.budget)
    for i, bid in list(bids.items())[len(watched) :]:
        offer = bid.quality * price
        if bid.cost <= offer <= left:
            dues[i] = offer
            left -= offer
    return pay(round_, spread(round_, dict(dues)), work=whole_work(round_, dues))
