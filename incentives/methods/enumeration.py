"""All coalitions of a few participants, and the Shapley values of a whole table of worths.

Sums run over coalitions in one fixed order and without BLAS, whose result depends on the
machine's thread count, so that an auditor elsewhere gets the same values to the last bit.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.coalitions import coalitions_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions


def every_coalition(n: int) -> Coalitions:
    """Give all coalitions of *n* participants, shape ``(2**n, n)``, the empty one first."""
    return coalitions_of(range(2**n), n)


def shapley_of_table(worths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the Shapley values of a whole table, ``(2**n,)`` in the order of their codes.

    Bit *i* of a coalition's code says whether participant *i* is in. Values have shape
    ``(n,)``; the work is n passes over the table, and memory one copy of half of it.
    """
    n = len(worths).bit_length() - 1
    # A coalition of the others has a code of n - 1 bits, whichever bit is left out.
    sizes = np.zeros(1, dtype=np.uint8)
    for _ in range(n - 1):
        sizes = np.concatenate([sizes, sizes + 1])
    weights = joining_weights(n)[sizes]
    values = np.empty(n)
    for i in range(n):
        split = worths.reshape(-1, 2, 2**i)
        gains = split[:, 1] - split[:, 0]
        gains *= weights.reshape(gains.shape)
        values[i] = gains.sum()
    return values


def joining_weights(n: int) -> NDArray[np.float64]:
    """Give what joining s others weighs, as the float nearest to s! (n-s-1)! / n!."""
    return np.array([1 / (n * comb(n - 1, s)) for s in range(n)])
