"""The reward stage: what the mechanism decides, from the bundle's recorded integers alone.

The audit decides again by the same function.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import (
    FEDERATION,
    OUTCOME,
    TRAINING,
    VALUATION,
    FederationDocument,
    OutcomeDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.bundle.training import recorded_game
from fedmerit.bundle.valuation import outcome_document
from fedmerit.incentives import MECHANISMS, Estimate, RoundInput
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.offers import Bid, History
from fedmerit.stages.agreeing import agreed_round, bid_of, without_pay
from fedmerit.stages.draw import drawn_of, seed_of
from fedmerit.stages.offering import opened_bids
from fedmerit.streams import generator
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import OfferDocument
    from fedmerit.incentives import Game
    from fedmerit.scenario.model import Scenario


def reward(bundle: Bundle) -> None:
    """Turn recorded values, and offers where there are any, into integer payments."""
    bundle.write_document(OUTCOME, decided(bundle))


def decided(
    bundle: Bundle, valued: ValuationDocument | None = None, game: Game | None = None
) -> OutcomeDocument:
    """Give what the scenario's mechanism pays for what *bundle* records.

    Args:
        bundle: What was recorded.
        valued: Pay for these values instead of the recorded ones.
        game: Show the mechanism these worths instead, if it looks at any.

    Raises:
        BundleError: A document is missing or not of its form.
        Deficit: The mechanism owes more than the budget.
        RewardError: It refuses what was recorded.
    """
    scenario = bundle.scenario
    members = bundle.document(FEDERATION, FederationDocument)
    valued = valued or bundle.document(VALUATION, ValuationDocument)
    opened = opened_bids(bundle)
    training = bundle.document(TRAINING, TrainingDocument)
    ineligible = {*training.idle, *training.never_accepted(members.names)}
    ineligible.update(drawn_of(bundle).slashed)  # who kept its secret from the draw earns nothing
    if opened is not None:
        ineligible.update(set(valued.participants) - opened.keys())
    rule = MECHANISMS[scenario.reward.mechanism]
    needs = rule.needs
    rows = members.counted_rows if rule.pays_by_rows else members.declared_rows
    round_ = RoundInput(
        participants=valued.participants,
        contributions=tuple(map(Estimate, valued.values, valued.half_widths)),
        rows=tuple(rows.values()),
        budget=scenario.reward.budget,
        ineligible=frozenset(ineligible),
        bids=() if opened is None else _bids(scenario, valued, opened, rows),
        game=(game or recorded_game(bundle, members.names)[0]) if Need.GAME in needs else None,
        history=_history(scenario, members.names),
        parameters=scenario.reward.parameters,
        order=serving_order(bundle),
    )
    agreement = agreed_round(scenario, members.declared_rows, rows)
    if agreement is None:
        return outcome_document(round_, rule(round_), mechanism=rule.name)
    told = replace(round_, bids=agreement.bids)
    agreed = without_pay(rule(agreement), round_.ineligible)
    return outcome_document(told, agreed, mechanism=rule.name)


def serving_order(bundle: Bundle) -> tuple[int, ...]:
    """Give the places of the members in the order in which equals are served.

    It is of the drawn seed, which nobody knew on joining; where none is drawn, of the
    scenario's, which whoever wrote the scenario knew.
    """
    n = len(bundle.document(FEDERATION, FederationDocument).members)
    return tuple(generator(seed_of(bundle), "ties").permutation(n).tolist())


def _bids(
    scenario: Scenario,
    valued: ValuationDocument,
    opened: Mapping[str, OfferDocument],
    rows: Mapping[str, int],
) -> tuple[Bid | None, ...]:
    """Give the offers that count, in the order of the members.

    A point of quality is a millionth of the metric that the member was measured to be worth.
    Who did not open its offer has none; nor has who is worth nothing, unless the mechanism
    looks at values or worths itself. Who offers more than its *rows*, since others have some
    of them too, asks for the rest in proportion.
    """
    needs = MECHANISMS[scenario.reward.mechanism].needs
    blind = not needs & {Need.CONTRIBUTIONS, Need.GAME}
    return tuple(
        bid_of(offer, rows[name], quality=max(1, value * MICRO // NANO))
        if (offer := opened.get(name)) and (value > 0 or not blind) and rows[name]
        else None
        for name, value in zip(valued.participants, valued.values, strict=True)
    )


def _history(scenario: Scenario, names: tuple[str, ...]) -> History:
    """Give what earlier rounds left, as far as the scenario tells of any."""
    known = {m.name: Fraction(str(m.reputation)) for m in scenario.members if m.reputation}
    return History(reputations=tuple(known.get(name, Fraction(1)) for name in names if known))
