"""Property checks: does a mechanism keep what it claims, and what does it cost where not?

Start with :func:`check`.
"""

from __future__ import annotations

from fedmerit.incentives.checking.checker import CHECKS, TRIALS, check
from fedmerit.incentives.checking.results import Attempt, PropertyResult, Verdict
from fedmerit.incentives.checking.samplers import SAMPLERS, sampler_of
from fedmerit.incentives.checking.setting import UNIT, Setting

__all__ = [
    "CHECKS",
    "SAMPLERS",
    "TRIALS",
    "UNIT",
    "Attempt",
    "PropertyResult",
    "Setting",
    "Verdict",
    "check",
    "sampler_of",
]
