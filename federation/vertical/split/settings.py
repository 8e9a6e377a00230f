"""How split learning trains; it names nobody, so that all its parts may name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fedmerit.errors import TrainingError
from fedmerit.federation.models import ModelSpec
from fedmerit.federation.privacy import releases
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.protection.paillier import KEY_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """Split learning by mini-batch gradient descent."""

    bottom: ModelSpec = field(default_factory=ModelSpec)
    """The parties' networks, from their columns to an embedding."""
    top: ModelSpec = field(default_factory=ModelSpec)
    """The label holder's network, from the embeddings to two classes."""
    width: int = 4
    """Columns of an embedding."""
    epochs: int = 10
    """Passes over the rows."""
    batch_size: int = 64
    """Rows in one step."""
    learning_rate: float = 0.1
    """Step size."""
    labels: NoiseSettings = field(default_factory=NoiseSettings)
    """How the label holder protects labels: clips and noises gradients."""
    features: NoiseSettings = field(default_factory=NoiseSettings)
    """How the other parties protect features: clip and noise embeddings, and their own steps."""
    forward: Literal["plain", "encrypted"] = "plain"
    """Embeddings side by side in the clear, or added up under encryption."""
    key_bits: int = KEY_BITS
    """Length of Paillier's modulus; below 2,048 for tests only."""

    def __post_init__(self) -> None:
        for name in ("width", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise TrainingError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise TrainingError(f"learning_rate must be above 0, got {self.learning_rate}")

    def label_releases(self, runs: int = 1) -> int:
        """Count what shows a row's label, in so many trainings."""
        return releases.label_releases(self.epochs, runs)

    def feature_releases(self, runs: int = 1) -> int:
        """Count what shows a row's features, in so many trainings."""
        return releases.feature_releases(self.epochs, runs)
