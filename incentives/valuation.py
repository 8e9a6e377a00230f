"""What a valuation method answers, and the form that every method has.

A value carries three errors. One is of the method: it drew some joining orders and not
others. One is of the metric: it was measured on these validation rows and not on others, and
it stays even where the Shapley sum is exact. One is of the training, where that was repeated:
other seeds give other models.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from fedmerit.errors import GameError
from fedmerit.incentives.game import MeasuredGame
from fedmerit.incentives.spreads import spread, variances
from fedmerit.notebooks import html_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game


#: How a method's sampling errors were found: it draws nothing; from the spread of
#: independent draws; from draws made again out of those at hand; from coalitions that a
#: fitted model had not seen; not at all, since the method states none.
ErrorKind = Literal["none", "analytic", "bootstrap", "cross-fit", "unstated"]


#: A value is off by so much, as a share of the largest worth, by float arithmetic alone.
_ROUNDING: Final = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Where an estimate stood when it had spent part of its budget.

    Attributes:
        evaluations: Distinct coalitions asked for by then.
        values: Estimates, shape ``(n,)``.
        standard_errors: Of all sources together, shape ``(n,)``.
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
        columns: The values of each column of the game's worths, shape ``(n, columns)``: of
            each validation row, of each repeat, or of each row in each repeat, one repeat
            after another. None if the game is not a
            :class:`~fedmerit.incentives.game.MeasuredGame`.
        repeats: How many repeats the columns are of.
        resolution: Differences of values below this are rounding, in the game's unit.
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
    columns: NDArray[np.float64] | None
    evaluations: int
    seed: int
    method: str
    reason: str = ""
    trace: tuple[Checkpoint, ...] = ()
    orders: int = 0
    repeats: int = 1
    resolution: float = 0.0

    def _repr_html_(self) -> str:
        """Show the values in a notebook, the highest first."""
        bounds = self.interval()
        order = np.argsort(-self.values, kind="stable")
        rows = [
            (self.participants[i], f"{self.values[i]:.6g}", *(f"{x:.6g}" for x in bounds[i]))
            for i in order.tolist()
        ]
        caption = f"{self.method}, {self.evaluations:,} coalitions"
        return html_table(caption, ("participant", "value", "95% from", "to"), rows)

    @property
    def row_values(self) -> NDArray[np.float64] | None:
        """The values of each validation row's own game, shape ``(n, validation rows)``.

        Their means are *values*. None if the game is not measured on rows.
        """
        if self.columns is None or self.repeats == 1:
            return self.columns
        by_row = self._by_repeat(self.columns).mean(axis=1)
        return by_row if by_row.shape[1] > 1 else None

    @property
    def repeat_values(self) -> NDArray[np.float64] | None:
        """The values of each repeat, shape ``(n, repeats)``; None if it was not repeated."""
        if self.columns is None or self.repeats == 1:
            return None
        return np.asarray(self._by_repeat(self.columns).mean(axis=2))

    def _by_repeat(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        return columns.reshape(len(columns), self.repeats, -1)

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
        return np.sqrt(self._variances(self.row_values))

    @property
    def training_errors(self) -> NDArray[np.float64]:
        """One standard error over the repeats of the game, shape ``(n,)``.

        0 if the game was not repeated: what a rerun with other seeds would give is then in
        none of the errors.
        """
        return np.sqrt(self._variances(self.repeat_values))

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """One standard error of each value, all sources together, shape ``(n,)``.

        Infinite for a method that states none.
        """
        if self.errors == "unstated":
            return np.full(len(self.participants), inf)
        return np.asarray(np.sqrt(sum(variance for variance, _ in self._sources())))

    def interval(self, confidence: float = 0.95) -> NDArray[np.float64]:
        """Give each value's interval as ``(low, high)``, shape ``(n, 2)``.

        Student's t, with the degrees of freedom of all errors together (Welch, 1947). Where the
        game was repeated, the squares of each error's own interval add up (Banerjee, 1960): of a
        few repeats the pooled degrees say too much, whenever the repeats happen to agree.

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
        at = (1 + confidence) / 2
        if self.repeats > 1 and self.errors != "unstated":
            squares = sum(stdtrit(degrees, at) ** 2 * own for own, degrees in self._sources())
            half_widths = np.sqrt(squares)
        else:
            quantiles = stdtrit(self._degrees(), at)
            half_widths = np.where(self.standard_errors > 0, quantiles * self.standard_errors, 0.0)
        return np.stack([self.values - half_widths, self.values + half_widths], axis=1)

    def covariance(self) -> NDArray[np.float64]:
        """Give the covariance of the values, all sources together, shape ``(n, n)``.

        Zeros for a method that states no errors.
        """
        covariance = self.sampling_covariance + self._covariance(self.row_values)
        return np.asarray(covariance + self._covariance(self.repeat_values))

    def outranks(self) -> NDArray[np.float64]:
        """Give the probability that each participant's true value exceeds each other's.

        Normal, from the values and the errors of their differences: two that rest on the
        same draws and the same validation rows differ by less than their intervals suggest. Where
        the game was repeated, Student's t, by as many degrees as the repeats leave.
        A gap below :attr:`resolution` is none, and the resolution is part of a gap's error.

        Returns:
            Shape ``(n, n)``; entry ``[i, j]`` is for *i* above *j*, and 0.5 where the two
            cannot be told apart. NaN beside the diagonal for a method that states no errors.
        """
        n = len(self.participants)
        if self.errors == "unstated":
            return np.where(np.eye(n) > 0, 0.5, np.nan)
        gaps = self.values[:, None] - self.values
        gaps = np.where(np.abs(gaps) <= self.resolution, 0.0, gaps)
        covariance = self.covariance()
        own = covariance.diagonal()
        of_gaps = np.maximum(own[:, None] + own - 2 * covariance, 0.0)
        # What is rounded to a step is off by a uniform part of it.
        errors = np.sqrt(of_gaps + self.resolution**2 / 6)
        certain = np.where(gaps == 0, 0.5, gaps > 0)
        scaled = np.divide(gaps, errors, out=np.zeros_like(gaps), where=errors > 0)
        below = ndtr(scaled) if self.repeats == 1 else stdtr(self.repeats - 1, scaled)
        return np.asarray(np.where(errors > 0, below, certain))

    def _covariance(self, columns: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Give the values' covariance over the draw of *columns*, ``(n, n)``."""
        n = len(self.participants)
        if columns is None:
            return np.zeros((n, n))
        if columns.shape[1] == 1:
            return np.diag(np.full(n, inf))
        return spread(columns.T, alike=0.0)

    def _variances(self, columns: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Give the diagonal of :meth:`_covariance`, ``(n,)``."""
        if columns is None:
            return np.zeros(len(self.participants))
        if columns.shape[1] == 1:
            return np.full(len(self.participants), inf)
        return variances(columns.T, alike=0.0)

    def _sources(self) -> list[tuple[NDArray[np.float64], float]]:
        """Give each source's variances, shape ``(n,)``, and their degrees of freedom."""
        columns = (self.row_values, self.repeat_values)
        return [
            (self.sampling_covariance.diagonal(), self.sampling_degrees),
            *((self._variances(each), each.shape[1] - 1) for each in columns if each is not None),
        ]

    def _degrees(self) -> NDArray[np.float64]:
        """Give each value's degrees of freedom, shape ``(n,)`` (Satterthwaite, 1946)."""
        sources = self._sources()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            total = sum(variance for variance, _ in sources) ** 2
            pooled = total / sum(variance**2 / degrees for variance, degrees in sources)
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
    scale: float = 0.0,
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
        scale: Size of the largest worth that was seen, which rounds more than values do.
    """
    n = len(game.participants)
    values = by_column.mean(axis=1)
    largest = max(scale, float(np.abs(values).max(initial=0.0)))
    return Valuation(
        participants=game.participants,
        values=values,
        sampling_covariance=np.zeros((n, n)) if covariance is None else covariance,
        sampling_degrees=degrees,
        errors=errors,
        columns=by_column if isinstance(game, MeasuredGame) else None,
        repeats=int(getattr(game, "repeats", 1)),
        resolution=max(float(getattr(game, "resolution", 0.0)), _ROUNDING * largest),
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
