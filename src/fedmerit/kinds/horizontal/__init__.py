"""Members own rows of one table's form and train by federated averaging.

May import `auditing`, `bundle`, `federation`, `incentives`, `parts`, `reading`, `report`,
`scenario`, `scores`, `stages` and the ground.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedmerit.kinds.horizontal import (
        auditing,
        report,
        retraining,
        scenario,
        scoring,
        simulation,
        stages,
        summary,
    )
    from fedmerit.kinds.parts import Parts

    _PARTS: Parts = (scenario, stages, report, summary, auditing, retraining, simulation, scoring)
