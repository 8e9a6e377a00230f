"""Methods that draw nothing: exact Shapley values, and leave-one-out.

Sums run over coalitions in one fixed order and without BLAS, whose result depends on the
machine's thread count, so that an auditor elsewhere gets the same values to the last bit.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.game import Coalitions, Game, ask, check_participants
from fedmerit.incentives.valuation import conclude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.valuation import Valuation


def exact(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from every coalition there is; 2**n evaluations.

    The values add up to what everyone is worth less what nobody is (Shapley, 1953).

    Raises:
        BudgetTooSmall: *budget* is below ``2**n``.
        GameError: The game breaks its contract.
    """
    check_participants(game.participants)
    n = len(game.participants)
    if 2**n > budget:
        raise BudgetTooSmall("exact", budget=budget, needed=2**n, participants=n)
    coalitions = every_coalition(n)
    worths = ask(game, coalitions)
    sizes = coalitions.sum(axis=1)
    # The weight of joining s others, as the float nearest to it: s! (n-s-1)! / n!.
    weights = np.array([1 / (n * comb(n - 1, s)) for s in range(n)])
    joins, stays = np.append(0.0, weights), np.append(-weights, 0.0)
    by_column = np.empty((n, worths.shape[1]))
    for i in range(n):
        signed = np.where(coalitions[:, i], joins[sizes], stays[sizes])
        by_column[i] = (signed[:, None] * worths).sum(axis=0)
    return conclude(game, by_column, method="exact", evaluations=2**n, seed=seed)


def leave_one_out(game: Game, *, budget: int, seed: int) -> Valuation:
    """What everyone together would lose without each one; n + 1 evaluations.

    Not a division of the worth of everyone: two members with the same data are both
    worth nothing, since either can go.

    Raises:
        BudgetTooSmall: *budget* is below ``n + 1``.
        GameError: The game breaks its contract.
    """
    check_participants(game.participants)
    n = len(game.participants)
    if n + 1 > budget:
        raise BudgetTooSmall("leave-one-out", budget=budget, needed=n + 1, participants=n)
    everyone_then_without = np.vstack([np.ones(n, dtype=np.bool_), ~np.eye(n, dtype=np.bool_)])
    worths = ask(game, everyone_then_without)
    by_column = worths[0] - worths[1:]
    return conclude(game, by_column, method="leave-one-out", evaluations=n + 1, seed=seed)


def every_coalition(n: int) -> Coalitions:
    """Give all coalitions of *n* participants, shape ``(2**n, n)``, the empty one first."""
    codes: NDArray[np.int64] = np.arange(2**n, dtype=np.int64)
    return np.asarray((codes[:, None] >> np.arange(n)) & 1, dtype=np.bool_)
