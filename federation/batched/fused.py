"""A model's first two layers in one pass, without leaving the processor's caches.

Between two matrix products, activations go to memory and come back. Here a worker takes 16 rows
and eight hidden units at a time. The table of their sums stays in a core's own cache while a
chunk of coalitions passes; a coalition's activations stay in registers until its weights have
met them. Meanwhile the next coalition's lines are added up, so that the loads of the one hide
behind the products of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.federation.batched.gathered import judged
from fedmerit.federation.batched.kernels import UNITS, enter
from fedmerit.federation.batched.likelihoods import gain
from fedmerit.federation.batched.measure import MICRO, SATURATION, Gains, log_likelihood
from fedmerit.federation.batched.vectors import ROWS
from fedmerit.federation.losses import is_quantity

if TYPE_CHECKING:
    from torch import Tensor

    from fedmerit.federation.batched.protocols import Block, Score
    from fedmerit.federation.batched.subsets import Subsets


class Fused:
    """Takes coalitions through two layers on one tile of 16 rows after another.

    Args:
        block: The coalitions.
        subsets: Says where in a table the sums of steps lie.

    """

    #: Rows in a tile.
    TILE: Final = ROWS
    #: Hidden units whose sums are together in a table.
    UNITS: Final = UNITS

    def __init__(self, block: Block, subsets: Subsets) -> None:
        weights, biases = block.layers[0]
        arrays = np.array(subsets.sizes), block.lines, block.scale, weights, biases
        self._arrays = tuple(map(np.asarray, arrays))
        # Torch's memory begins on a vector's boundary; NumPy's need not.
        room = weights.new_empty((subsets.lines + 1, UNITS * ROWS)).numpy()
        self._room = room[:-1], room[-1]
        self._scores = biases.new_empty((0, 0, 0))

    def start(self, products: Tensor) -> None:
        """Turn to another tile; products are ``(units / 8, 1 + steps, 8, 16)``."""
        self._products = products.flatten(2).numpy()

    def enter(self, part: slice) -> Tensor:
        """Give what the second layer makes of the tile, shape ``(coalitions, width, 16)``."""
        count = part.stop - part.start
        if len(self._scores) < count:
            self._scores = self._scores.new_empty((count, self._arrays[-1].shape[1], ROWS))
        scores = self._scores[:count]
        enter(self._products, *self._arrays, part.start, *self._room, scores.numpy())
        return scores

    def judge(self, logits: Tensor, score: Score, rows: slice) -> Tensor:
        """Score logits, ``(coalitions, classes, 16)``, of those rows that are there."""
        if (
            not isinstance(score, Gains)
            or score.metric is not log_likelihood
            or is_quantity(score.labels)
        ):
            return judged(logits, score, rows)
        labels, before = score.labels[rows], score.before[rows]
        gains = before.new_empty((len(logits), len(before)))
        arrays = (tensor.numpy() for tensor in (logits, labels, before))
        gain(*arrays, SATURATION, MICRO, gains.numpy())
        return gains
