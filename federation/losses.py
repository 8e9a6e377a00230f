"""What training makes small, and what models are measured by: losses of single rows.

Classes come as int64 labels with a score for each class, and cost cross-entropy. A quantity comes
as float32 labels, standardised, with one score, and costs half its squared error: the negative
log-likelihood of a normal distribution whose standard deviation is that of the label over the
training rows, but for a constant.
"""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING, Final

from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from torch import Tensor

#: The log-likelihood of a quantity that is predicted exactly, in nats.
DENSEST: Final = -0.5 * log(2 * pi)


def is_quantity(labels: Tensor) -> bool:
    """Say whether labels are a quantity, and no classes."""
    return labels.is_floating_point()


def row_losses(scores: Tensor, labels: Tensor) -> Tensor:
    """Give each row's loss, shape ``(rows,)``, from its scores, ``(rows, outputs)``."""
    if is_quantity(labels):
        return (scores.squeeze(-1) - labels).square() / 2
    return cross_entropy(scores, labels, reduction="none")


def density(scores: Tensor, labels: Tensor) -> Tensor:
    """Give a quantity's log-likelihood, in nats, float64, shape ``(models, rows)``.

    Args:
        scores: Predictions, shape ``(models, rows, 1)``.
        labels: Shape ``(rows,)``.
    """
    return DENSEST - (scores.double().squeeze(-1) - labels.double()).square() / 2
