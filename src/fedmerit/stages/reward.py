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
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.offers import Bid, History
from fedmerit.incentives.pay_intervals import drawn_values, pay_intervals
from fedmerit.incentives.reasons import Reason
from fedmerit.stages.agreeing import agreed_round, bid_of, without_pay
from fedmerit.stages.draw import drawn_of, seed_of
from fedmerit.stages.offering import opened_bids
from fedmerit.streams import derived_seed, generator
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import OfferDocument
    from fedmerit.incentives import Game, Mechanism, Outcome
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
    rule, agreement = MECHANISMS[bundle.scenario.reward.mechanism], _agreement(bundle)
    round_ = _round(bundle, ineligible, valued, game)
    outcome = _decided(round_, rule, agreement)
    told = round_ if agreement is None else replace(round_, bids=agreement.bids)
    return outcome_document(told, outcome, mechanism=rule.name, ineligible=ineligible)


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
    offered, names = opened_bids(bundle), round_.participants
    members = bundle.document(FEDERATION, FederationDocument)
    rule, agreement = MECHANISMS[outcome.mechanism], _agreement(bundle)
    rows = _rows(members, rule)

    def pay(values: Sequence[int]) -> tuple[int, ...]:
        drawn = replace(
            round_,
            contributions=tuple(map(Estimate, values, valued.half_widths)),
            bids=() if offered is None else _bids(bundle.scenario, names, values, offered, rows),
        )
        return _decided(drawn, rule, agreement).payments

    drawn = drawn_values(
        valued.values,
        valued.half_widths,
        valued.correlations_ppm,
        confidence_ppm=valued.confidence_ppm,
        # Of the scenario's seed, so that a run again says the same: nobody is paid by an interval.
        seed=derived_seed(bundle.scenario.seed, "pay intervals").to_bytes(8, "big"),
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
    rule = MECHANISMS[scenario.reward.mechanism]
    needs, rows = rule.needs, _rows(members, rule)
    return RoundInput(
        participants=valued.participants,
        contributions=tuple(map(Estimate, valued.values, valued.half_widths)),
        rows=tuple(rows.values()),
        budget=scenario.reward.budget,
        ineligible=frozenset(ineligible),
        bids=()
        if opened is None
        else _bids(scenario, valued.participants, valued.values, opened, rows),
        game=(game or recorded_game(bundle, members.names)[0]) if Need.GAME in needs else None,
        history=_history(scenario, members.names),
        parameters=scenario.reward.parameters,
        order=serving_order(bundle),
    )


def _decided(round_: RoundInput, rule: Mechanism, agreement: RoundInput | None) -> Outcome:
    """Give what the mechanism decides; where work was agreed on before, by that."""
    if agreement is None:
        return rule(round_)
    return without_pay(rule(agreement), round_.ineligible)


def _agreement(bundle: Bundle) -> RoundInput | None:
    """Give the round that was agreed on before the training; None if nothing was."""
    members = bundle.document(FEDERATION, FederationDocument)
    rows = _rows(members, MECHANISMS[bundle.scenario.reward.mechanism])
    return agreed_round(bundle.scenario, members.declared_rows, rows)


def _rows(members: FederationDocument, rule: Mechanism) -> Mapping[str, int]:
    """Give the rows that each is taken to have brought: what is paid for is counted once."""
    return members.counted_rows if rule.pays_by_rows else members.declared_rows


def serving_order(bundle: Bundle) -> tuple[int, ...]:
    """Give the places of the members in the order in which equals are served.

    It is of the drawn seed, which nobody knew on joining; where none is drawn, of the
    scenario's, which whoever wrote the scenario knew.
    """
    n = len(bundle.document(FEDERATION, FederationDocument).members)
    return tuple(generator(seed_of(bundle), "ties").permutation(n).tolist())


def _bids(
    scenario: Scenario,
    names: Sequence[str],
    values: Sequence[int],
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
        for name, value in zip(names, values, strict=True)
    )


def _history(scenario: Scenario, names: tuple[str, ...]) -> History:
    """Give what earlier rounds left, as far as the scenario tells of any."""
    known = {m.name: Fraction(str(m.reputation)) for m in scenario.members if m.reputation}
    return History(reputations=tuple(known.get(name, Fraction(1)) for name in names if known))
