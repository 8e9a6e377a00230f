"""Who looks as if it does not play fair, and how well a score tells.

May import `game`, `methods`, `spreads` and the ground.

Start with :func:`suspicion`.
"""

from __future__ import annotations

from fedmerit.incentives.detection.auroc import AUROC, auroc
from fedmerit.incentives.detection.suspicion import Suspicion, deviations, suspicion

__all__ = ["AUROC", "Suspicion", "auroc", "deviations", "suspicion"]
