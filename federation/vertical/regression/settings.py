"""How an encrypted regression is trained; it names nobody, so that all its parts may name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from fedmerit.errors import TrainingError
from fedmerit.federation.privacy import releases
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.protection.paillier import KEY_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

#: Binary places of columns.
FEATURE_BITS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionSettings:
    """Mini-batch gradient descent, one step a batch."""

    kind: Literal["logistic", "linear"] = "logistic"
    """What is predicted: a probability or a number."""
    sigmoid: Literal["taylor", "exact"] = "taylor"
    """Logistic loss by its second-order Taylor expansion at 0, or exact by masked exponentials."""
    coordinator: Literal["third party", "label holder"] = "label holder"
    """Who decrypts: a third party without data, or nobody but the parties themselves."""
    epochs: int = 10
    """Passes over the rows, at most."""
    batch_size: int = 256
    """Rows in one step."""
    learning_rate: float = 0.1
    """Step size."""
    l2: float = 0.0
    """What the loss adds of half the squared norm of the weights; the intercept is left out."""
    whiten: bool = False
    """Whether each party makes its own columns uncorrelated first; weights are then of those in
    ``l2`` and ``tolerance``."""
    tolerance: float = 1e-3
    """Training ends once an epoch moves no party's weights by this share of their norm."""
    gradient_noise: NoiseSettings = field(default_factory=NoiseSettings)
    """Noise that whoever opens a gradient adds to it, in norms of a party's row; longer rows are
    shortened to ``clip``."""
    column_bits: int = FEATURE_BITS
    """Binary places that each party's columns are rounded to; sums of coarser ones tell less."""
    key_bits: int = KEY_BITS
    """Length of Paillier's modulus; below 2,048 for tests only."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise TrainingError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 < self.learning_rate < inf or not 0 <= self.l2 < inf or not self.tolerance >= 0:
            raise TrainingError(
                f"learning_rate={self.learning_rate}, l2={self.l2}, tolerance={self.tolerance}",
                hint="The first must be above 0, the others at least 0.",
            )
        if not 0 <= self.column_bits <= FEATURE_BITS:
            raise TrainingError(
                f"column_bits must be from 0 to {FEATURE_BITS}, got {self.column_bits}"
            )
        if self.column_bits < FEATURE_BITS and self.gradient_noise.clip is not None:
            raise TrainingError(
                f"column_bits = {self.column_bits} rounds columns after they were cut to a norm",
                hint="Leave column_bits out where gradients have noise, which hides their last "
                "places anyway.",
            )
        if self.gradient_noise.micro_batch != 1:
            raise TrainingError("the rows of a gradient are clipped one by one: micro_batch is 1")
        if self.gradient_noise.noise and (self.kind, self.sigmoid) != ("logistic", "taylor"):
            raise TrainingError(
                f"noise on gradients has no epsilon where the loss is {self.kind} and its sigmoid "
                f"{self.sigmoid}: a label could move a residual by any number",
                hint="Use sigmoid = 'taylor' for a logistic regression.",
            )

    def used(self, rows: Matrix) -> Matrix:
        """Give a party's rows as it multiplies by them: cut to a norm, or rounded."""
        rows = self.gradient_noise.shortened(rows)
        if self.column_bits == FEATURE_BITS:
            return rows
        return np.asarray(np.rint(rows * 2.0**self.column_bits) / 2.0**self.column_bits)

    def releases(self, parties: int, runs: int = 1) -> int:
        """Count the gradients that show a row's label, in so many trainings."""
        return releases.gradient_releases(self.epochs, parties, runs)


#: The third party's name.
THIRD_PARTY: Final = "third party"
