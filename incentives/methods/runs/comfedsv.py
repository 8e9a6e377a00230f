"""ComFedSV: a run valued as if everyone had been present in every round."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.games.rounds import Spent
from fedmerit.incentives.methods.enumeration import every_coalition, shapley_of_table
from fedmerit.incentives.methods.runs.completion import completed
from fedmerit.incentives.methods.runs.factors import Cells
from fedmerit.incentives.methods.runs.fedsv import fedsv, pooled_degrees
from fedmerit.incentives.methods.traits import Concept, Reads, valuation_method
from fedmerit.incentives.spreads import spread
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.methods.runs.completion import Completed
    from fedmerit.incentives.valuation import Valuation

#: Up to so many members the table holds all coalitions, if the budget does.
_TABULATED: Final = 10
_EXTRAPOLATED: Final = (
    "no round has everyone, so that what larger coalitions add is what their members add up to, "
    "which is too much where worths saturate"
)
#: More pairs of orders are not drawn: by then the completion errs more than the draw.
_PAIRS: Final = 250


@valuation_method("comfedsv", concept=Concept.ROUNDS, reads=Reads.ROUNDS)
def comfedsv(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values of a run whose unseen coalitions are completed from the seen ones.

    Rounds by coalitions make a table in which only coalitions of those present are known.
    It is completed by factors of low rank, and valued by all coalitions if the budget covers
    those of every round and there are at most 10 members, else by joining orders of all members,
    each with its reverse; known cells count as they are. Two members with the same data then get
    nearly the same, whatever rounds they were in. Nothing is drawn for the completion, and the
    errors hold what it missed of cells that were left out of it. Where no round has everyone,
    what larger coalitions add is taken from what their members add up to, which is too much
    where worths saturate, and the errors do not say by how much: let one round have everyone.

    Source: Fan, Fang, Xie, Fu, Ding and Friedlander (2022); the pull towards members' sums
    is ours, for runs in which no round has everyone.
    Assumes: Rounds that differ by few traits, and at best one in which everyone is present.
    Cost: At most 2 (m - 1) evaluations a pair of orders and round of m present.
    Choose it: Where members are sampled, and must not be paid by the luck of the draw.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs of orders in each round.
        GameError: The game has no rounds, or breaks its contract.
    """
    spent = Spent(game, "comfedsv")
    spent.open("comfedsv", budget, orders=4)
    if not spent.live:
        return replace(fedsv(game, budget=budget, seed=seed), method="comfedsv")
    n = len(game.participants)
    if n <= _TABULATED and budget >= spent.whole:
        orders, grown = None, every_coalition(n)
        for at in spent.live:
            spent.lookup(at, grown)
    else:
        orders = _asked_in_order(spent, budget, seed)
        grown = _grown(orders).reshape(-1, n)
    spent.ask_again(budget)
    table, index = _completed(spent, grown)
    draws, columns = _valued(table.sums[index], orders, n)
    covariance, sources = np.zeros((n, n)), []
    if draws is not None:
        covariance = spread(draws, scale=spent.range)
        sources.append((float(covariance.trace()), len(draws) - 1.0))
    if table.misses is not None and len(table.misses):
        parts = [_valued(part[index][:, None], orders, n)[1][:, 0] for part in table.misses]
        missed = np.einsum("ki,kj->ij", parts, parts) / len(parts)
        covariance = covariance + missed
        sources.append((float(missed.trace()), float(len(parts))))
    valuation = conclude(
        spent.rounds[0],
        columns,
        method="comfedsv",
        evaluations=spent.evaluations,
        seed=seed,
        covariance=covariance,
        degrees=pooled_degrees(sources),
        errors="analytic" if sources else "none",
        scale=spent.largest,
    )
    full = spent.present.all(axis=1).any()
    return valuation if full else replace(valuation, reason=_EXTRAPOLATED)


def _asked_in_order(spent: Spent, budget: int, seed: int) -> NDArray[np.intp]:
    """Ask for what pairs of joining orders need of each round; give the orders."""
    n = spent.present.shape[1]
    rng = generator(seed, "valuation", "comfedsv", "orders")
    orders = np.zeros((0, n), dtype=np.intp)
    while (pairs := _affordable(spent, budget, len(orders) // 2)) > 0:
        drawn = np.array([rng.permutation(n) for _ in range(pairs)])
        new = np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(-1, n)
        grown = _grown(new).reshape(-1, n)
        for at in spent.live:
            spent.lookup(at, grown)
        orders = np.vstack([orders, new])
    return orders


def _valued(
    sums: NDArray[np.float64], orders: NDArray[np.intp] | None, n: int
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """Value a run by its coalitions' sums over rounds.

    Args:
        sums: Of all coalitions, or of those that *orders* grow through, by column.
        orders: Pairs of joining orders, shape ``(orders, n)``; None for all coalitions.
        n: How many participants.

    Returns:
        Each pair's values, shape ``(pairs, n)``, and all values by column, ``(n, columns)``.
    """
    if orders is None:
        columns = np.stack([shapley_of_table(column) for column in sums.T], axis=1)
        return None, columns
    steps = np.diff(sums.reshape(len(orders), n + 1, -1), axis=1)
    ranks = np.argsort(orders, axis=1)
    added = np.take_along_axis(steps, ranks[:, :, None], axis=1)
    draws = added.reshape(-1, 2, *added.shape[1:]).mean(axis=1)
    return draws.mean(axis=2), draws.mean(axis=0)


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


def _completed(spent: Spent, grown: Coalitions) -> tuple[Completed, NDArray[np.intp]]:
    """Complete the table; give it, and where each of *grown* is in it."""
    tables = [spent.table(at) for at in spent.live]
    requested = np.vstack([grown, *(coalitions for coalitions, _ in tables)])
    members, places = np.unique(requested, axis=0, return_inverse=True)
    index, places = np.split(places.ravel(), [len(grown)])
    rounds = np.repeat(np.arange(len(tables)), [len(rows) for _, rows in tables])
    # The first row of each table is that of nobody, which every round was opened with.
    added = np.vstack([rows - rows[0] for _, rows in tables])
    some = requested[len(grown) :].any(axis=1)
    present = spent.present[spent.live]
    table = completed(Cells(rounds[some], places[some], added[some], members, present))
    table.sums[~members.any(axis=1)] = 0.0
    return table, index
