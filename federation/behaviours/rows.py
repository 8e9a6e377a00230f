"""Members whose rows are bad: wrong labels, noisy features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedmerit.errors import TrainingError
from fedmerit.federation.behaviours.protocol import Plain, check_noise

if TYPE_CHECKING:
    import numpy as np

    from fedmerit.federation.behaviours.protocol import Rows


@dataclass(frozen=True, slots=True)
class LabelFlip(Plain):
    """Trains on rows of which a share has another class's label.

    The new label is uniform over the other classes, so with two classes it is the other one. A
    quantity is mirrored about its training mean.
    """

    share: float = 0.6
    """Share of its labels that are wrong, in [0, 1]."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise TrainingError(
                f"a share of {self.share} labels cannot be flipped",
                hint="Give a share between 0 and 1.",
            )

    def prepare(self, rows: Rows, classes: int, stream: np.random.Generator, /) -> Rows:
        """Flip the stated share of the labels, to the nearest row."""
        features, labels = rows
        wrong = stream.permutation(len(labels))[: round(self.share * len(labels))]
        flipped = labels.copy()
        if not classes:
            flipped[wrong] *= -1
            return features, flipped
        flipped[wrong] += stream.integers(1, classes, size=len(wrong))
        return features, flipped % classes


@dataclass(frozen=True, slots=True)
class FeatureNoise(Plain):
    """Trains on features with Gaussian noise on them, as a bad sensor gives.

    The low quality that valuation studies plant (Song et al., 2019; Liu et al., 2022).
    """

    noise: float = 1.0
    """Standard deviation of the noise, in the column's own over its rows; 0 or more."""

    def __post_init__(self) -> None:
        check_noise(self.noise)

    def prepare(self, rows: Rows, _classes: int, stream: np.random.Generator, /) -> Rows:
        """Add noise to every column that varies over its rows."""
        features, labels = rows
        if not len(labels):
            return rows
        drawn = stream.standard_normal(features.shape)
        noisy = features + self.noise * features.std(axis=0, dtype="f8") * drawn
        return noisy.astype(features.dtype), labels
