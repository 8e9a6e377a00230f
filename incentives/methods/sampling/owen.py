"""Shapley values by the multilinear extension: everyone present with one chance.

If each other participant is in with chance q, what one adds to them, averaged over all q
from 0 to 1, is the Shapley value (Owen, 1972).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.exact import enumerated
from fedmerit.incentives.methods.sampling.plans import averaged
from fedmerit.incentives.methods.traits import Concept, valuation_method
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game
    from fedmerit.incentives.valuation import Valuation

#: Draws in one request, which bounds memory; which are drawn does not depend on it.
_DRAWS_AT_ONCE: Final = 64


@valuation_method("owen", concept=Concept.SHAPLEY)
def owen(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from coalitions of a random density, each with its complement.

    One draw is a density q up to 1/2, who is in with that chance, and the same with in
    and out exchanged, at density 1 - q. In each of the two, everyone is put in or taken
    out alone. Densities are drawn at random, and not from a grid, which would be biased.
    Intervals hold what they say from a dozen draws on; with fewer they come out too narrow.

    Source: Okhrati and Lipani (2021), with their halved sampling.
    Assumes: Nothing; unbiased in any game. Values need not add up exactly.
    Cost: At most 2 (n + 1) evaluations a draw.
    Choose it: As antithetic, where n is large and values need not add up exactly.

    Raises:
        BudgetTooSmall: *budget* does not cover two draws, and one has no spread.
        GameError: The game breaks its contract.
    """
    if known := enumerated(game, method="owen", budget=budget, seed=seed):
        return known
    cached = CachedGame(game)
    n = len(cached.participants)
    cost = 2 * (n + 1)
    if budget < min(2 * cost, 2**n):
        raise BudgetTooSmall("owen", budget=budget, needed=min(2 * cost, 2**n), participants=n)
    rng = generator(seed, "valuation", "owen")
    total, means = 0.0, np.empty((0, n))
    while draws := _affordable(cached, budget, drawn=len(means), cost=cost):
        # One row of numbers a draw, so that what is drawn does not depend on how many.
        chances = rng.random((draws, n + 1))
        thin = chances[:, 1:] < chances[:, :1] / 2
        added = (_toggled(cached, thin) + _toggled(cached, ~thin)) / 2
        total = total + added.sum(axis=0)
        means = np.vstack([means, added.mean(axis=2)])
    return averaged(game, cached, total, means, method="owen", seed=seed)


def _affordable(cached: CachedGame, budget: int, *, drawn: int, cost: int) -> int:
    """Give how many more draws fit for certain, in one request; *budget* of them at most."""
    return min(_DRAWS_AT_ONCE, budget - drawn, (budget - cached.evaluations) // cost)


def _toggled(cached: CachedGame, coalitions: Coalitions) -> NDArray[np.float64]:
    """Give what each participant adds to each coalition's others, by column of the game.

    Returns:
        Shape ``(coalitions, n, columns)``.
    """
    rows, n = coalitions.shape
    requested = np.concatenate(
        [coalitions[:, None], coalitions[:, None] ^ np.eye(n, dtype=bool)], 1
    )
    worths = cached.lookup(requested.reshape(-1, n)).reshape(rows, n + 1, -1)
    signs: NDArray[np.float64] = np.where(coalitions, 1.0, -1.0)
    return np.asarray(signs[:, :, None] * (worths[:, :1] - worths[:, 1:]))
