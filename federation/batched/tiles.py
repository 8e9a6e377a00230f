"""Work in tiles of one shape each, shared out to threads.

A tile's shape depends on the game and never on the question, and each tile is computed by one
thread: so its numbers are the same whichever others there are, and whoever computes them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor


def share(work: Callable[[Iterator[int]], None], jobs: int, workers: int) -> None:
    """Let threads take numbers below *jobs* from one another; call it with torch on one."""
    numbers = iter(range(jobs))
    if min(jobs, workers) == 1:
        work(numbers)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, [numbers] * min(jobs, workers)))


def padded(table: Tensor, multiple: int) -> Tensor:
    """Add rows of zeros, up to the next *multiple* of rows."""
    missing = -len(table) % multiple
    return torch.cat([table, table.new_zeros((missing, *table.shape[1:]))])
