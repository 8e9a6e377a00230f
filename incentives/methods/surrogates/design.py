"""Which coalitions a surrogate is fitted to: one stream, whatever the budget.

First nobody, everyone and each alone. Then coalitions drawn without repeats, each with its
complement, since a value depends on the two's difference alone, and so on half as many
unknowns. Up to twelve participants, the first of them keep apart from those before, which
matters most where there are few of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, frexp
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.sampling.plans import subsets
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.valuation import Valuation

#: Most participants whose coalitions are all predicted, by kernels without a closed form.
TABULATED: Final = 12
#: Rows drawn in one go. Not the budget's business, or what is drawn would depend on it.
_AT_ONCE: Final = 256
#: So many coalitions keep apart, each the best of so many draws by so many neighbours.
_APART: Final = 200
_DRAWS: Final = 24
_NEIGHBOURS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The coalitions that were asked for, but nobody's, and their gains over it.

    Gains are in a unit of their own, in which the largest is from 1/2 to 1 and everyone's is
    positive: what is fitted then depends neither on the game's unit nor on its sign.

    Attributes:
        inside: Membership as 0 and 1, everyone first, shape ``(m, n)``.
        gains: Worth less nobody's worth, by the game's column, shape ``(m, columns)``.
        unit: What a gain of 1 is in the game's unit: a power of 2, or less than 0.
        evaluations: Distinct coalitions asked for: m and nobody's.
        largest: Size of the largest worth, in the game's unit.
    """

    inside: NDArray[np.float64]
    gains: NDArray[np.float64]
    unit: float
    evaluations: int
    largest: float

    @property
    def mean(self) -> NDArray[np.float64]:
        """The gains of the game itself, shape ``(m,)``."""
        return np.asarray(self.gains.mean(axis=1))

    def concluded(
        self,
        game: Game,
        by_column: NDArray[np.float64],
        covariance: NDArray[np.float64],
        *,
        degrees: float,
        method: str,
        seed: int,
    ) -> Valuation:
        """Conclude from values and a covariance in the gains' unit."""
        with np.errstate(over="ignore"):  # a variance may be too large to be told
            in_unit = covariance * self.unit * self.unit
        return conclude(
            game,
            by_column * self.unit,
            method=method,
            evaluations=self.evaluations,
            seed=seed,
            covariance=in_unit,
            degrees=degrees,
            errors="cross-fit",
            scale=self.largest,
        )


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


def check_budget(n: int, method: str, budget: int) -> None:
    """Refuse a budget below :func:`needed`.

    Raises:
        BudgetTooSmall: With the budget that works.
    """
    if budget < needed(n):
        raise BudgetTooSmall(method, budget=budget, needed=needed(n), participants=n)


def ask_for(game: Game, *, method: str, budget: int, seed: int) -> Sample:
    """Ask *game* for as many coalitions as *budget* allows.

    Raises:
        BudgetTooSmall: *budget* is below :func:`needed`.
        GameError: The game breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    check_budget(n, method, budget)
    return sample(cached, stream(n, count=budget, seed=seed))


def sample(game: CachedGame, coalitions: Coalitions) -> Sample:
    """Ask for *coalitions*, nobody first and everyone next, shape ``(count, n)``."""
    worths = game.lookup(coalitions)
    gains = worths[1:] - worths[0]
    unit = _unit(gains.mean(axis=1))
    return Sample(
        inside=coalitions[1:].astype(np.float64),
        gains=gains / unit,
        unit=unit,
        evaluations=game.evaluations,
        largest=game.largest,
    )


def _unit(gains: NDArray[np.float64]) -> float:
    """Give the power of 2 above the largest gain, with everyone's sign, or the largest's."""
    largest = int(np.abs(gains).argmax())
    if gains[largest] == 0:
        return 1.0
    sign = np.sign(gains[0]) or np.sign(gains[largest])
    return float(sign * 2.0 ** (frexp(abs(gains[largest]))[1]))


def stream(n: int, *, count: int, seed: int, after: Coalitions | None = None) -> Coalitions:
    """Give the first *count* coalitions, shape ``(count, n)``; *count* is below ``2**n``.

    Args:
        n: Participants.
        count: How many coalitions.
        seed: Decides the draws.
        after: Coalitions to begin with, in place of nobody, everyone and each alone.
    """
    first = np.vstack([np.zeros(n), np.ones(n), np.eye(n)]).astype(np.bool_)
    if after is not None:
        first = after
    rows = {row.tobytes(): row for row in first}
    if n > TABULATED:
        _add(rows, ~np.eye(n, dtype=np.bool_))
    rng = generator(seed, "valuation", "surrogates")
    sizes = np.arange(2, max(n, 3))
    most = min(count, 2**n)
    while n <= TABULATED and len(rows) < min(most, _APART):
        _add(rows, _farthest(rng, int(rng.choice(sizes)), np.array(list(rows.values()))))
    while len(rows) < most:
        _add(rows, subsets(rng, rng.choice(sizes, size=_AT_ONCE), n))
    return np.array(list(rows.values()))[:count]


def _add(rows: dict[bytes, Coalitions], drawn: Coalitions) -> None:
    """Add each coalition that is new, and its complement after it."""
    for row in drawn:
        rows.setdefault(row.tobytes(), row)
        rows.setdefault((~row).tobytes(), ~row)


def _farthest(rng: np.random.Generator, size: int, chosen: Coalitions) -> Coalitions:
    """Draw coalitions of one size; give the one that differs most from its nearest.

    Counted in whole members, so that the choice is the same on every machine.
    """
    drawn = subsets(rng, np.full(_DRAWS, size), chosen.shape[1])
    gaps = np.sort((drawn[:, None] != chosen).sum(axis=2), axis=1)
    best = int(gaps[:, :_NEIGHBOURS].sum(axis=1).argmax())
    return drawn[[best]]
