"""Members own rows of one table's form, and coalitions' rows are pooled for an estimator.

May import `auditing`, `bundle`, `chain`, `federation`, `horizontal`, `incentives`, `parts`,
`report`, `scenario`, `scores`, `stages` and the ground.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedmerit.kinds.parts import Parts
    from fedmerit.kinds.pooled import (
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
