"""A game's worths as one table, which every division of it reads.

Bit *i* of an index says whether participant *i* is in, and nobody is worth 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import RewardError
from fedmerit.incentives.game import ask
from fedmerit.incentives.methods.enumeration import every_coalition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.payments import RoundInput

MAX_MEMBERS: Final = 20


def table(round_: RoundInput) -> NDArray[np.float64]:
    """Ask the round's game for every coalition; give worths beyond nobody's, ``(2**n,)``.

    Raises:
        RewardError: There are more than 20 participants.
        GameError: The game breaks its contract, as with worths that are NaN.
    """
    n = len(round_.participants)
    if round_.game is None or n > MAX_MEMBERS:
        raise RewardError(
            f"{n} participants have 2**{n} coalitions, and dividing a game looks at each",
            hint=f"Value at most {MAX_MEMBERS} groups of members, or pay by estimated values.",
        )
    worths = ask(round_.game, every_coalition(n)).mean(axis=1)
    return np.asarray(worths - worths[0])


def gains(worths: NDArray[np.float64], member: int) -> NDArray[np.float64]:
    """Give what *member* adds to each coalition of the others, ``(2**(n-1),)``."""
    split = worths.reshape(-1, 2, 2**member)
    return np.asarray((split[:, 1] - split[:, 0]).reshape(-1))


def members(worths: NDArray[np.float64]) -> int:
    """Give how many participants a table is of."""
    return len(worths).bit_length() - 1
