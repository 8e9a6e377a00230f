"""What a run came to, in a few lines for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.intervals import left_out, sources
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
from fedmerit.incentives.reasons import WHY, Reason
from fedmerit.kinds.parts import summary_part
from fedmerit.report.answer import pay_interval, sentence
from fedmerit.report.units import (
    adding_up,
    decimals_for,
    exact_tokens,
    listed,
    milli,
    number,
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


def member_rows(bundle: Bundle, *, wide: bool = True) -> list[dict[str, str]]:
    """Give each member's row of the result, for reading, sorted by pay.

    Args:
        bundle: Of a settled run.
        wide: Whether there is room for what each brought and did, too.
    """
    valuation = bundle.document(VALUATION, ValuationDocument)
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    decimals = decimals_for(map(milli, valuation.values))
    level = percent(valuation.confidence_ppm, 0)
    cells, bids = summary_part(bundle.scenario).member_cells(bundle), opened_bids(bundle)
    paid = adding_up(outcome.payments)
    rows = [
        {
            "Member": member.name,
            "Tokens": paid[place],
            f"{level} of pay": pay_interval(outcome, place),
            **({"Share": percent(step.share_ppm)} if wide else {}),
            **({"Asks": _asked(bids.get(member.name))} if bids is not None else {}),
            "Value": with_error(milli(value), milli(half), decimals),
            **(cells[member.name] if wide else {}),
            "Why": "" if step.payment else WHY[Reason(step.reason)],
        }
        for place, (member, value, half, step) in enumerate(_members(bundle))
    ]
    by_pay = sorted(range(len(rows)), key=lambda place: -outcome.payments[place])
    return [rows[place] for place in by_pay]


def key_figures(bundle: Bundle) -> dict[str, str]:
    """Give the figures that stand below the members, for reading."""
    training = bundle.document(TRAINING, TrainingDocument)
    valuation = bundle.document(VALUATION, ValuationDocument)
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    figures = {
        "Answer": sentence(valuation, outcome),
        "Rule": outcome.mechanism,
        "Units": f"pay in tokens, values ± {percent(valuation.confidence_ppm, 0)} in "
        f"{unit(valuation).long}",
        **summary_part(bundle.scenario).model_figures(bundle),
        "Valued by": f"{valuation.method}, {valuation.evaluations:,} coalitions "
        f"{'of rounds ' if reads_rounds(valuation.method) else ''}"
        f"{'retrained' if valuation.game == 'retraining' else 'measured'}"
        + (f" {valuation.repeats} times" if valuation.repeats > 1 else ""),
        "Intervals": _intervals(bundle, valuation),
        "Money": f"{exact_tokens(sum(outcome.payments))} paid + {exact_tokens(outcome.reserve)} "
        f"in reserve = {exact_tokens(outcome.budget)} tokens",
    }
    if bundle.has_manifest:
        figures["Manifest"] = bundle.digest
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


def _intervals(bundle: Bundle, valuation: ValuationDocument) -> str:
    """Say what the intervals hold, and what they leave out."""
    found = sources(valuation, bundle.scenario)
    held = [
        f"{one.name} (s.e. up to {number(milli(max(one.errors)), 2)})"
        for one in found
        if one.errors is not None
    ]
    absent = left_out(valuation, bundle.scenario)
    said = f"hold {listed(held, len(held))}"
    return said + (f"; leave out {listed(absent, len(absent))}" if absent else "")


def _asked(offer: OfferDocument | None) -> str:
    return short_tokens(offer.cost) if offer else "–"  # noqa: RUF001 - a dash


def as_json(bundle: Bundle) -> dict[str, object]:
    """Give the result in the bundle's own units: billionths of the metric, base units."""
    outcome, bids = bundle.document(OUTCOME, OutcomeDocument), opened_bids(bundle)
    valuation = bundle.document(VALUATION, ValuationDocument)
    asked = {name: str(offer.cost) for name, offer in bids.items()} if bids else {}
    suspected = _suspected(bundle.document(VALUATION, ValuationDocument))
    return {
        "bundle": str(bundle.path),
        "manifest": bundle.digest if bundle.has_manifest else None,
        "mechanism": outcome.mechanism,
        "budget": str(outcome.budget),
        "reserve": str(outcome.reserve),
        "intervals": {
            "repeats": valuation.repeats,
            "hold": {
                one.name: list(one.errors)
                for one in sources(valuation, bundle.scenario)
                if one.errors is not None
            },
            "leave_out": list(left_out(valuation, bundle.scenario)),
        },
        "notes": list(bundle.document(FEDERATION, FederationDocument).notes),
        "members": [
            {
                "name": member.name,
                "behaviour": member.behaviour,
                "value": value,
                "half_width": half,
                **({"asked": asked.get(member.name)} if bids is not None else {}),
                **suspected.get(member.name, {}),
                "payment": str(step.payment),
                "payment_interval": interval(outcome, place),
                "reason": step.reason,
                "parts": [{"label": part.label, "amount": str(part.amount)} for part in step.parts],
            }
            for place, (member, value, half, step) in enumerate(_members(bundle))
        ],
    }


def interval(outcome: OutcomeDocument, place: int) -> list[str] | None:
    """Give the two ends between which a payment lies, in base units; None if not known."""
    found = outcome.intervals
    return None if found is None else [str(found.lows[place]), str(found.highs[place])]


def _suspected(valuation: ValuationDocument) -> dict[str, dict[str, object]]:
    """Give each member's score in thousandths and its reasons, where there are scores."""
    found = valuation.suspicion
    if found is None:
        return {}
    return {
        name: {"suspicion": found.scores[place], "reasons": list(found.reasons(place))}
        for place, name in enumerate(valuation.participants)
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
