"""Simulations: one real federation under several mechanisms, with members that may leave.

May import `federation`, `incentives`, `kinds`, `report`, `scenario` and the ground.

Start with :func:`simulate`.
"""

from __future__ import annotations

from fedmerit.simulation.results import Comparison
from fedmerit.simulation.running import simulate
from fedmerit.simulation.settings import Simulation

__all__ = ["Comparison", "Simulation", "simulate"]
