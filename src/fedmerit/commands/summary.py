"""What a run came to, in a few lines for the command line."""

from __future__ import annotations

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
from fedmerit.incentives.methods import reads_rounds
from fedmerit.kinds.parts import summary_part
from fedmerit.report.units import (
    decimals_for,
    exact_tokens,
    milli,
    percent,
    short_tokens,
    unit,
    with_error,
)
from fedmerit.stages.offering import opened_bids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import MemberDocument, OfferDocument, PayoutStep


def member_rows(bundle: Bundle) -> list[dict[str, str]]:
    """Give each member's row of the result, for reading."""
    valuation = bundle.document(VALUATION, ValuationDocument)
    decimals = decimals_for(map(milli, valuation.values))
    title = f"Value ± {percent(valuation.confidence_ppm, 0)} ({unit(valuation).short})"
    cells, bids = summary_part(bundle.scenario).member_cells(bundle), opened_bids(bundle)
    return [
        {
            "Member": member.name,
            **cells[member.name],
            title: with_error(milli(value), milli(half), decimals),
            **({"Asks (tokens)": _asked(bids.get(member.name))} if bids is not None else {}),
            "Share": percent(step.share_ppm),
            "Paid (tokens)": short_tokens(step.payment),
        }
        for member, value, half, step in _members(bundle)
    ]


def key_figures(bundle: Bundle) -> dict[str, str]:
    """Give the figures that stand below the members, for reading."""
    training = bundle.document(TRAINING, TrainingDocument)
    valuation = bundle.document(VALUATION, ValuationDocument)
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    figures = {
        **summary_part(bundle.scenario).model_figures(bundle),
        "Valued by": f"{valuation.method}, {valuation.evaluations:,} coalitions "
        f"{'of rounds ' if reads_rounds(valuation.method) else ''}"
        f"{'retrained' if valuation.game == 'retraining' else 'measured'}",
        "Money": f"{exact_tokens(sum(outcome.payments))} paid + {exact_tokens(outcome.reserve)} "
        f"in reserve = {exact_tokens(outcome.budget)} tokens",
        "Manifest": bundle.digest,
    }
    if notes := bundle.document(FEDERATION, FederationDocument).notes:
        figures["Reading"] = "; ".join(notes)
    if unused := training.never_accepted(outcome.participants):
        everyone = len(unused) == len(outcome.participants)
        figures["Unused"] = (
            "no update could be used, so nobody contributed and nobody is paid"
            if everyone
            else f"no update of {', '.join(unused)} was accepted: paid nothing"
        )
    if training.idle:
        figures["Free-riders"] = f"only zeros came from {', '.join(training.idle)}: paid nothing"
    return figures


def _asked(offer: OfferDocument | None) -> str:
    return short_tokens(offer.cost) if offer else "not opened"


def as_json(bundle: Bundle) -> dict[str, object]:
    """Give the result in the bundle's own units: billionths of the metric, base units."""
    outcome, bids = bundle.document(OUTCOME, OutcomeDocument), opened_bids(bundle)
    asked = {name: str(offer.cost) for name, offer in bids.items()} if bids else {}
    return {
        "bundle": str(bundle.path),
        "manifest": bundle.digest,
        "budget": str(outcome.budget),
        "reserve": str(outcome.reserve),
        "notes": list(bundle.document(FEDERATION, FederationDocument).notes),
        "members": [
            {
                "name": member.name,
                "behaviour": member.behaviour,
                "value": value,
                "half_width": half,
                **({"asked": asked.get(member.name)} if bids is not None else {}),
                "payment": str(step.payment),
            }
            for member, value, half, step in _members(bundle)
        ],
    }


def _members(bundle: Bundle) -> Iterator[tuple[MemberDocument, int, int, PayoutStep]]:
    valuation = bundle.document(VALUATION, ValuationDocument)
    return zip(
        bundle.document(FEDERATION, FederationDocument).members,
        valuation.values,
        valuation.half_widths,
        bundle.document(OUTCOME, OutcomeDocument).steps,
        strict=True,
    )
