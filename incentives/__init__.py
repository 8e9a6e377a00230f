"""Who contributed what, and what each is paid: games, valuation, mechanisms.

May import the ground.

Start with :func:`value` and :data:`MECHANISMS`. Nothing here needs torch or a chain.
"""

from __future__ import annotations

from fedmerit.incentives.apportionment import apportion
from fedmerit.incentives.game import Coalitions, Game, MeasuredGame, RowWorths, TableGame, Worths
from fedmerit.incentives.games.cache import CachedGame, RecordedGame
from fedmerit.incentives.games.repeats import RepeatedGame
from fedmerit.incentives.mechanisms import MEASURED, MECHANISMS, SETTLED, Mechanism, reward
from fedmerit.incentives.methods import AUTO, METHODS, value
from fedmerit.incentives.payments import (
    Estimate,
    Outcome,
    PayoutStep,
    RoundInput,
    estimates,
    explain,
)
from fedmerit.incentives.valuation import Valuation, Valuator, baselines
from fedmerit.units import NANO, PPM

__all__ = [
    "AUTO",
    "MEASURED",
    "MECHANISMS",
    "METHODS",
    "NANO",
    "PPM",
    "SETTLED",
    "CachedGame",
    "Coalitions",
    "Estimate",
    "Game",
    "MeasuredGame",
    "Mechanism",
    "Outcome",
    "PayoutStep",
    "RecordedGame",
    "RepeatedGame",
    "RoundInput",
    "RowWorths",
    "TableGame",
    "Valuation",
    "Valuator",
    "Worths",
    "apportion",
    "baselines",
    "estimates",
    "explain",
    "reward",
    "value",
]
