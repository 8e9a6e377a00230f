"""Offers of a run: stated in the scenario, sealed in the draw, opened when all are in.

A run trains before offers are opened, so what is bought is the use of what a member brought.
Each asks under the seal that also binds it to its updates; whoever does not open is out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.bundle.schemas import BIDS, BidsDocument, OfferDocument
from fedmerit.chain.proofs.sealing import SealedBid
from fedmerit.errors import BidError, Deficit, RewardError, ScenarioError, Underfunded
from fedmerit.incentives import MECHANISMS, NANO, Estimate, RoundInput, TableGame
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.methods import choice
from fedmerit.incentives.offers import Bid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.bundle.directory import Bundle
    from fedmerit.scenario.model import Scenario

#: Methods that measure every coalition.
_WHOLE: Final = frozenset({"auto", "exact"})


def asks(scenario: Scenario) -> bool:
    """Say whether the mechanism of *scenario* decides by what members ask."""
    return Need.BIDS in MECHANISMS[scenario.reward.mechanism].needs


def check_offers(scenario: Scenario, declared: Mapping[str, int]) -> None:
    """Find out before the training what would keep the mechanism from deciding after it.

    Args:
        scenario: What is to be run; its mechanism is one that runs can settle.
        declared: Rows that each participant declares, in order.

    Raises:
        BidError: An offer is missing, or of more than its member declares.
        ScenarioError: Nobody is asked for offers, nothing would seal them, or not every
            coalition is measured where the mechanism looks at each.
        RewardError: The mechanism has no such setting, or one is missing or impossible.
    """
    chosen = MECHANISMS[scenario.reward.mechanism]
    if Need.GAME in chosen.needs:
        _check_table(scenario, len(declared))
    if asks(scenario):
        _check_stated(scenario, declared)
    elif scenario.offers:
        raise ScenarioError(
            f"{', '.join(scenario.offers)} offer something, and {chosen.name} asks for no offers",
            hint="Choose a mechanism that buys, such as 'uniform-price', or leave 'offer' out.",
        )
    if Need.HISTORY not in chosen.needs:
        _check_forgotten(scenario)
    _check_settings(scenario, declared)


def sealed(
    scenario: Scenario, declared: Mapping[str, int], updates: Sequence[bytes]
) -> tuple[bytes, ...]:
    """Give what each binds itself to in the draw: its updates, and its offer if it is asked.

    Args:
        scenario: What is run.
        declared: Rows that each participant declares, in order.
        updates: 32 bytes of each: the digest of its updates.
    """
    if not asks(scenario):
        return tuple(updates)
    return tuple(
        SealedBid(cost=offer.cost, units=offer.units, updates=each).digest
        for offer, each in zip(stated(scenario, declared), updates, strict=True)
    )


def stated(scenario: Scenario, declared: Mapping[str, int]) -> tuple[OfferDocument, ...]:
    """Give what everybody offers, in the order of *declared*."""
    offers = scenario.offers
    return tuple(
        OfferDocument(name=name, cost=offers[name].asked, units=offers[name].units or rows)
        for name, rows in declared.items()
    )


def write_bids(bundle: Bundle, declared: Mapping[str, int], opened: Mapping[str, str]) -> None:
    """Write down the offers of those that *opened* theirs, if offers were asked for."""
    if asks(bundle.scenario):
        offers = stated(bundle.scenario, declared)
        seen = BidsDocument(offers=tuple(offer for offer in offers if offer.name in opened))
        bundle.write_document(BIDS, seen)


def opened_bids(bundle: Bundle) -> dict[str, OfferDocument] | None:
    """Give the offers that were opened, by name; None if none were asked for."""
    if not asks(bundle.scenario):
        return None
    return {offer.name: offer for offer in bundle.document(BIDS, BidsDocument).offers}


def _check_forgotten(scenario: Scenario) -> None:
    if known := [member.name for member in scenario.members if member.reputation is not None]:
        raise ScenarioError(
            f"{', '.join(known)} have a reputation, and {scenario.reward.mechanism} looks at none",
            hint="Choose a mechanism that does, such as 'reputation-price', or leave it out.",
        )


def _check_table(scenario: Scenario, n: int) -> None:
    asked = scenario.valuation
    method = choice(n, asked.max_coalitions)[0] if asked.method == "auto" else asked.method
    if asked.method not in _WHOLE or method != "exact":
        raise ScenarioError(
            f"{scenario.reward.mechanism} looks at all 2**{n} coalitions, and {method!r} with a "
            f"max_coalitions of {asked.max_coalitions} does not measure them all",
            hint=f"Set method = 'exact' and max_coalitions = {2**n} or more below [valuation], or "
            "choose another mechanism.",
        )


def _check_stated(scenario: Scenario, declared: Mapping[str, int]) -> None:
    name, offers = scenario.reward.mechanism, scenario.offers
    if not scenario.settlement.commit_window:
        raise ScenarioError(
            f"{name} asks for offers, and nothing seals them: settlement.commit_window is 0",
            hint="Give both windows and a stake: offers are sealed in the draw.",
        )
    if missing := [member for member in declared if member not in offers]:
        raise BidError(
            f"{name} asks everybody for an offer, and {', '.join(missing)} make none",
            hint=f'Add offer = {{ cost = ... }} below name = "{missing[0]}", in base units.',
        )
    for member, rows in declared.items():
        units = offers[member].units or rows
        if units > rows:
            raise BidError(
                f"{member!r} offers the use of {units} rows and declares {rows}",
                hint=f"Set units = {rows} or less, or leave it out: what is offered is counted.",
            )


def _check_settings(scenario: Scenario, declared: Mapping[str, int]) -> None:
    """Try the mechanism out on members of equal value, before anything is measured."""
    chosen, given = MECHANISMS[scenario.reward.mechanism], scenario.reward.parameters
    names = tuple(declared)
    rehearsal = RoundInput(
        participants=names,
        contributions=(Estimate(NANO, 0),) * len(names),
        rows=tuple(declared.values()),
        budget=scenario.reward.budget,
        bids=tuple(
            Bid(cost=offer.cost, capacity=offer.units) for offer in stated(scenario, declared)
        )
        if asks(scenario)
        else (),
        game=TableGame(names, {}) if Need.GAME in chosen.needs else None,
        parameters=given,
    )
    chosen.settings(rehearsal)  # before the next: a misspelt setting is why another is missing
    # A default amount is of a small market in small units; none is none in any.
    amounts = {name for name in chosen.model.money if chosen.defaults[name]}
    if unsaid := sorted(amounts - given.keys()):
        raise RewardError(
            f"{chosen.name} needs to know {', '.join(unsaid)}, which the scenario does not say",
            hint=f"Add {unsaid[0]} = ... below [reward.settings]: see its section of "
            "docs/reference/mechanisms.md.",
        )
    try:
        chosen(rehearsal)
    except Underfunded:
        if not chosen.needs & {Need.GAME, Need.CONTRIBUTIONS}:
            raise  # it depends on rows and settings alone, and all of those are known
    except Deficit:
        return  # what is owed depends on values that are still to be measured
