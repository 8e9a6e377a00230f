"""Every coalition of a linear model's game, without an exponential for each of them.

The logits of a coalition are those of its members in the lower half of the participants plus
those of its members in the upper half. So a row's sum of exponentials over the classes is a
product of two vectors, one of either half, and for all pairs of halves a product of matrices.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

import torch

from fedmerit.federation.batched.measure import SATURATION
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.batched.tiles import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

#: Upper and lower coalitions in a tile; measured: two tiles stay in an L2 cache.
_TILE: Final = (128, 512)
#: Exponentials that a chunk of rows may take for one half, in floats.
_CHUNK_FLOATS: Final = 2**23
#: Sums are multiplied while they stay within so many powers of e; float32 holds 87.
_RANGE: Final = 60.0


def every_log_likelihood(parts: Tensor, labels: Tensor) -> Tensor | None:
    """Give each coalition's mean log-likelihood under softmax.

    Args:
        parts: The logits of nobody's model, then what each step adds to them, float32, shape
            ``(1 + steps, classes, rows)``.
        labels: The rows' classes, shape ``(rows,)``.

    Returns:
        Nats per row, float64, shape ``(2**steps,)``; bit i of the index is step i. None where
        logits lie so far apart that float32 could lose a sum, or that a row's gain saturates.

    """
    workers = torch.get_num_threads()
    with single_thread():
        return _every(parts.cpu(), labels.cpu(), workers)


def _every(parts: Tensor, labels: Tensor, workers: int) -> Tensor | None:
    middle = 1 + len(parts) // 2
    nothing = torch.zeros_like(parts[:1])
    halves = parts[:middle], torch.cat([nothing, parts[middle:]])
    own = [
        half.gather(1, labels.expand(len(half), 1, -1)).double().sum(dim=(1, 2)) for half in halves
    ]
    # What both halves add row by row: the right class's logit, less what the sums leave out.
    low, high = map(_sums, own)
    logs = torch.zeros((len(high), len(low)), dtype=torch.float64)
    size = max(1, _CHUNK_FLOATS // (max(logs.shape) * parts.shape[1]))
    for start in range(0, len(labels), size):
        below, above = (_Half(half[..., start : start + size]) for half in halves)
        groups = _groups(below.spread, above.spread, parts.shape[1])
        if groups is None:
            return None
        low -= below.left_out
        high -= above.left_out
        _add_logs(logs, below.powers, above.powers, groups, workers)
    return low.sub(logs).add_(high[:, None]).div_(len(labels)).flatten()


class _Half:
    """What the coalitions within one half of the participants bring to a chunk of rows.

    Attributes:
        powers: Exponentials of logits less their largest, ``(rows, classes, coalitions)``.
        left_out: Those largest logits, added up over the rows, ``(coalitions,)``.
        spread: How far any coalition's logits lie apart, ``(rows,)``.

    """

    def __init__(self, parts: Tensor) -> None:
        logits = _sums(parts.permute(2, 1, 0))
        largest = logits.amax(dim=1, keepdim=True)
        self.spread = (largest - logits.amin(dim=1, keepdim=True)).amax(dim=(1, 2))
        self.left_out = largest.squeeze(1).double().sum(dim=0)
        self.powers = logits.sub(largest).exp_()


def _sums(parts: Tensor) -> Tensor:
    """Add what each step brings to the first part, for all sets of steps, on the last axis."""
    table = parts[..., :1]
    for step in range(1, parts.shape[-1]):
        table = torch.cat([table, table + parts[..., step, None]], dim=-1)
    return table


def _groups(below: Tensor, above: Tensor, classes: int) -> list[range] | None:
    """Cut a chunk into runs of rows whose sums can be multiplied before one logarithm.

    A row's sum is at most the number of classes, and at least the smaller power of either
    spread: where one half's logit is the largest, the other half's is no further down.
    """
    reach = torch.minimum(below, above).clamp(min=log(classes))
    if not float(reach.max()) <= _RANGE or not float((below + above).max()) <= SATURATION:
        return None
    groups, start, total = [], 0, 0.0
    for row, each in enumerate(reach.tolist()):
        if total + each > _RANGE:
            groups.append(range(start, row))
            start, total = row, 0.0
        total += each
    return [*groups, range(start, len(reach))]


def _add_logs(
    logs: Tensor, below: Tensor, above: Tensor, groups: list[range], workers: int
) -> None:
    """Add every pair's log-sums over a chunk of rows to *logs*, a tile of pairs at a time."""
    high, low = (min(most, length) for most, length in zip(_TILE, logs.shape, strict=True))
    across = logs.shape[1] // low

    def work(jobs: Iterator[int]) -> None:
        product, factor = torch.empty((2, high, low))
        for job in jobs:
            top, left = job // across * high, job % across * low
            upper = above[:, :, top : top + high].transpose(1, 2)
            lower = below[:, :, left : left + low]
            target = logs[top : top + high, left : left + low]
            for first, *rest in groups:
                torch.mm(upper[first], lower[first], out=product)
                for row in rest:
                    product.mul_(torch.mm(upper[row], lower[row], out=factor))
                target.add_(product.log_())

    share(work, logs.numel() // (high * low), workers)
