"""What a valuation method answers, and the form that every method has.

A value carries two errors. One is of the method: it drew some joining orders and not
others. The other is of the metric: it was measured on these validation rows and not on
others, and it stays even where the Shapley sum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from scipy.special import ndtr, stdtrit

from fedmerit.errors import GameError
from fedmerit.incentives.game import MeasuredGame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game


#: How a method's sampling errors were found: it draws nothing; from the spread of
#: independent draws; from draws made again out of those at hand; from coalitions that a
#: fitted model had not seen.
ErrorKind = Literal["none", "analytic", "bootstrap", "cross-fit"]


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Where an estimate stood when it had spent part of its budget.

    Attributes:
        evaluations: Distinct coalitions asked for by then.
        values: Estimates, shape ``(n,)``.
        standard_errors: Of both sources together, shape ``(n,)``.
    """

    evaluations: int
    values: NDArray[np.float64]
    standard_errors: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valuation:
    """What each participant contributed, and how sure we are.

    Attributes:
        participants: Names, in the game's order.
        values: Estimates, shape ``(n,)``, in the game's unit.
        sampling_covariance: Of the values over the method's own draws, shape ``(n, n)``,
            in the game's unit squared; 0 if the method draws nothing.
        sampling_degrees: Degrees of freedom behind it; infinite if it is known.
        errors: How the sampling errors were found.
        row_values: The values of each validation row's own game, shape
            ``(n, validation rows)``, whose means are *values*; None if the game is not
            a :class:`~fedmerit.incentives.game.MeasuredGame`.
        evaluations: Distinct coalitions this valuation asked for.
        seed: The seed that, with the method and the budget, gives these numbers again.
        method: The key in ``METHODS`` that made it.
        reason: Why this method, where ``auto`` chose it; else empty.
        trace: Where the estimate stood on the way, in order; its last is this one.
        orders: How many joining orders of the seed the values are plain means over; 0 for
            any other form of estimate.
    """

    participants: tuple[str, ...]
    values: NDArray[np.float64]
    sampling_covariance: NDArray[np.float64]
    sampling_degrees: float
    errors: ErrorKind
    row_values: NDArray[np.float64] | None
    evaluations: int
    seed: int
    method: str
    reason: str = ""
    trace: tuple[Checkpoint, ...] = ()
    orders: int = 0

    @property
    def sampling_errors(self) -> NDArray[np.float64]:
        """One standard error of each value over the method's own draws, shape ``(n,)``."""
        return np.asarray(np.sqrt(self.sampling_covariance.diagonal()))

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
            return np.full(len(self.participants), inf)
        return np.asarray(self.row_values.std(axis=1, ddof=1) / np.sqrt(rows))

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """One standard error of each value, both sources together, shape ``(n,)``."""
        return np.asarray(np.hypot(self.sampling_errors, self.validation_errors))

    def interval(self, confidence: float = 0.95) -> NDArray[np.float64]:
        """Give each value's interval as ``(low, high)``, shape ``(n, 2)``.

        Student's t, with the degrees of freedom of both errors together (Welch, 1947).

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
        quantiles = stdtrit(self._degrees(), (1 + confidence) / 2)
        half_widths = np.where(self.standard_errors > 0, quantiles * self.standard_errors, 0.0)
        return np.stack([self.values - half_widths, self.values + half_widths], axis=1)

    def outranks(self) -> NDArray[np.float64]:
        """Give the probability that each participant's true value exceeds each other's.

        Normal, from the values and the errors of their differences: two that rest on the
        same draws and the same validation rows differ by less than their intervals suggest.

        Returns:
            Shape ``(n, n)``; entry ``[i, j]`` is for *i* above *j*, and 0.5 where the two
            cannot be told apart.
        """
        gaps = self.values[:, None] - self.values
        covariance = self.sampling_covariance + self._validation_covariance()
        variances = covariance.diagonal()
        errors = np.sqrt(np.maximum(variances[:, None] + variances - 2 * covariance, 0.0))
        certain = np.where(gaps == 0, 0.5, gaps > 0)
        scaled = np.divide(gaps, errors, out=np.zeros_like(gaps), where=errors > 0)
        return np.asarray(np.where(errors > 0, ndtr(scaled), certain))

    def _validation_covariance(self) -> NDArray[np.float64]:
        """Give the values' covariance over the draw of validation rows, ``(n, n)``."""
        n = len(self.participants)
        if self.row_values is None:
            return np.zeros((n, n))
        rows = self.row_values.shape[1]
        if rows == 1:
            return np.diag(np.full(n, inf))
        deviations = self.row_values - self.row_values.mean(axis=1, keepdims=True)
        products = [(deviations[i] * deviations).sum(axis=1) for i in range(n)]
        return np.asarray(np.asarray(products) / (rows * (rows - 1)))

    def _degrees(self) -> NDArray[np.float64]:
        """Give each value's degrees of freedom, shape ``(n,)`` (Satterthwaite, 1946)."""
        drawn, measured = self.sampling_errors**2, self.validation_errors**2
        rows = inf if self.row_values is None else self.row_values.shape[1] - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            of_drawn = drawn**2 / self.sampling_degrees
            pooled = (drawn + measured) ** 2 / (of_drawn + measured**2 / rows)
        return np.asarray(np.nan_to_num(pooled, nan=inf, posinf=inf))


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
    covariance: NDArray[np.float64] | None = None,
    degrees: float = inf,
    errors: ErrorKind = "none",
) -> Valuation:
    """Make the answer from each column's values; the last line of every method.

    Args:
        game: The game that was valued.
        by_column: Values of each column that :func:`~fedmerit.incentives.game.ask`
            gives, shape ``(n, columns)``.
        method: The method's key.
        evaluations: Distinct coalitions that were asked for.
        seed: The seed that was used.
        covariance: Of the values over the method's draws, shape ``(n, n)``; None for a
            method that draws nothing.
        degrees: Degrees of freedom behind *covariance*.
        errors: How *covariance* was found.
    """
    n = len(game.participants)
    return Valuation(
        participants=game.participants,
        values=by_column.mean(axis=1),
        sampling_covariance=np.zeros((n, n)) if covariance is None else covariance,
        sampling_degrees=degrees,
        errors=errors,
        row_values=by_column if isinstance(game, MeasuredGame) else None,
        evaluations=evaluations,
        seed=seed,
        method=method,
    )


def spread(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the covariance of the mean of independent *draws*, shape ``(draws, n)``.

    Without BLAS, whose sums depend on the machine's thread count.
    """
    deviations = draws - draws.mean(axis=0)
    products = [(deviations[:, [i]] * deviations).sum(axis=0) for i in range(draws.shape[1])]
    return np.asarray(products) / (len(draws) * (len(draws) - 1))


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
