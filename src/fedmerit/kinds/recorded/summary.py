"""What the command line says of a run that somebody else made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.kinds.horizontal.summary import member_cells as cells_of_rows
from fedmerit.kinds.horizontal.summary import model_figures

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle

__all__ = ["member_cells", "model_figures"]


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
