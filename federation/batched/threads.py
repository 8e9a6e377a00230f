"""One torch thread, so that the numbers do not depend on how many a machine has.

Sums that several threads share end in other bits than one thread's. On models as small as
a federation's a second thread gains little, and on a busy machine it costs many times over.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def single_thread() -> Iterator[None]:
    """Let torch compute on one CPU thread; also a decorator."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
