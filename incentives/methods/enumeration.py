"""Methods that draw nothing: exact Shapley values, and leave-one-out.

Sums run over coalitions in one fixed order and without BLAS, whose result depends on the
machine's thread count, so that an auditor elsewhere gets the same values to the last bit.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.coalitions import coalitions_of
from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.game import (
    Coalitions,
    EnumerableGame,
    Game,
    MeasuredGame,
    ask,
    ask_for_all,
    check_participants,
)
from fedmerit.incentives.valuation import conclude

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.incentives.valuation import Valuation

#: Coalitions in one request, which bounds memory.
_PORTION: Final = 2**14
#: Above so many participants, rows are looked at in a sample of the coalitions.
_ROW_BY_ROW_UP_TO: Final = 16
#: Pairs of joining orders in that sample.
_PAIRS_FOR_ROWS: Final = 50


def exact(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values from every coalition there is.

    The values add up to what everyone is worth less what nobody is. Coalitions are asked for
    in bounded portions; an :class:`~fedmerit.incentives.game.EnumerableGame` of many
    participants gives all its worths at once, and only a sample of its coalitions is measured
    row by row, for the validation errors.

    Source: Shapley (1953).
    Assumes: Nothing; there is no sampling error.
    Cost: 2**n evaluations.
    Choose it: Whenever the budget allows; for retrained coalitions up to 10 or 12 members.

    Raises:
        BudgetTooSmall: *budget* is below ``2**n``.
        GameError: The game breaks its contract.
    """
    check_participants(game.participants)
    n = len(game.participants)
    if 2**n > budget:
        raise BudgetTooSmall("exact", budget=budget, needed=2**n, participants=n)
    if n > _ROW_BY_ROW_UP_TO and isinstance(game, EnumerableGame):
        by_column = _of_every_worth(game, seed)
    else:
        by_column = sum(_of_portions(game), start=np.zeros(()))
    return conclude(game, by_column, method="exact", evaluations=2**n, seed=seed)


def leave_one_out(game: Game, *, budget: int, seed: int) -> Valuation:
    """What everyone together would lose without each one; n + 1 evaluations.

    Not a division of the worth of everyone: two members with the same data are both
    worth nothing, since either can go.

    Source: Cook (1977), for the rows of a regression.
    Assumes: That nobody can stand in for anybody.
    Cost: n + 1 evaluations.
    Choose it: As a quick look at who is indispensable; never to divide money.

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
    return coalitions_of(range(2**n), n)


def shapley_of_table(worths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the Shapley values of a whole table, ``(2**n,)`` in the order of their codes.

    Bit *i* of a coalition's code says whether participant *i* is in. Values have shape
    ``(n,)``; the work is n passes over the table, and memory one copy of half of it.
    """
    n = len(worths).bit_length() - 1
    # A coalition of the others has a code of n - 1 bits, whichever bit is left out.
    sizes = np.zeros(1, dtype=np.uint8)
    for _ in range(n - 1):
        sizes = np.concatenate([sizes, sizes + 1])
    weights = _weights(n)[sizes]
    values = np.empty(n)
    for i in range(n):
        split = worths.reshape(-1, 2, 2**i)
        gains = split[:, 1] - split[:, 0]
        gains *= weights.reshape(gains.shape)
        values[i] = gains.sum()
    return values


def _of_every_worth(game: EnumerableGame, seed: int) -> NDArray[np.float64]:
    from fedmerit.incentives.methods.sampling.permutation import antithetic  # noqa: PLC0415 - it imports exact

    values = shapley_of_table(ask_for_all(game))
    if not isinstance(game, MeasuredGame):
        return values[:, None]
    sampled = antithetic(game, budget=2 + _PAIRS_FOR_ROWS * 2 * (len(values) - 1), seed=seed)
    by_row = np.asarray(sampled.row_values)
    return by_row + (values - sampled.values)[:, None]


def _of_portions(game: Game) -> Iterator[NDArray[np.float64]]:
    """Give what each portion of the coalitions adds to the values, ``(n, columns)``."""
    n = len(game.participants)
    weights = _weights(n)
    joins, stays = np.append(0.0, weights), np.append(-weights, 0.0)
    for start in range(0, 2**n, _PORTION):
        coalitions = coalitions_of(range(start, min(start + _PORTION, 2**n)), n)
        worths = ask(game, coalitions)
        sizes = coalitions.sum(axis=1)
        part = np.empty((n, worths.shape[1]))
        for i in range(n):
            signed = np.where(coalitions[:, i], joins[sizes], stays[sizes])
            part[i] = (signed[:, None] * worths).sum(axis=0)
        yield part


def _weights(n: int) -> NDArray[np.float64]:
    """Give what joining s others weighs, as the float nearest to s! (n-s-1)! / n!."""
    return np.array([1 / (n * comb(n - 1, s)) for s in range(n)])
