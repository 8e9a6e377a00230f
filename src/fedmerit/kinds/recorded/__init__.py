"""A run that somebody else made, given as files: its updates are valued, nothing is trained.

May import `auditing`, `bundle`, `federation`, `horizontal`, `incentives`, `parts`, `report`,
`scenario`, `stages` and the ground.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedmerit.kinds.parts import Parts
    from fedmerit.kinds.recorded import (
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
