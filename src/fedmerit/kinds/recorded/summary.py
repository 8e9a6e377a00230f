"""What the command line says of a run that somebody else made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import FEDERATION, TRAINING, FederationDocument, TrainingDocument
from fedmerit.kinds.horizontal.summary import member_cells as cells_of_rows
from fedmerit.kinds.horizontal.summary import model_figures as figures_of_rows

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle


def model_figures(bundle: Bundle) -> dict[str, str]:
    """Give the model's accuracy, and on what it was measured."""
    rows = bundle.document(FEDERATION, FederationDocument).sponsor_rows or 0
    figures = figures_of_rows(bundle)
    figures["Measured"] = f"on the {rows:,} validation rows that came with the files"
    if bundle.document(TRAINING, TrainingDocument).is_worse_than_untrained:
        figures["Warning"] = (
            "the last model fits worse than the one that the first round began with"
        )
    return figures


def member_cells(bundle: Bundle) -> dict[str, dict[str, str]]:
    """Give the weight that each declares, and how suspicious it is."""
    return {
        name: {
            ("Declares" if title == "Rows" else title): text
            for title, text in cells.items()
            if title != "Behaviour"
        }
        for name, cells in cells_of_rows(bundle).items()
    }
