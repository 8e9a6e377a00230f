"""Batch normalisation whose running statistics are part of the model.

In training, torch's ``BatchNorm1d`` normalises by the rows of a batch and moves its running
statistics; scored, a row is normalised by those alone. Here the statistics are entries of the
model's flat vector: members send how they moved them, and FedAvg averages them by rows as it
averages weights (McMahan et al., 2017). Rows that pad a batch count nothing in its statistics.
A batch of one row, which has no variance, is normalised by the running statistics and moves none.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Rows of which statistics are taken at least.
_LEAST: Final = 2


class _Batch(local):
    """The batch that this thread trains on: what its rows count, and the statistics it leaves."""

    weights: Tensor | None = None
    seen: dict[int, Tensor] | None = None


_NOW: Final = _Batch()


@contextmanager
def training_batch(weights: Tensor) -> Iterator[dict[int, Tensor]]:
    """Normalise by the rows whose *weights*, shape ``(batch,)``, are above 0.

    Yields:
        The statistics that each layer is left with, by its place: means, then variances.
    """
    seen: dict[int, Tensor] = {}
    _NOW.weights, _NOW.seen = weights, seen
    try:
        yield seen
    finally:
        _NOW.weights = _NOW.seen = None


class RunningNorm(nn.Module):
    """A ``BatchNorm1d`` of rows, its statistics among its parameters.

    Args:
        norm: What it stands for.
        place: Its number among the module's.

    """

    def __init__(self, norm: nn.BatchNorm1d, place: int) -> None:
        super().__init__()
        self._eps, self._momentum, self._place = norm.eps, float(norm.momentum or 0.0), place
        self.weight, self.bias = norm.weight, norm.bias
        # Names as torch's buffers have them, so that the state is taken back by a BatchNorm1d.
        self.running_mean = nn.Parameter(_statistics(norm.running_mean))
        self.running_var = nn.Parameter(_statistics(norm.running_var))

    def forward(self, rows: Tensor) -> Tensor:
        """Normalise rows of shape ``(batch, columns)``."""
        if rows.dim() != 2:  # noqa: PLR2004 - rows and columns
            msg = f"BatchNorm1d is given {rows.dim()} dimensions, and takes (rows, columns) here"
            raise ValueError(msg)
        mean: Tensor = self.running_mean
        variance: Tensor = self.running_var
        if _NOW.weights is not None:
            mean, variance = self._of_batch(rows, _NOW.weights)
        scaled = (rows - mean) / (variance.clamp(min=0) + self._eps).sqrt()
        return scaled if self.weight is None else scaled * self.weight + self.bias

    def _of_batch(self, rows: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Give the batch's statistics, and leave the running ones moved towards them."""
        if _NOW.seen is None or self._place in _NOW.seen:
            msg = "a BatchNorm1d is called twice for a batch: give each call a layer of its own"
            raise ValueError(msg)
        inside = (weights > 0).to(rows.dtype)[:, None]
        count = inside.sum()
        mean = (inside * rows).sum(0) / count.clamp(min=1)
        variance = (inside * (rows - mean) ** 2).sum(0) / count.clamp(min=1)
        several = count >= _LEAST
        unbiased = variance * count / (count - 1).clamp(min=1)
        moved = [
            torch.where(several, torch.lerp(running, new.detach(), self._momentum), running)
            for running, new in ((self.running_mean, mean), (self.running_var, unbiased))
        ]
        _NOW.seen[self._place] = torch.cat(moved).detach()
        return (
            torch.where(several, mean, self.running_mean),
            torch.where(several, variance, self.running_var),
        )


def keep_running(module: nn.Module) -> tuple[str, ...]:
    """Put a :class:`RunningNorm` in the place of each ``BatchNorm1d`` with running statistics.

    One that averages its batches evenly (``momentum=None``) stays, since it counts them.

    Returns:
        Their names in the module, in the order of their places.
    """
    made: dict[int, RunningNorm] = {}
    names = []
    for parent_name, parent in list(module.named_modules()):
        for name, child in list(parent.named_children()):
            if type(child) is not nn.BatchNorm1d or child.momentum is None:
                continue
            if not child.track_running_stats:
                continue
            if id(child) not in made:
                made[id(child)] = RunningNorm(child, len(made))
                names.append(f"{parent_name}.{name}".removeprefix("."))
            setattr(parent, name, made[id(child)])
    return tuple(names)


def _statistics(buffer: Tensor | None) -> Tensor:
    return torch.empty(0) if buffer is None else buffer.clone()
