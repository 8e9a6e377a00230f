"""What a module must not do if it is to be trained: found out on a few rows, before a run.

Many models are trained by mapping one module over their parameters, and short batches are padded
with rows that count nothing in the loss. So a module may keep no state between calls, and a
row's scores may not depend on the rows beside it, but for batch normalisation while it is
trained. What a module does only on other rows than the few that are tried is not seen.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from fedmerit.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Rows whose scores are compared, and rows that stand beside them in one of the two tries.
_ROWS: Final = 3
#: Rounding in float32, as a part of the largest score; mixing rows moves scores by far more.
_ROUNDING: Final = 1e-4
#: Beginnings of torch's complaints, and what is behind them.
_CAUSES: Final = (
    (
        "called random operation",
        "It draws random numbers when it is called: leave out dropout and noise.",
    ),
    (
        "data-dependent control flow",
        "It branches on the values it sees: use torch.where or masks instead.",
    ),
)
_UNSUPPORTED: Final = re.compile(r"Batching rule not implemented for aten::(\w+)")


def check_state(module: nn.Module, in_features: int, kind: str) -> None:
    """Refuse a module that keeps running statistics, or changes its buffers when it is called.

    FedAvg averages parameters, not buffers. Those of batch normalisation that is trained as
    :mod:`fedmerit.federation.running_norm` has it are parameters by now.

    Raises:
        TrainingError: With the buffers' names.
    """
    running = ("running_mean", "running_var", "num_batches_tracked")
    names = [name for name, _ in module.named_buffers() if name.rpartition(".")[2] in running]
    if names:
        raise TrainingError(
            f"{kind} keeps running statistics between calls: {', '.join(names)}",
            hint="Use BatchNorm1d with a momentum, on (rows, columns), or GroupNorm, LayerNorm.",
        )
    called = deepcopy(module)
    with torch.random.fork_rng(devices=[]):
        try:
            called(_some_rows(2, in_features))
        except Exception:  # noqa: BLE001 - the batched rehearsal says what is wrong
            return
    before = dict(module.named_buffers())
    changed = [
        n for n, b in called.named_buffers() if n in before and not torch.equal(b, before[n])
    ]
    if changed:
        raise TrainingError(
            f"{kind} changes its buffers when it is called: {', '.join(changed)}",
            hint="FedAvg averages parameters alone: leave out what keeps state between calls, "
            "such as spectral normalisation.",
        )


def check_rows_apart(
    logits: Callable[[Tensor, Tensor], Tensor], initial: Tensor, in_features: int, kind: str
) -> None:
    """Refuse a module whose scores for a row depend on the other rows of its batch.

    Args:
        logits: Gives models' scores for rows, shape ``(models, rows, classes)``.
        initial: The untrained model; it may score everything 0, so others are tried too.
        in_features: Columns of a row.
        kind: What the module is called.

    Raises:
        TrainingError: With a score beside some rows and beside others.
    """
    noise = torch.randn(initial.shape, generator=torch.Generator().manual_seed(0))
    models = torch.stack([initial, initial + noise.to(initial.device)])
    rows = _some_rows(2 * _ROWS, in_features).to(initial.device)
    alone = logits(models, rows[:_ROWS])
    beside = logits(models, torch.cat([rows[:_ROWS], 10 * rows[_ROWS:]]))[:, :_ROWS]
    finite = alone[alone.isfinite()]
    rounding = _ROUNDING * max(1.0, float(finite.abs().max()) if len(finite) else 0.0)
    alike = torch.isclose(alone, beside, rtol=0.0, atol=rounding, equal_nan=True)
    if not alike.all():
        was, is_ = float(alone[~alike][0]), float(beside[~alike][0])
        raise TrainingError(
            f"{kind} scores a row otherwise beside other rows: {was:.3g} became {is_:.3g}",
            hint="Each row must be scored by itself: normalise over columns (GroupNorm, "
            "LayerNorm), not over the rows of a batch, and let rows not attend to one another.",
        )


def cause(error: Exception) -> str:
    """Say what is behind torch's refusal to map a module over many models."""
    text = str(error)
    for sign, hint in _CAUSES:
        if sign in text:
            return hint
    if unsupported := _UNSUPPORTED.search(text):
        return (
            f"torch.func has no batched form of {unsupported[1]!r}: write it with other "
            "operations, a recurrent layer as linear layers in a loop."
        )
    return "torch.func must be able to map it: no dropout, no branching on values."


def _some_rows(count: int, in_features: int) -> Tensor:
    """Draw rows, always the same ones."""
    return torch.randn((count, in_features), generator=torch.Generator().manual_seed(1))
