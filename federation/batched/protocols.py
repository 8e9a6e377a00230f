"""What the parts of batched evaluation agree on; names none of them.

A coalition's model is ``base + scale * (the sum of its members' steps)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    #: Scores logits, shape ``(models, rows, classes)``, of the rows in a slice: float64,
    #: shape ``(models, rows)``.
    Score = Callable[[Tensor, slice], Tensor]


class Evaluation(Protocol):
    """Scores the models ``base + scale * (mask @ steps)`` on fixed rows."""

    def measure(self, mask: Tensor, scale: Tensor, score: Score, /) -> Tensor:
        """Score the model of each coalition.

        Args:
            mask: Whose steps count, Boolean, shape ``(coalitions, steps)``.
            scale: What multiplies their sum, float64, shape ``(coalitions,)``.
            score: Scores the models' logits.

        Returns:
            Shape ``(models, rows)``, float64, on the CPU.

        """


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What is known of some coalitions before any row.

    Attributes:
        lines: What each adds up, as lines of a table, shape ``(coalitions, groups)``.
        scale: What multiplies that sum, shape ``(coalitions,)``.
        layers: Weights and biases of each coalition's later layers, shape ``(units / u,
            coalitions, width, u)`` and ``(coalitions, width, 1)``. In the first of them u is as
            many units as are taken at a time; after that, all.

    """

    lines: Tensor
    scale: Tensor
    layers: list[tuple[Tensor, Tensor]]


class Entrance(Protocol):
    """Takes coalitions through the first layers on one tile of rows after another."""

    def start(self, products: Tensor, /) -> None:
        """Turn to another tile, by what base and steps make of it.

        Products are ``(width / u, 1 + steps, u, rows)``, with u as in :class:`Block`.
        """

    def enter(self, part: slice, /) -> Tensor:
        """Give what some coalitions make of the tile, before ReLU."""

    def judge(self, logits: Tensor, score: Score, rows: slice, /) -> Tensor:
        """Score logits, ``(coalitions, classes, tile's rows)``, of those rows that are there."""
