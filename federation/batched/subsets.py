"""Sums of steps by tables: a coalition adds one line for every few of its members.

That is the method of four Russians (Arlazarov et al., 1970): steps are cut into groups, and the
sums of all subsets of a group are worked out once for very many coalitions.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor

#: Steps whose sums are tabulated together; a table is worth its making from 2**5 coalitions on.
_GROUP: Final = 5


class Subsets:
    """How steps are cut into groups, and where in a table the sums of their subsets lie.

    Args:
        steps: How many there are.

    Attributes:
        sizes: Steps in each group, in order; there is always one group.
        lines: Lines of a table. A group's begin with that of its empty subset.

    """

    def __init__(self, steps: int) -> None:
        self.sizes = [min(_GROUP, steps - k) for k in range(0, steps, _GROUP)] or [0]
        *self._starts, self.lines = accumulate((2**size for size in self.sizes), initial=0)

    def of(self, mask: Tensor) -> Tensor:
        """Give the lines that each coalition adds up, shape ``(coalitions, groups)``."""
        bits = 2 ** torch.arange(_GROUP, device=mask.device)
        groups = torch.split(mask, self.sizes, dim=1)
        codes = [
            (group * bits[: group.shape[1]]).sum(dim=1) + start
            for group, start in zip(groups, self._starts, strict=True)
        ]
        return torch.stack(codes, dim=1)

    def tabulate(self, steps: Tensor, table: Tensor) -> None:
        """Add up each group's *steps* for all of its subsets, shape ``(lines, ...)``."""
        for start, group in zip(self._starts, torch.split(steps, self.sizes), strict=True):
            table[start] = 0
            for done, step in enumerate(group):
                here = start + 2**done
                torch.add(table[start:here], step, out=table[here : here + 2**done])
