"""What a scenario says of the files that its tables stand in, for whoever reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.federation.data.dialects import Dialect

if TYPE_CHECKING:
    from fedmerit.scenario.model import Data


def dialect_of(data: Data) -> Dialect:
    """Give what *data* says of how files write tables."""
    return Dialect(
        separator=data.separator,
        decimal=data.decimal,
        thousands=data.thousands,
        encoding=data.encoding,
        missing_words=data.missing_words,
    )
