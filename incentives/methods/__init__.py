"""Valuation methods: samplers, fitted models, exact sums, cores, and those of a run's rounds.

May import `game`, `games`, `measures`, `spreads`, `valuation` and the ground.

Start with :func:`value`; :data:`METHODS` is the list.
"""

from __future__ import annotations

from fedmerit.incentives.methods.catalogue import (
    AUTO,
    METHODS,
    SHAPLEY,
    choice,
    reads_rounds,
    value,
)

__all__ = ["AUTO", "METHODS", "SHAPLEY", "choice", "reads_rounds", "value"]
