"""What a valuation method answers, and the form that every method has.

A value carries two errors. One is of the method: it drew some joining orders and not
others. The other is of the metric: it was measured on these validation rows and not on
others, and it stays even where the Shapley sum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fedmerit.errors import GameError
from fedmerit.incentives.game import MeasuredGame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valuation:
    """What each participant contributed, and how sure we are.

    Attributes:
        participants: Names, in the game's order.
        values: Estimates, shape ``(n,)``, in the game's unit.
        sampling_errors: One standard error of each value over the method's own draws,
            same shape and unit; 0 if the method draws nothing.
        row_values: The values of each validation row's own game, shape
            ``(n, validation rows)``, whose means are *values*; None if the game is not
            a :class:`~fedmerit.incentives.game.MeasuredGame`.
        evaluations: Distinct coalitions this valuation asked for.
        seed: The seed that, with the method and the budget, gives these numbers again.
        method: The key in ``METHODS`` that made it.
    """

    participants: tuple[str, ...]
    values: NDArray[np.float64]
    sampling_errors: NDArray[np.float64]
    row_values: NDArray[np.float64] | None
    evaluations: int
    seed: int
    method: str

    @property
    def validation_errors(self) -> NDArray[np.float64]:
        """One standard error over the draw of validation rows, shape ``(n,)``.

        0 if the game shows no rows, since its worths are then taken as they are;
        infinite if it shows a single one, which says nothing about the next.
        """
        if self.row_values is None:
            return np.zeros(len(self.participants))
        rows = self.row_values.shape[1]
        if rows == 1:
            return np.full(len(self.participants), np.inf)
        return np.asarray(self.row_values.std(axis=1, ddof=1) / np.sqrt(rows))

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """One standard error of each value, both sources together, shape ``(n,)``."""
        return np.hypot(self.sampling_errors, self.validation_errors)

    def interval(self, confidence: float = 0.95) -> NDArray[np.float64]:
        """Give each value's normal interval as ``(low, high)``, shape ``(n, 2)``.

        Args:
            confidence: The share of intervals meant to hold the true value.

        Raises:
            GameError: *confidence* is not strictly between 0 and 1.
        """
        if not 0 < confidence < 1:
            raise GameError(
                f"confidence must be above 0 and below 1, and is {confidence}",
                hint="For 95% intervals pass confidence=0.95.",
            )
        half = NormalDist().inv_cdf((1 + confidence) / 2) * self.standard_errors
        return np.stack([self.values - half, self.values + half], axis=1)


class Valuator(Protocol):
    """A valuation method: a game in, a :class:`Valuation` out, nothing kept."""

    def __call__(self, game: Game, *, budget: int, seed: int) -> Valuation:
        """Value every participant with at most *budget* distinct coalitions."""


def conclude(
    game: Game,
    by_column: NDArray[np.float64],
    *,
    method: str,
    evaluations: int,
    seed: int,
    sampling_errors: NDArray[np.float64] | None = None,
) -> Valuation:
    """Make the answer from each column's values; the last line of every method.

    Args:
        game: The game that was valued.
        by_column: Values of each column that :func:`~fedmerit.incentives.game.ask`
            gives, shape ``(n, columns)``.
        method: The method's key.
        evaluations: Distinct coalitions that were asked for.
        seed: The seed that was used.
        sampling_errors: Shape ``(n,)``; None for a method that draws nothing.
    """
    n = len(game.participants)
    return Valuation(
        participants=game.participants,
        values=by_column.mean(axis=1),
        sampling_errors=np.zeros(n) if sampling_errors is None else sampling_errors,
        row_values=by_column if isinstance(game, MeasuredGame) else None,
        evaluations=evaluations,
        seed=seed,
        method=method,
    )


def baselines(worth: float, rows: Sequence[int]) -> dict[str, NDArray[np.float64]]:
    """Split the worth of everyone as if nothing had been measured.

    A method is worth its evaluations only where it beats these two.

    Args:
        worth: Of everyone together, in the game's unit.
        rows: How many rows each participant declares, shape ``(n,)``.

    Returns:
        ``"equal"`` and ``"data-size"`` shares, each of shape ``(n,)``.

    Raises:
        GameError: A count is negative, or nobody declares a row.
    """
    sizes = np.asarray(rows, dtype=np.float64)
    if not sizes.any() or (sizes < 0).any():
        raise GameError(f"rows must not be negative, nor all zero, and are {tuple(rows)}")
    equal = np.full(len(sizes), worth / len(sizes))
    return {"equal": equal, "data-size": worth * sizes / sizes.sum()}
