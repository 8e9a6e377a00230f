"""Work that is agreed before anybody trains: who does which part of its local steps, at what pay.

Offers are then known from the start, and what they come to decides how much each trains. Who
does not deliver is paid nothing, and what the others agreed to stays as it was. That a member took
its steps is seen only by whoever trains again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fedmerit.incentives import MECHANISMS, Estimate, RoundInput
from fedmerit.incentives.offers import Bid
from fedmerit.stages.offering import stated
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.bundle.schemas import OfferDocument
    from fedmerit.incentives import Outcome
    from fedmerit.scenario.model import Scenario


def agreed_round(
    scenario: Scenario, declared: Mapping[str, int], counted: Mapping[str, int]
) -> RoundInput | None:
    """Give the round that work is agreed in; None where the mechanism buys what is done.

    Args:
        scenario: What is run.
        declared: Rows that each declares, in order.
        counted: The same, with rows that several hold counted once.
    """
    if not MECHANISMS[scenario.reward.mechanism].model.agreed_first:
        return None
    names = tuple(declared)
    order = generator(scenario.seed, "ties").permutation(len(names)).tolist()
    return RoundInput(
        participants=names,
        contributions=(Estimate(0, 0),) * len(names),
        rows=tuple(counted.values()),
        budget=scenario.reward.budget,
        bids=tuple(
            bid_of(offer, counted[offer.name]) if counted[offer.name] else None
            for offer in stated(scenario, declared)
        ),
        parameters=scenario.reward.parameters,
        order=tuple(order),
    )


def agreed_parts(
    scenario: Scenario, declared: Mapping[str, int], counted: Mapping[str, int]
) -> dict[str, float] | None:
    """Give which part of its local steps each agreed to take; None where all take all.

    Raises:
        RewardError: The mechanism refuses the offers.
    """
    round_ = agreed_round(scenario, declared, counted)
    if round_ is None:
        return None
    work = MECHANISMS[scenario.reward.mechanism](round_).work
    offered = stated(scenario, declared)
    return {
        offer.name: float(units / offer.units) for offer, units in zip(offered, work, strict=True)
    }


def without_pay(outcome: Outcome, unpaid: frozenset[str]) -> Outcome:
    """Give what was agreed, with the pay of those who did not deliver in the reserve."""
    payments = tuple(
        0 if name in unpaid else paid
        for name, paid in zip(outcome.participants, outcome.payments, strict=True)
    )
    kept = sum(outcome.payments) - sum(payments)
    return replace(outcome, payments=payments, reserve=outcome.reserve + kept)


def bid_of(offer: OfferDocument, rows: int, *, quality: int = 1) -> Bid:
    """Give an offer as mechanisms take it: of no more than *rows*, for that part of the cost."""
    units = min(offer.units, rows)
    return Bid(cost=-(-offer.cost * units // offer.units), capacity=units, quality=quality)
