"""The value stage of a recorded run: every coalition's updates, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import FEDERATION, FederationDocument
from fedmerit.errors import DataError
from fedmerit.kinds.horizontal.valuing import value_run
from fedmerit.kinds.recorded.training import kept_run
from fedmerit.kinds.recorded.wiring import federation_document, opened

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.progress import Advance


def value(bundle: Bundle, advance: Advance) -> None:
    """Measure coalitions, value the members, and value each round beside it."""
    consortium = _same(bundle)
    value_run(bundle, consortium, kept_run(bundle, consortium), advance)


def _same(bundle: Bundle) -> Consortium:
    """Give members and validation rows, if they are those that the run was begun with."""
    run = opened(bundle.scenario)
    if federation_document(run) != bundle.document(FEDERATION, FederationDocument):
        raise DataError(
            f"{run.files.directory} is not what it was when the run began",
            hint="Put its files back as they were, or start another run.",
        )
    return run.consortium
