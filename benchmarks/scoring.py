"""One run of one method on one game, and how far its values were from the truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import nan
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np
from families import FAMILIES, Known
from peers import Counted, Unable, peers
from tables import federated, splits

from fedmerit.errors import FedmeritError
from fedmerit.incentives import METHODS, value

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIFORM: Final = "uniform"
MOST_ENUMERATED: Final = 12


@dataclass(frozen=True, order=True)
class Cell:
    """One run: of a method, on a game, with a budget and a seed."""

    source: str
    """A key of :data:`FAMILIES`, or the number of a federated table."""
    participants: int
    budget: int
    method: str
    seed: int


@dataclass(frozen=True)
class Score:
    """How far one run's values were from the truth."""

    error: float
    """MSE over mean(phi^2)."""
    cosine: float
    """Cosine distance."""
    rank: float
    """Spearman's correlation."""
    covered: float
    """Share of the 95% intervals that hold the game's values; NaN for a method that has none."""
    seconds: float
    note: str = ""
    """Why there is no score, where there is none."""


def game_of(cell: Cell) -> Known:
    """Make the cell's game; a family gives each seed its own."""
    if cell.source in FAMILIES:
        return FAMILIES[cell.source](cell.participants, np.random.default_rng(cell.seed))
    return table(int(cell.source), cell.participants)


@cache
def table(number: int, participants: int) -> Known:
    """Give a federated table's game, made or read once in each process."""
    return federated(splits(participants)[number])


def run(cell: Cell) -> Score:
    """Run one cell; the same numbers in any process."""
    game = game_of(cell)
    started = perf_counter()
    try:
        values, interval = _estimate(cell, game)
    except (Unable, FedmeritError) as reason:
        return Score(nan, nan, nan, nan, perf_counter() - started, str(reason))
    seconds = perf_counter() - started
    covered = nan
    if interval is not None:
        aim = _aim(cell, game)
        slack = 1e-12 * abs(aim).max()
        inside = (interval[:, 0] - slack <= aim) & (aim <= interval[:, 1] + slack)
        covered = float(inside.mean())
    error = float(((values - game.truth) ** 2).mean() / (game.truth**2).mean())
    lengths = np.linalg.norm(values) * np.linalg.norm(game.truth)
    cosine = 1 - float(values @ game.truth) / lengths if lengths else nan
    return Score(error, cosine, _spearman(values, game.truth), covered, seconds)


def _aim(cell: Cell, game: Known) -> NDArray[np.float64]:
    """Give what intervals are to hold: the values of the game as asked, its noise included.

    Enumerated where that is cheap; above, noise hardly moves the values.
    """
    n = cell.participants
    if n > MOST_ENUMERATED:
        return game.truth
    return value(game, method="exact", budget=2**n, seed=0).values


def _estimate(cell: Cell, game: Known) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Give the method's values, and its 95% intervals if it has any."""
    n = len(game.participants)
    if cell.method == UNIFORM:
        return np.full(n, game.worth(np.ones((1, n), dtype=np.bool_))[0] / n), None
    if (peer := peers(n).get(cell.method)) is not None:
        return peer(game, budget=cell.budget, seed=cell.seed), None
    counted = Counted(game)
    watched = Known(game.participants, counted, game.truth)
    found = METHODS[cell.method](watched, budget=cell.budget, seed=cell.seed)
    if counted.distinct > cell.budget:
        raise Unable(f"asked for {counted.distinct} coalitions of {cell.budget}")
    return found.values, found.interval(0.95)


def _spearman(values: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Give the correlation of ranks; values that are all equal have none."""
    if np.ptp(values) == 0:
        return nan
    ranks = [np.argsort(np.argsort(each)).astype(np.float64) for each in (values, truth)]
    return float(np.corrcoef(*ranks)[0, 1])
