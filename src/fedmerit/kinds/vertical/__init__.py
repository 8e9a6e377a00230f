"""Members own different columns about the same people and train on protected numbers.

May import every room below :mod:`fedmerit.simulation`. Everything after the valuation, from the
mechanism to the audit of the chain, is what it is for owners of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedmerit.kinds.parts import Parts
    from fedmerit.kinds.vertical import (
        auditing,
        report,
        retraining,
        scenario,
        simulation,
        stages,
        summary,
    )

    _PARTS: Parts = (scenario, stages, report, summary, auditing, retraining, simulation)
