"""How deep Python may call, which the libraries below us raise to 100,000 as they are imported.

At that depth json runs over the C stack: whoever sends a document that is nested deeply
enough would end the process, where it should have ended in an error.
"""

from __future__ import annotations

import sys
from typing import Final

#: Our contracts need some hundred calls of py-evm.
LIMIT: Final = 3_000


def bound() -> None:
    """Put the limit back; to be called after what raises it was imported."""
    sys.setrecursionlimit(min(sys.getrecursionlimit(), LIMIT))
