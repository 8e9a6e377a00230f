"""Surrogates: models of a game, fitted to few coalitions, whose values are known exactly.

May import `enumeration`, `exact`, `game`, `games`, `sampling`, `traits`, `valuation` and the
ground.
"""

from __future__ import annotations

from fedmerit.incentives.methods.surrogates.ensemble import surrogate
from fedmerit.incentives.methods.surrogates.gaussian import gaussian_process
from fedmerit.incentives.methods.surrogates.trees import regression_adjusted

__all__ = ["gaussian_process", "regression_adjusted", "surrogate"]
