"""Who stays, who shirks and who lies: what members do over rounds when it is theirs to choose.

May import `game`, `mechanisms`, `methods`, `offers` and the ground.

Pure: nothing here trains. :mod:`fedmerit.simulation` lets a real federation run under it.
"""

from __future__ import annotations

from fedmerit.incentives.participation.actions import HONEST, QUARTERS, Action
from fedmerit.incentives.participation.lying import LIES, Lie, reported
from fedmerit.incentives.participation.provision import (
    RISING,
    SIMULATED,
    UNSIMULATED,
    Market,
    buys,
    provided,
)
from fedmerit.incentives.participation.responding import Responder
from fedmerit.incentives.participation.staying import Patience, Standing, retained
from fedmerit.incentives.participation.strategies import STRATEGIES, Fixed, Strategy

__all__ = [
    "HONEST",
    "LIES",
    "QUARTERS",
    "RISING",
    "SIMULATED",
    "STRATEGIES",
    "UNSIMULATED",
    "Action",
    "Fixed",
    "Lie",
    "Market",
    "Patience",
    "Responder",
    "Standing",
    "Strategy",
    "buys",
    "provided",
    "reported",
    "retained",
]
