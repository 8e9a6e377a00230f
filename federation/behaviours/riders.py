"""Free-riders: members without rows that send what costs nothing to make.

What they send is made of the global models alone, which every member is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import torch

from fedmerit.federation.behaviours.protocol import check_noise

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from fedmerit.federation.behaviours.protocol import ClientContext, Rows

#: Standard deviation of a disguise before the global model has moved, when there is no scale.
_BLIND: Final = 1e-2


@dataclass(frozen=True, slots=True)
class FreeRider:
    """Sends back the global model it was sent: no rows, no work, a zero update."""

    needs_rows: ClassVar[bool] = False

    def prepare(self, rows: Rows, _classes: int, _stream: np.random.Generator, /) -> Rows:
        """Hand in no rows, whatever it has."""
        features, labels = rows
        return features[:0], labels[:0]

    def steps(self, _agreed: int, /) -> int:
        """Take none."""
        return 0

    def send(self, updates: Tensor, _exchange: ClientContext, /) -> Tensor:
        """Send zeros."""
        return updates.new_zeros(updates.shape)


@dataclass(frozen=True, slots=True)
class StaleRider(FreeRider):
    """Sends the global model's last move as if it were its own work.

    The delta weights attack of Lin et al. (2019). In round 1 nothing has moved: it sends zeros.
    """

    def send(self, _updates: Tensor, context: ClientContext, /) -> Tensor:
        """Send the last move."""
        return context.before - context.previous


@dataclass(frozen=True, slots=True)
class DisguisedRider(FreeRider):
    """Sends Gaussian noise as large as the global model's last move, on top of a share of it.

    Noise on the model itself is the disguise of Fraboni et al. (2021), noise on the last
    move that of Lin et al. (2019).
    """

    noise: float = 1.0
    """Norm of the noise, in norms of the last move, 0 or more."""
    copied: float = 0.0
    """Share of the last move that it sends beneath the noise."""

    def __post_init__(self) -> None:
        check_noise(self.noise)

    def send(self, updates: Tensor, context: ClientContext, /) -> Tensor:
        """Send the noise; one draw for all models, each scaled to its own last move."""
        move = context.before - context.previous
        drawn = torch.from_numpy(context.stream.standard_normal(updates.shape[1])).to(updates)
        spread = move.double().square().mean(dim=1, keepdim=True).sqrt().to(updates)
        spread = spread.where(spread > 0, _BLIND)
        return self.copied * move + self.noise * spread * drawn
