"""What the command line says of a run whose members own rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import (
    FEDERATION,
    TRAINING,
    VALUATION,
    FederationDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.bundle.suspicions import suspects
from fedmerit.report import quality
from fedmerit.report.units import percent, points

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle


def member_cells(bundle: Bundle) -> dict[str, dict[str, str]]:
    """Give what each member does, with how many rows, and how suspicious it is."""
    members = bundle.document(FEDERATION, FederationDocument).members
    found = bundle.document(VALUATION, ValuationDocument).suspicion
    scores = found.scores if found else (None,) * len(members)
    return {
        member.name: {
            "Behaviour": member.behaviour,
            "Rows": f"{member.rows:,}",
            **({} if score is None else {"Suspicion": f"{score / 1000:+.1f}"}),
        }
        for member, score in zip(members, scores, strict=True)
    }


def model_figures(bundle: Bundle) -> dict[str, str]:
    """Give the model's accuracy or R squared, beside that of training on pooled rows."""
    training = bundle.document(TRAINING, TrainingDocument)
    rounds, delta = len(training.rounds), training.delta_ppm
    apart = "not known: nobody here has it" if delta is None else points(delta)
    members = bundle.document(FEDERATION, FederationDocument)
    figures = {
        quality.title(training): f"{percent(training.quality[1])} after {rounds} rounds; "
        f"delta to training on pooled data {apart}; "
        f"{quality.beside(training, members)}"
    }
    if members.sponsor_rows is not None:
        figures["Measured"] = f"on the sponsor's own {members.sponsor_rows:,} test rows"
    if training.is_worse_than_untrained:
        figures["Warning"] = (
            "the trained model fits worse than the untrained one; "
            f"lower training.learning_rate ({bundle.scenario.training.learning_rate:g}), "
            "or look for members that do harm"
        )
    found = bundle.document(VALUATION, ValuationDocument)
    if found.suspicion is not None and (
        named := list(suspects(found.participants, found.suspicion))
    ):
        figures["To look at"] = "; ".join(
            f"{name} (suspicion {score / 1000:.1f}: {', '.join(reasons)})"
            for name, score, reasons in named
        )
    if shared := bundle.document(FEDERATION, FederationDocument).shared:
        held = "; ".join(f"{each.rows:,} by {', '.join(each.names)}" for each in shared)
        figures["Held by several"] = f"{held}: these rows count once where rows are paid for"
    return figures
