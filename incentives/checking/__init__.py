"""Property checks: whether a mechanism keeps what it claims, and what it costs where not.

May import `mechanisms`, `methods`, `offers`, `payments` and the ground.

Start with :func:`check`.
"""

from __future__ import annotations

from fedmerit.incentives.checking.checker import CHECKS, GRID, TRIALS, check
from fedmerit.incentives.checking.results import Attempt, PropertyResult, Verdict, merged
from fedmerit.incentives.checking.samplers import SAMPLERS, sampler_of
from fedmerit.incentives.checking.setting import UNIT, Setting

__all__ = [
    "CHECKS",
    "GRID",
    "SAMPLERS",
    "TRIALS",
    "UNIT",
    "Attempt",
    "PropertyResult",
    "Setting",
    "Verdict",
    "check",
    "merged",
    "sampler_of",
]
