"""The method ``surrogate``: the best of several trends, and a process for what it misses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits

from fedmerit.incentives.drawing import enumerated
from fedmerit.incentives.surrogates.checking import unseen
from fedmerit.incentives.surrogates.design import ask_for
from fedmerit.incentives.surrogates.functional import operator
from fedmerit.incentives.surrogates.process import fit
from fedmerit.incentives.surrogates.trends import TRENDS, nothing
from fedmerit.incentives.valuation import conclude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.surrogates.checking import Unseen
    from fedmerit.incentives.surrogates.process import Process
    from fedmerit.incentives.surrogates.trends import Trend
    from fedmerit.incentives.valuation import Valuation

    Floats = NDArray[np.float64]

#: What part of the plain process's error a trend must come below to be used.
_BETTER: Final = 0.5


def surrogate(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values of a fitted trend and of a Gaussian process for what it misses.

    The trend is the one whose process predicts coalitions that neither had seen best.

    Source: our own; for the parts see :mod:`fedmerit.incentives.surrogates.trends` and
        :func:`~fedmerit.incentives.surrogates.gaussian.gaussian_process`.
    Assumes: coalitions that share most of their weight are off the trend by much the same.
    Cost: *budget* evaluations; time grows with the cube of the budget.
    Choose it: for the best estimate that a budget buys, whatever the game.

    A validation row's own game differs from the mean game by a part that the process
    alone values, since that part is linear in the row's worths; so rows share the trend.

    Raises:
        BudgetTooSmall: *budget* is below ``2 * n + 2``.
        GameError: The game breaks its contract.
    """
    if (known := enumerated(game, method="surrogate", budget=budget, seed=seed)) is not None:
        return known
    sample = ask_for(game, method="surrogate", budget=budget, seed=seed)
    # One thread, since a sum's order, and so its last bit, depends on how many there are.
    with threadpool_limits(1):
        trend, process, errors = _chosen(sample.inside, sample.mean)
        answer = operator(process)
        rest = sample.gains - trend.predict(sample.inside)[:, None]
        by_column = answer.weights @ rest + trend.values()[:, None]
    return conclude(
        game,
        by_column,
        method="surrogate",
        evaluations=sample.evaluations,
        seed=seed,
        covariance=errors.ratio * answer.covariance,
        degrees=errors.left_out - 1,
        errors="cross-fit",
    )


def _chosen(inside: Floats, gains: Floats) -> tuple[Trend, Process, Unseen]:
    """Give the best trend, the process around it, and how the two err."""
    trends = [make(inside, gains) for make in TRENDS]
    processes = [fit(inside, gains - trend.predict(inside)) for trend in trends]
    errors = [
        unseen(make, process, gains).error * (_BETTER if make is nothing else 1.0)
        for make, process in zip(TRENDS, processes, strict=True)
    ]
    best = int(np.argmin(errors))
    return trends[best], processes[best], unseen(TRENDS[best], processes[best], gains, refit=True)
