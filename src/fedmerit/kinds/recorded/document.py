"""``recorded.json``: what the files of a recorded run say beside models and updates."""

from __future__ import annotations

from typing import Final

from fedmerit.bundle.directory import Document

RECORDED: Final = "recorded.json"


class RecordedDocument(Document):
    """``recorded.json``: what the files of a recorded run say beside models and updates."""

    weights: tuple[dict[str, int], ...]
    """Of each round, the weight that the files give to the update of each member that sent one."""
    final_model: bool
    """Whether the files hold the model after the last round; if not, it is the average."""
