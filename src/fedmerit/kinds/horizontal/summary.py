"""What the command line says of a run whose members own rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import FEDERATION, TRAINING, FederationDocument, TrainingDocument
from fedmerit.report import quality
from fedmerit.report.units import percent, points

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle


def member_cells(bundle: Bundle) -> dict[str, dict[str, str]]:
    """Give what each member does, with how many rows."""
    return {
        member.name: {"Behaviour": member.behaviour, "Rows": f"{member.rows:,}"}
        for member in bundle.document(FEDERATION, FederationDocument).members
    }


def model_figures(bundle: Bundle) -> dict[str, str]:
    """Give the model's accuracy or R squared, beside that of training on pooled rows."""
    training = bundle.document(TRAINING, TrainingDocument)
    rounds = len(training.rounds)
    members = bundle.document(FEDERATION, FederationDocument)
    figures = {
        quality.title(training): f"{percent(training.quality[1])} after {rounds} rounds; "
        f"delta to training on pooled data {points(training.delta_ppm)}; "
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
    return figures
