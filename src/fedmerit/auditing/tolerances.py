"""How far what was trained or measured on another machine may differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle

#: Share of a parameter's largest magnitude by which a model trained elsewhere may differ.
MODEL_TOLERANCE: Final = 1e-3
#: By how much a coalition's gain on one validation row may differ when trained elsewhere.
GAIN_TOLERANCE: Final = 1e-3
#: Share of rows on which a model measured elsewhere may be right where it was wrong: two
#: classes all but tie.
TIES: Final = 1e-5


def ties_of(bundle: Bundle, off: NDArray[np.float64]) -> float:
    """Give how many of the measurements *off* may differ by a tie: none of a log-likelihood."""
    return TIES * off.size if bundle.scenario.valuation.metric == "accuracy" else 0.0
