"""Which coalitions a surrogate is fitted to: one stream, whatever the budget.

First nobody, everyone and each alone. Then coalitions drawn without repeats: up to twelve
participants small ones more often, since most games saturate and what is to be learned happens
where few have joined; above, all sizes alike and each with its complement, since a value
depends on the two's difference alone, and so on half as many unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.cache import CachedGame
from fedmerit.incentives.drawing import subsets
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game

#: Most participants whose coalitions are all predicted, by kernels without a closed form.
TABULATED: Final = 12
#: Rows drawn in one go. Not the budget's business, or what is drawn would depend on it.
_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The coalitions that were asked for, but nobody's, and their gains over it.

    Attributes:
        inside: Membership as 0 and 1, everyone first, shape ``(m, n)``.
        gains: Worth less nobody's worth, by the game's column, shape ``(m, columns)``.
        evaluations: Distinct coalitions asked for: m and nobody's.
    """

    inside: NDArray[np.float64]
    gains: NDArray[np.float64]
    evaluations: int

    @property
    def mean(self) -> NDArray[np.float64]:
        """The gains of the game itself, shape ``(m,)``."""
        return np.asarray(self.gains.mean(axis=1))


def leverage(inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how much each coalition's worth moves each value, shape ``(rows, n)``."""
    n = inside.shape[1]
    sizes = inside.sum(axis=1).astype(np.int64)
    joins = np.array([0.0] + [1 / (n * comb(n - 1, s - 1)) for s in range(1, n + 1)])
    stays = np.array([1 / (n * comb(n - 1, s)) for s in range(n)] + [0.0])
    return np.asarray(np.where(inside > 0, joins[sizes][:, None], -stays[sizes][:, None]))


def needed(n: int) -> int:
    """Give the least budget: as many coalitions again as nobody, everyone and each alone."""
    return int(min(2 * n + 2, 2**n))


def ask_for(game: Game, *, method: str, budget: int, seed: int) -> Sample:
    """Ask *game* for as many coalitions as *budget* allows.

    Raises:
        BudgetTooSmall: *budget* is below :func:`needed`.
        GameError: The game breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    if budget < needed(n):
        raise BudgetTooSmall(method, budget=budget, needed=needed(n), participants=n)
    coalitions = stream(n, count=budget, seed=seed)
    worths = cached.lookup(coalitions)
    return Sample(
        inside=coalitions[1:].astype(np.float64),
        gains=worths[1:] - worths[0],
        evaluations=cached.evaluations,
    )


def stream(n: int, *, count: int, seed: int) -> Coalitions:
    """Give the first *count* coalitions, shape ``(count, n)``; *count* is below ``2**n``."""
    known = np.vstack([np.zeros(n), np.ones(n), np.eye(n)]).astype(np.bool_)
    rows = {row.tobytes(): row for row in known}
    if paired := n > TABULATED:
        rows.update((row.tobytes(), row) for row in ~np.eye(n, dtype=np.bool_))
    rng = generator(seed, "valuation", "surrogates")
    sizes = np.arange(2, max(n, 3))
    weights = np.ones(len(sizes)) if paired else 1 / np.sqrt(sizes)
    while len(rows) < min(count, 2**n):
        drawn = subsets(rng, rng.choice(sizes, size=_AT_ONCE, p=weights / weights.sum()), n)
        for row in drawn:
            rows.setdefault(row.tobytes(), row)
            if paired:
                rows.setdefault((~row).tobytes(), ~row)
    return np.array(list(rows.values()))[:count]
