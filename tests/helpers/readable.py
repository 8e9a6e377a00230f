"""Games in the form that a method reads."""

from __future__ import annotations

from fedmerit.incentives import METHODS
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods.traits import Reads


def readable(method, game):
    """Give a game without rounds as a run of one to a method of rounds; else as it is."""
    of_rounds = METHODS[method].reads is Reads.ROUNDS and not hasattr(game, "rounds")
    return SummedGame([game]) if of_rounds else game
