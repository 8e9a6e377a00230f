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
    PayIntervalsDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.bundle.training import recorded_game
from fedmerit.bundle.valuation import outcome_document
from fedmerit.errors import RewardError
from fedmerit.incentives import MECHANISMS, Estimate, RoundInput
from fedmerit.incentives import reward as mechanism_reward
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.offers import Bid, History
from fedmerit.incentives.pay_intervals import drawn_values, pay_intervals
from fedmerit.incentives.reasons import Reason
from fedmerit.stages.draw import drawn_of
from fedmerit.stages.offering import opened_bids
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import OfferDocument
    from fedmerit.incentives import Game
    from fedmerit.scenario.model import Scenario


def reward(bundle: Bundle) -> None:
    """Turn recorded values, and offers where there are any, into integer payments."""
    bundle.write_document(OUTCOME, decided_with_intervals(bundle))


def decided(
    bundle: Bundle, valued: ValuationDocument | None = None, game: Game | None = None
) -> OutcomeDocument:
    """Give what the scenario's mechanism pays for what *bundle* records, without intervals.

    Args:
        bundle: What was recorded.
        valued: Pay for these values instead of the recorded ones.
        game: Show the mechanism these worths instead, if it looks at any.

    Raises:
        BundleError: A document is missing or not of its form.
        Deficit: The mechanism owes more than the budget.
        RewardError: It refuses what was recorded.
    """
    ineligible = _ineligible(bundle)
    return outcome_document(
        _round(bundle, ineligible, valued, game),
        mechanism=bundle.scenario.reward.mechanism,
        ineligible=ineligible,
    )


def decided_with_intervals(bundle: Bundle) -> OutcomeDocument:
    """Give what :func:`decided` gives, and how sure each payment is.

    A rule that looks at worths of coalitions would need those drawn too: it has no intervals.

    Raises:
        BundleError: A document is missing or not of its form.
        Deficit: The mechanism owes more than the budget.
        RewardError: It refuses what was recorded.
    """
    outcome = decided(bundle)
    if Need.GAME in MECHANISMS[outcome.mechanism].needs:
        return outcome
    valued = bundle.document(VALUATION, ValuationDocument)
    round_ = _round(bundle, _ineligible(bundle), valued)
    offered = opened_bids(bundle)

    def pay(values: Sequence[int]) -> tuple[int, ...]:
        drawn = replace(
            round_,
            contributions=tuple(map(Estimate, values, valued.half_widths)),
            bids=()
            if offered is None
            else _bids(bundle.scenario, round_.participants, values, offered),
        )
        return mechanism_reward(drawn, mechanism=outcome.mechanism).payments

    drawn = drawn_values(
        valued.values,
        valued.half_widths,
        valued.correlations_ppm,
        confidence_ppm=valued.confidence_ppm,
        seed=bytes.fromhex(valued.seed[2:]),
    )
    try:
        intervals = pay_intervals(drawn, pay, confidence_ppm=valued.confidence_ppm)
    except RewardError:  # a rule may owe more than the budget for values that might have been
        return outcome
    return outcome.model_copy(
        update={
            "intervals": PayIntervalsDocument(
                draws=intervals.draws,
                lows=intervals.lows,
                highs=intervals.highs,
                paid_ppm=intervals.paid_ppm,
            )
        }
    )


def _ineligible(bundle: Bundle) -> dict[str, Reason]:
    """Name the members that are paid nothing whatever they are worth, and say why."""
    names = bundle.document(FEDERATION, FederationDocument).names
    training = bundle.document(TRAINING, TrainingDocument)
    opened = opened_bids(bundle)
    unopened = () if opened is None else set(names) - opened.keys()
    return {
        **dict.fromkeys(unopened, Reason.OFFER_UNOPENED),
        **dict.fromkeys(drawn_of(bundle).slashed, Reason.KEPT_SECRET),
        **dict.fromkeys(training.never_accepted(names), Reason.UNUSABLE_UPDATES),
        **dict.fromkeys(training.idle, Reason.ZERO_UPDATES),
    }


def _round(
    bundle: Bundle,
    ineligible: Mapping[str, Reason],
    valued: ValuationDocument | None = None,
    game: Game | None = None,
) -> RoundInput:
    """Give all that the mechanism decides by."""
    scenario = bundle.scenario
    members = bundle.document(FEDERATION, FederationDocument)
    valued = valued or bundle.document(VALUATION, ValuationDocument)
    opened = opened_bids(bundle)
    needs = MECHANISMS[scenario.reward.mechanism].needs
    return RoundInput(
        participants=valued.participants,
        contributions=tuple(map(Estimate, valued.values, valued.half_widths)),
        rows=tuple(member.declared_rows for member in members.members),
        budget=scenario.reward.budget,
        ineligible=frozenset(ineligible),
        bids=() if opened is None else _bids(scenario, valued.participants, valued.values, opened),
        game=(game or recorded_game(bundle, members.names)[0]) if Need.GAME in needs else None,
        history=_history(scenario, members.names),
        parameters=scenario.reward.parameters,
    )


def _bids(
    scenario: Scenario,
    names: Sequence[str],
    values: Sequence[int],
    opened: Mapping[str, OfferDocument],
) -> tuple[Bid | None, ...]:
    """Give the offers that count, in the order of the members.

    A point of quality is a millionth of the metric that the member was measured to be worth.
    Who did not open its offer has none; nor has who is worth nothing, unless the mechanism
    looks at values or worths itself.
    """
    needs = MECHANISMS[scenario.reward.mechanism].needs
    blind = not needs & {Need.CONTRIBUTIONS, Need.GAME}
    return tuple(
        Bid(cost=offer.cost, capacity=offer.units, quality=max(1, value * MICRO // NANO))
        if (offer := opened.get(name)) and (value > 0 or not blind)
        else None
        for name, value in zip(names, values, strict=True)
    )


def _history(scenario: Scenario, names: tuple[str, ...]) -> History:
    """Give what earlier rounds left, as far as the scenario tells of any."""
    known = {m.name: Fraction(str(m.reputation)) for m in scenario.members if m.reputation}
    return History(reputations=tuple(known.get(name, Fraction(1)) for name in names if known))
