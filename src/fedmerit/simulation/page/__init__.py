"""A comparison as one HTML page, in the report's style.

May import `deviating`, `figures`, `report`, `results` and the ground.
"""

from __future__ import annotations

from fedmerit.simulation.page.page import render

__all__ = ["render"]
