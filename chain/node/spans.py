"""How many blocks a node searches for logs at once.

Public nodes allow 10,000, 1,000 or 10, or as many as hold few enough logs, and say so in words
of their own. So whatever a search is refused with, the range is halved, and grows again later.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from fedmerit.errors import NodeRefused, SearchCutShort

if TYPE_CHECKING:
    from fedmerit.errors import NodeError

log = logging.getLogger(__name__)

#: What is tried first, and never passed.
MAX_BLOCKS: Final = 10_000
#: Searches that have to succeed before a wider one is tried.
_STEADY: Final = 8
#: Nodes refuse one block with this code when they are asked too often: then it is asked again.
_LIMIT_CODE: Final = -32005
_PAUSES: Final = (0.5, 2.0, 8.0)


class Span:
    """The range of blocks that one node takes.

    Attributes:
        blocks: How many to search next.

    """

    def __init__(self) -> None:
        self.blocks = MAX_BLOCKS
        self._successes = 0
        self._pauses = list(_PAUSES)

    def widen(self) -> None:
        """Take note that a search succeeded."""
        self._successes += 1
        self._pauses = list(_PAUSES)
        if self._successes >= _STEADY and self.blocks < MAX_BLOCKS:
            self.blocks, self._successes = min(2 * self.blocks, MAX_BLOCKS), 0

    def narrow(self, error: NodeError, url: str, *, begun: int, first: int, last: int) -> None:
        """Take note that the blocks from *first* to *last* were not searched.

        Args:
            error: Why.
            url: The node.
            begun: Where the search began.
            first: The first block of the range.
            last: The last.

        Raises:
            SearchCutShort: It is one block alone, so there is nothing to halve.

        """
        self._successes = 0
        if last > first:
            self.blocks = (last - first + 1) // 2
            log.debug("%s: searching %d blocks at once", error, self.blocks)
        elif isinstance(error, NodeRefused) and error.code == _LIMIT_CODE and self._pauses:
            time.sleep(self._pauses.pop(0))
        else:
            raise SearchCutShort(
                url, first=begun, block=first, why=str(error), hint=_hint(error)
            ) from error


def _hint(error: NodeError) -> str:
    if "address" in str(error).lower():
        return (
            "This node searches named contracts only: name the bundle, or a job's registry with "
            "--registry, or another node."
        )
    return ""
