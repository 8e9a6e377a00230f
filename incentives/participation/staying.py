"""When a member leaves: what it gets falls behind what it could have elsewhere, and stays there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedmerit.errors import RewardError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a member bears it.

    Attributes:
        memory: How much of its average each round leaves as it was, 0 to below 1.
        rounds: So many rounds in a row below what it has elsewhere, and it leaves.
    """

    memory: float = 0.5
    rounds: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.memory < 1 or self.rounds < 1:
            raise RewardError(
                f"patience has a memory of 0 to below 1 and 1 round or more, not {self}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a member makes of its rounds so far.

    Attributes:
        average: Of what it got beyond its outside option, moving, 0 at first; base units.
        below: Rounds in a row that left the average below 0.
    """

    average: float = 0.0
    below: int = 0

    def after(self, surplus: float, patience: Patience) -> Standing:
        """Give the standing after a round that came to *surplus* beyond the outside option."""
        average = patience.memory * self.average + (1 - patience.memory) * surplus
        return Standing(average=average, below=self.below + 1 if average < 0 else 0)

    def leaves(self, patience: Patience) -> bool:
        """Say whether the member has had enough. An average of exactly 0 keeps it."""
        return self.below >= patience.rounds


def retained(exits: Sequence[int | None], rounds: int) -> list[float]:
    """Give the share of members still there after each round, from round 0 on.

    Args:
        exits: The round after which each left; None for who stayed.
        rounds: How many there were.
    """
    return [
        sum(left is None or left > number for left in exits) / len(exits)
        for number in range(rounds + 1)
    ]
