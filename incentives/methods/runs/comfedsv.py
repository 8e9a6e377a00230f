"""ComFedSV: a run valued as if everyone had been present in every round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.games.rounds import Spent
from fedmerit.incentives.methods.runs.completion import Cells, completed_sums
from fedmerit.incentives.methods.traits import Concept, Reads, valuation_method
from fedmerit.incentives.valuation import conclude, spread
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.valuation import Valuation

#: More pairs of orders are not drawn: by then the completion errs more than the draw.
_PAIRS: Final = 250


@valuation_method("comfedsv", concept=Concept.ROUNDS, reads=Reads.ROUNDS)
def comfedsv(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values of a run whose unseen coalitions are completed from the seen ones.

    Rounds by coalitions make a table in which only coalitions of those present are known.
    It is completed by factors of low rank, and valued by joining orders of all members, each
    with its reverse; known cells count as they are. Two members with the same data then get
    nearly the same, whatever rounds they were in. Errors are of the orders alone, and
    intervals hold from ten pairs on: how far the completion is from the truth they cannot
    say. A game without rounds is one round, with nothing to complete.

    Source: Fan, Fang, Xie, Fu, Ding and Friedlander (2022); the pull towards members' sums
    is ours, for runs in which no round has everyone.
    Assumes: Rounds that differ by few traits, and at best one in which everyone is present.
    Cost: At most 2 (m - 1) evaluations a pair of orders and round of m present.
    Choose it: Where members are sampled, and must not be paid by the luck of the draw.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs of orders in each round.
        GameError: The game breaks its contract.
    """
    spent = Spent(game)
    spent.open("comfedsv", budget, orders=4)
    n = len(game.participants)
    rng = generator(seed, "valuation", "comfedsv", "orders")
    orders = np.zeros((0, n), dtype=np.intp)
    while (pairs := _affordable(spent, budget, len(orders) // 2)) > 0:
        drawn = np.array([rng.permutation(n) for _ in range(pairs)])
        new = np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(-1, n)
        grown = _grown(new).reshape(-1, n)
        for at in spent.live:
            spent.lookup(at, grown)
        orders = np.vstack([orders, new])
    spent.ask_again(budget)
    sums, nobody_first = _sums(spent, _grown(orders), seed)
    steps = np.diff(sums[nobody_first], axis=1)
    ranks = np.argsort(orders, axis=1)
    added = np.take_along_axis(steps, ranks[:, :, None], axis=1)
    draws = added.reshape(-1, 2, *added.shape[1:]).mean(axis=1)
    return conclude(
        spent.rounds[0],
        draws.mean(axis=0),
        method="comfedsv",
        evaluations=spent.evaluations,
        seed=seed,
        covariance=spread(draws.mean(axis=2)),
        degrees=len(draws) - 1,
        errors="analytic",
    )


def _affordable(spent: Spent, budget: int, drawn: int) -> int:
    """Give how many more pairs fit for certain."""
    left = budget - spent.evaluations
    most = min(_PAIRS, budget) - drawn
    while most > 0 and sum(spent.dearest(at, 2 * most) for at in spent.live) > left:
        most //= 2
    return most


def _grown(orders: NDArray[np.intp]) -> Coalitions:
    """Give the coalitions that each order grows through, shape ``(orders, n + 1, n)``."""
    n = orders.shape[1]
    return np.asarray(np.argsort(orders, axis=1)[:, None, :] < np.arange(n + 1)[:, None])


def _sums(
    spent: Spent, grown: Coalitions, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Complete the table; give its sums over rounds, and where each grown coalition is."""
    n = grown.shape[-1]
    tables = [spent.table(at) for at in spent.live]
    requested = np.vstack([grown.reshape(-1, n), *(coalitions for coalitions, _ in tables)])
    members, place = np.unique(requested, axis=0, return_inverse=True)
    place = place.ravel()
    of_grown, places = np.split(place, [grown[..., 0].size])
    rounds = np.repeat(np.arange(len(tables)), [len(rows) for _, rows in tables])
    # The first row of each table is that of nobody, which every round was opened with.
    added = np.vstack([rows - rows[0] for _, rows in tables])
    some = requested[grown[..., 0].size :].any(axis=1)
    cells = Cells(rounds[some], places[some], added[some], members, len(tables))
    sums = completed_sums(cells, generator(seed, "valuation", "comfedsv", "rounds"))
    sums[~members.any(axis=1)] = 0.0
    return sums, of_grown.reshape(grown.shape[:2])
