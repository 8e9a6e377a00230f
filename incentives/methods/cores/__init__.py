"""The least core and the nucleolus, and the linear programs behind them.

May import `enumeration`, `game`, `spreads`, `traits`, `valuation` and the ground.
"""

from __future__ import annotations

from fedmerit.incentives.methods.cores.cores import least_core, nucleolus

__all__ = ["least_core", "nucleolus"]
