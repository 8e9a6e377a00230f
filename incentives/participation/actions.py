"""What a member can choose in a round: how much it works, and what it asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from fedmerit.errors import RewardError

#: Work is counted in quarters of a round's local steps: a federation trains each of them.
QUARTERS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a member does in one round.

    Attributes:
        effort: Quarters of the agreed steps; with 0 it sends the model's last move again.
        ask: What it asks for, in multiples of what the work costs it.
    """

    effort: int = QUARTERS
    ask: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if not 0 <= self.effort <= QUARTERS or self.ask < 0:
            raise RewardError(
                f"an action is of 0 to {QUARTERS} quarters and asks for 0 or more, not {self}"
            )


HONEST: Final = Action()
