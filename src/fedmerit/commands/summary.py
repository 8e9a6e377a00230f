"""What a run came to, in a few lines for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import (
    FEDERATION,
    MICRO,
    OUTCOME,
    TRAINING,
    VALUATION,
    FederationDocument,
    OutcomeDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.bundle.vertical_schemas import (
    OPINIONS,
    SAFE_BITS,
    VERTICAL,
    OpinionsDocument,
    VerticalDocument,
)
from fedmerit.report.units import (
    decimals_for,
    exact_tokens,
    milli,
    number,
    percent,
    points,
    short_tokens,
    unit,
    with_error,
)
from fedmerit.stages.offering import opened_bids
from fedmerit.stages.vertical.models import models_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import MemberDocument, OfferDocument, PayoutStep


def member_rows(bundle: Bundle) -> list[dict[str, str]]:
    """Give each member's row of the result, for reading."""
    valuation = bundle.document(VALUATION, ValuationDocument)
    decimals = decimals_for(map(milli, valuation.values))
    title = f"Value ± {percent(valuation.confidence_ppm, 0)} ({unit(valuation).short})"
    columns, bids = _columns(bundle), opened_bids(bundle)
    return [
        {
            "Member": member.name,
            **(
                {"Columns": f"{columns[member.name]:,}", "Its rows": f"{member.declared_rows:,}"}
                if columns
                else {"Behaviour": member.behaviour, "Rows": f"{member.rows:,}"}
            ),
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
        **(_joint(bundle) if bundle.scenario.vertical else _learned(training)),
        "Valued by": f"{valuation.method}, {valuation.evaluations:,} coalitions "
        f"{'retrained' if valuation.game == 'retraining' else 'measured'}",
        "Money": f"{exact_tokens(sum(outcome.payments))} paid + {exact_tokens(outcome.reserve)} "
        f"in reserve = {exact_tokens(outcome.budget)} tokens",
        "Manifest": bundle.digest,
    }
    if training.idle:
        figures["Free-riders"] = f"only zeros came from {', '.join(training.idle)}: paid nothing"
    return figures


def _learned(training: TrainingDocument) -> dict[str, str]:
    rounds = len(training.rounds)
    return {
        "Accuracy": f"{percent(training.rounds[-1].accuracy_ppm)} after {rounds} rounds; "
        f"delta to training on pooled data {points(training.delta_ppm)}"
    }


def _joint(bundle: Bundle) -> dict[str, str]:
    """Give what stands there of a vertical run instead."""
    said = bundle.document(VERTICAL, VerticalDocument)
    sent = ", ".join(f"{party} {size // 1000:,} kB" for party, size in said.bytes_sent.items())
    rounds = sum(each.rounds for each in said.protocols)
    figures = {
        "AUC": f"{number(said.area_ppm / MICRO, 4)}, the joined table's "
        f"{number(said.joined_area_ppm / MICRO, 4)}: delta "
        f"{number(said.delta_area_ppm / MICRO, 4, sign=True)}",
        "Aligned": f"{said.common:,} people are known to all",
        "Sent": f"{sent}; {rounds:,} messages in a row",
    }
    epsilons = (("labels", said.label_epsilon_micro), ("features", said.feature_epsilon_micro))
    if noised := [f"{what} {number(e / MICRO, 2)}" for what, e in epsilons if e is not None]:
        figures["Epsilon"] = f"{', '.join(noised)} at delta {said.delta_ppm / MICRO:g}"
    figures["Equations"] = "; ".join(
        f"{seen.party}: {seen.equations:,} in {seen.unknowns:,} {seen.secret}"
        + (" (the predictions)" if seen.agreed else "")
        for seen in said.exposures
    )
    for game in bundle.document(OPINIONS, OpinionsDocument).games:
        values = (number(milli(value), 2) for value in game.values)
        figures[f"By {game.game}, labels {game.label_holder}"] = ", ".join(values)
    if (own := models_folder(bundle)).is_dir():
        figures["Models"] = f"{own}, a file for each owner, and for nobody else"
    if 0 < said.key_bits < SAFE_BITS:
        figures["Rehearsal"] = f"keys of {said.key_bits} bits hide nothing: use {SAFE_BITS:,}"
    return figures


def _asked(offer: OfferDocument | None) -> str:
    return short_tokens(offer.cost) if offer else "not opened"


def _columns(bundle: Bundle) -> dict[str, int]:
    """Give how many columns each owner holds; nothing where members hold rows."""
    if bundle.scenario.vertical is None:
        return {}
    said = bundle.document(VERTICAL, VerticalDocument)
    return {owner.name: len(owner.columns) for owner in said.owners}


def as_json(bundle: Bundle) -> dict[str, object]:
    """Give the result in the bundle's own units: billionths of the metric, base units."""
    outcome, bids = bundle.document(OUTCOME, OutcomeDocument), opened_bids(bundle)
    asked = {name: str(offer.cost) for name, offer in bids.items()} if bids else {}
    return {
        "bundle": str(bundle.path),
        "manifest": bundle.digest,
        "budget": str(outcome.budget),
        "reserve": str(outcome.reserve),
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
