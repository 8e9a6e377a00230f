"""Scores of very many models that are each one model plus weighted steps.

A coalition's model is ``base + scale * (the sum of its members' steps)``. Models that come
with the package go the fast way of :mod:`~fedmerit.federation.batched.layered`; any other module is
mapped over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from fedmerit.federation.batched.layered import Layered
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.batched.tiles import padded, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from fedmerit.federation.batched.protocols import Evaluation, Score
    from fedmerit.federation.models import Network

#: Models that a module of any kind is mapped over at once.
_MAPPED: Final = 8
#: Logits that those may take.
_MAPPED_LOGITS: Final = 2**22
#: Products below this cannot overflow float32 when they are added up.
_SAFE: Final = 1e37


def evaluation(
    build: Callable[[], Network],
    *,
    base: Tensor,
    steps: Tensor,
    rows: Tensor,
    classes: int,
    memory_bytes: int,
    apart: bool = True,
) -> Evaluation:
    """Choose the fastest evaluation that fits the model.

    Args:
        build: Makes the network whose parameters *base* and *steps* are.
        base: Parameters, float32, shape ``(parameters,)``.
        steps: Shape ``(steps, parameters)``, float64.
        rows: Features, shape ``(rows, columns)``.
        classes: Scores per row.
        memory_bytes: Products of base and steps that may be kept from call to call.
        apart: Whether rows may be scored apart, some at a time.

    """
    built = build()
    if built.widths and apart:
        stacked = torch.cat([base[None].double(), steps]).float()
        # Zero times infinity is no number, and would spoil the coalitions without the step.
        reach = float(rows.abs().sum(dim=1).max()) + 1
        if float(stacked.abs().amax(dim=1).sum()) * reach < _SAFE:
            return Layered(stacked, rows, built.widths, memory_bytes=memory_bytes)
    return Mapped(build, base, steps, rows, classes)


class Mapped:
    """Any module, mapped over a few models at a time: right, and not much faster than a loop."""

    def __init__(
        self,
        build: Callable[[], Network],
        base: Tensor,
        steps: Tensor,
        rows: Tensor,
        classes: int,
    ) -> None:
        self._build = build
        self._networks: list[Network] = []
        self._base, self._steps, self._rows = base.double(), steps, rows
        self._at_once = min(_MAPPED, max(1, _MAPPED_LOGITS // (len(rows) * classes)))

    def measure(self, mask: Tensor, scale: Tensor, score: Score, /) -> Tensor:
        """Score the model of each coalition, as :class:`~.protocols.Evaluation` says."""
        result = torch.empty((len(mask), len(self._rows)), dtype=torch.float64)
        filled = padded(mask * scale[:, None], self._at_once).to(self._steps)
        whole = slice(0, len(self._rows))
        workers = torch.get_num_threads()
        # A module is lent the parameters it runs with, so each worker needs one of its own.
        self._networks += [self._build() for _ in range(workers - len(self._networks))]
        unused = list(self._networks)

        def work(jobs: Iterator[int]) -> None:
            built = unused.pop()
            for job in jobs:
                part = slice(job * self._at_once, (job + 1) * self._at_once)
                models = (self._base + filled[part] @ self._steps).float()
                scored = score(built.logits(models, self._rows), whole)
                result[part] = scored[: len(result[part])].cpu()

        with single_thread():
            share(work, len(filled) // self._at_once, workers)
        return result
