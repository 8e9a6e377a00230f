"""A label that is a quantity: its scale, which training takes out and reports put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Labels = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a federation predicts that predicts no class.

    Models are trained on it with mean 0 and standard deviation 1. Both are of everybody's training
    rows, so they are sums that secure aggregation could make.

    Attributes:
        name: The label column.
        mean: Over the training rows, in the label's unit.
        deviation: Standard deviation over them, likewise; above 0.
    """

    name: str
    mean: float
    deviation: float

    def standardised(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Take mean and deviation out, shape ``(rows,)``."""
        return ((values - self.mean) / self.deviation).astype(np.float32)


def quantity_of(
    name: str, values: NDArray[np.float64], training: Sequence[NDArray[np.int64]]
) -> Quantity:
    """Give the scale of a label.

    Args:
        name: The label column.
        values: Of every row, shape ``(rows,)``.
        training: Each member's training rows.

    Raises:
        DataError: All training rows say the same, or differ by more than float64 can square.
    """
    # Of rows in one order, whoever holds them: who takes part changes no rounding.
    rows = np.sort(np.concatenate([values[own] for own in training]))
    # Numbers of one size, so that no square overflows.
    size = float(np.abs(rows).max(initial=0.0)) or 1.0
    scaled = rows / size
    mean, deviation = float(scaled.mean()) * size, float(scaled.std()) * size
    if not len(rows) or not 0 < deviation < np.inf or not (scaled != scaled[0]).any():
        raise DataError(
            f"all training rows have the same {name!r}",
            hint="There is nothing to learn; add rows, or choose another label column.",
        )
    return Quantity(name=name, mean=mean, deviation=deviation)
