"""Games in the form that a method reads."""

from __future__ import annotations

from fedmerit.incentives import METHODS
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods.traits import Reads


def readable(method, game):
    """Give *game* as a run of one round to a method that values rounds, and as it is to others."""
    return SummedGame([game]) if METHODS[method].reads is Reads.ROUNDS else game
