"""Members own different columns about the same people and train on protected numbers.

May import `auditing`, `bundle`, `chain`, `federation`, `incentives`, `parts`, `reading`,
`report`, `scenario`, `scores`, `stages` and the ground.
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
        scoring,
        simulation,
        stages,
        summary,
    )

    _PARTS: Parts = (scenario, stages, report, summary, auditing, retraining, simulation, scoring)
