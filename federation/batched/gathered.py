"""The first of very many models' layers by torch's own operations, on whatever device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import embedding_bag

if TYPE_CHECKING:
    from torch import Tensor

    from fedmerit.federation.batched.protocols import Block, Score
    from fedmerit.federation.batched.subsets import Subsets


class Gathered:
    """Adds up each coalition's lines of the table of one tile of rows, for one worker.

    Args:
        block: The coalitions.
        subsets: Says where in a table the sums of steps lie.

    """

    def __init__(self, block: Block, subsets: Subsets) -> None:
        self._block, self._subsets = block, subsets

    def start(self, products: Tensor) -> None:
        """Turn to another tile; products are ``(1, 1 + steps, width, rows)``."""
        self._base, steps = products[0, 0], products[0, 1:]
        self._table = products.new_empty((self._subsets.lines, *self._base.shape))
        self._subsets.tabulate(steps, self._table)

    def enter(self, part: slice) -> Tensor:
        """Give what the first layer makes of the tile, shape ``(coalitions, width, rows)``."""
        lines = embedding_bag(self._block.lines[part], self._table.flatten(1), mode="sum")
        sums = lines.view(-1, *self._base.shape)
        return torch.addcmul(self._base, sums, self._block.scale[part, None, None], out=sums)

    def judge(self, logits: Tensor, score: Score, rows: slice) -> Tensor:
        """Score logits, ``(coalitions, classes, tile's rows)``, of those rows that are there."""
        return judged(logits, score, rows)


def judged(logits: Tensor, score: Score, rows: slice) -> Tensor:
    """Turn logits that are laid out class by class to a score."""
    return score(logits[:, :, : rows.stop - rows.start].transpose(1, 2), rows)
