"""Scoring auctions: what a member's quality is worth to the buyer, less what it asks.

The highest scores win. Paid by its own ask, a member shades it; paid by the first losing
score, it has no reason to.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

from fedmerit.incentives.mechanisms.market import at_least, entered, positive, spread, whole_work
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import pay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.incentives.payments import Outcome, RoundInput


def best_scores(scores: Mapping[int, int], winners: int) -> tuple[list[int], int]:
    """Give the highest scores that are not negative, and the first losing one (0 if none)."""
    order = sorted((i for i in scores if scores[i] >= 0), key=lambda i: -scores[i])
    return order[:winners], scores[order[winners]] if len(order) > winners else 0


def shading(surplus: Fraction, *, bidders: int, winners: int) -> Fraction:
    """Give how much more than its cost a member asks in a first-score auction.

    In the symmetric equilibrium of *bidders* whose surpluses (worth to the buyer less cost)
    are independent and uniform on [0, 1]: the integral of the chance to win, up to the own
    surplus, over that chance.

    Args:
        surplus: The member's own, 0 to 1.
        bidders: How many there are.
        winners: How many win.
    """
    if surplus <= 0:
        return Fraction(0)
    if bidders <= winners:
        return surplus
    losers = bidders - winners
    # The chance that `losers` of the others or more lie below, and its mean up to the surplus.
    here = _at_least(losers, bidders - 1, surplus)
    below = Fraction(losers, bidders) * _at_least(losers + 1, bidders, surplus)
    return surplus - below / here


def _at_least(least: int, draws: int, chance: Fraction) -> Fraction:
    """Give the chance that *least* of so many draws or more come out."""
    above, of = chance.numerator, chance.denominator
    terms = (
        comb(draws, k) * above**k * (of - above) ** (draws - k) for k in range(least, draws + 1)
    )
    return Fraction(sum(terms), of**draws)


@mechanism(
    claims=(Property.DSIC, Property.IR, Property.WBB, Property.SYM, Property.MONO, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(money=frozenset({"worth"})),
)
def second_score(round_: RoundInput, /, *, winners: int = 2, worth: int = 10**6) -> Outcome:
    """Buy the best scores, and pay each up to the first losing one.

    A winner is paid its worth to the buyer less the first losing score, at most an equal
    share of the budget; asks above that share are not bought.

    Args:
        round_: The round.
        winners: Lots to buy at most.
        worth: Base units that a point of quality is worth to the buyer.

    Source: Che (1993); for federated learning, FMore (Zeng et al., 2020).
    Cost: One sort.
    """
    at_least(1, winners=winners, worth=worth)
    ceiling = Fraction(round_.budget, winners)
    bids = {i: bid for i, bid in entered(round_).items() if bid.cost <= ceiling}
    scores = {i: worth * bid.quality - bid.cost for i, bid in bids.items()}
    bought, losing = best_scores(scores, winners)
    dues = {i: min(Fraction(worth * bids[i].quality - losing), ceiling) for i in bought}
    return pay(round_, spread(round_, dict(dues)), work=whole_work(round_, bought))


@mechanism(
    claims=(
        Claim(Property.BNIC, (Condition.BELIEVED,)),
        Property.IR,
        Property.WBB,
        Claim(Property.SYM, (Condition.UNTIED,)),
        Property.MONO,
        Property.SCALE,
    ),
    needs=(Need.BIDS,),
    model=Model(money=frozenset({"worth", "span"})),
)
def first_score(
    round_: RoundInput, /, *, winners: int = 2, worth: int = 10**6, span: int = 10**6
) -> Outcome:
    """Buy the best scores, and pay each what it would have asked in equilibrium.

    A pay-as-bid auction, played for its members: each states its cost, and the mechanism
    asks what is best for it if everybody's surplus is uniform on 0 to *span*. Truthful on
    average under that belief and no other: where it is wrong, members have better asks. An
    equal share of the budget caps each payment; the budget must leave room for the belief.

    Args:
        round_: The round.
        winners: Lots to buy at most.
        worth: Base units that a point of quality is worth to the buyer.
        span: The largest surplus there is, in base units.

    Source: FMore (Zeng et al., 2020), in the style of; Che (1993) for the equilibrium.
    Cost: One sort, and a sum over bidders for each winner.
    """
    at_least(1, winners=winners, worth=worth)
    positive(span=span)
    bids = entered(round_)
    ceiling = Fraction(round_.budget, winners)
    scores = {i: worth * bid.quality - bid.cost for i, bid in bids.items() if bid.cost <= ceiling}
    bought, _ = best_scores(scores, winners)
    dues: dict[int, float | Fraction] = {}
    for i in bought:
        share = min(Fraction(scores[i], span), Fraction(1))
        shaded = span * shading(share, bidders=len(bids), winners=winners)
        dues[i] = min(bids[i].cost + shaded, ceiling)
    return pay(round_, spread(round_, dues), work=whole_work(round_, bought))
