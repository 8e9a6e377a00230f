"""Surrogates: models of a game, fitted to few coalitions, whose values are known exactly."""

from __future__ import annotations

from fedmerit.incentives.surrogates.ensemble import surrogate
from fedmerit.incentives.surrogates.gaussian import gaussian_process
from fedmerit.incentives.surrogates.trees import regression_adjusted

__all__ = ["gaussian_process", "regression_adjusted", "surrogate"]
