"""Coalitions chosen by what is not yet known of the values, for few participants.

A process says, before it is asked for, how much a coalition's worth would narrow the values'
errors; that depends on its hyper-parameters and not on the worth. So coalitions are chosen a
step at a time, each step half as large as all before it, and the process is fitted anew in
between: adaptive Bayesian quadrature. What is chosen depends on the worths seen so far, and
not on the budget, so that a larger one goes on where a smaller one stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from threadpoolctl import threadpool_limits

from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.sampling.plans import subsets
from fedmerit.incentives.methods.surrogates.design import (
    TABULATED,
    check_budget,
    leverage,
    sample,
    stream,
)
from fedmerit.incentives.methods.surrogates.kernels import NOISE, compare
from fedmerit.incentives.methods.surrogates.process import fit
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.methods.surrogates.design import Sample
    from fedmerit.incentives.methods.surrogates.process import Process

    Floats = NDArray[np.float64]

#: Coalitions for each participant before any is chosen, and the growth of each step.
_FIRST: Final = 2
_GROWTH: Final = 1.5
#: Chosen up to so many; more are known well enough for any to do.
_CHOSEN: Final = 200
#: Drawn in each step, to choose from.
_DRAWN: Final = 400
#: Relative to the gains' variance: factorisations need it.
_JITTER: Final = 1e-8
#: Variances that differ by less, relatively, are alike.
_ALIKE: Final = 1e-4


def ask_as_needed(game: Game, *, method: str, budget: int, seed: int) -> Sample:
    """Ask *game* for as many coalitions as *budget* allows, the most telling first.

    Raises:
        BudgetTooSmall: *budget* is below ``2 * n + 2``.
        GameError: The game breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    check_budget(n, method, budget)
    if n > TABULATED:
        return sample(cached, stream(n, count=budget, seed=seed))
    rows = stream(n, count=min(budget, _FIRST * n), seed=seed)
    rng = generator(seed, "valuation", "surrogates", "chosen")
    while len(rows) < min(budget, _CHOSEN):
        sampled = sample(cached, rows)
        step = min(int(_GROWTH * len(rows)), _CHOSEN) - len(rows)
        drawn = _unseen(rng, rows)
        with threadpool_limits(1):  # a sum's last bit depends on how many there are
            process = fit(sampled.inside, sampled.mean)
            chosen = drawn[_most_telling(process, drawn.astype(np.float64), step)]
        rows = np.vstack([rows, chosen[: budget - len(rows)]])
    return sample(cached, stream(n, count=budget, seed=seed, after=rows))


def _unseen(rng: np.random.Generator, rows: Coalitions) -> Coalitions:
    """Draw distinct coalitions that are not among *rows*, sizes alike."""
    n = rows.shape[1]
    keys = {row.tobytes() for row in rows}
    drawn = subsets(rng, rng.integers(1, n, size=_DRAWN), n)
    fresh = {row.tobytes(): row for row in drawn if row.tobytes() not in keys}
    if not fresh:  # nearly all are known
        fresh = {r.tobytes(): r for r in every_coalition(n)[1:] if r.tobytes() not in keys}
    return np.array(list(fresh.values()))


def _most_telling(process: Process, drawn: Floats, count: int) -> list[int]:
    """Choose *count* of *drawn*, each the one that takes most from the values' variance.

    The first of those that come within a ten-thousandth of the best, so that machines that
    round otherwise choose alike.
    """
    n = drawn.shape[1]
    every = every_coalition(n)[1:].astype(np.float64)
    noise = np.exp(2 * process.theta[NOISE]) + _JITTER
    values = leverage(every).T
    # By the factor, since an inverse would round by more than what little is left.
    factor = cholesky(process.covariance, lower=True)
    told_of = solve_triangular(factor, process.against(drawn).T, lower=True)
    told_values = solve_triangular(factor, (values @ process.against(every)).T, lower=True)
    between = compare(process.theta, drawn, drawn).total - told_of.T @ told_of
    shared = values @ compare(process.theta, every, drawn).total - told_values.T @ told_of
    chosen: list[int] = []
    for _ in range(min(count, len(drawn))):
        unknown = np.maximum(between.diagonal(), 0.0)
        variances = unknown + noise
        # One that is known but for its noise tells nothing; rounding would say otherwise.
        told = np.where(unknown > noise, (shared**2).sum(axis=0) / variances, 0.0)
        told[chosen] = -1.0
        best = told.max()
        take = int(np.flatnonzero(told >= best * (1 - _ALIKE))[0])
        chosen.append(take)
        column = between[:, take] / np.sqrt(variances[take])
        with_values = shared[:, take] / np.sqrt(variances[take])
        between = between - np.outer(column, column)
        shared = shared - np.outer(with_values, column)
    return chosen
