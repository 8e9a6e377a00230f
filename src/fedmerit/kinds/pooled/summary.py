"""What the command line says of a run on pooled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import FEDERATION, TRAINING, FederationDocument, TrainingDocument
from fedmerit.kinds.horizontal.summary import member_cells
from fedmerit.report import quality
from fedmerit.report.units import percent

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle

__all__ = ["member_cells", "model_figures"]


def model_figures(bundle: Bundle) -> dict[str, str]:
    """Give the estimator and its accuracy, and say what this is."""
    training = bundle.document(TRAINING, TrainingDocument)
    figures = {
        "Learner": f"{bundle.scenario.model.estimator}, on pooled rows: data valuation by "
        "coalition, not federated averaging",
        "Accuracy": f"{percent(training.quality[1])} with everybody's rows, "
        f"{percent(training.quality[0])} with none; "
        f"{quality.beside(training, bundle.document(FEDERATION, FederationDocument))}",
    }
    if training.is_worse_than_untrained:
        figures["Warning"] = "with everybody's rows it fits worse than with none"
    return figures
