"""Methods that draw nothing: exact Shapley values, and leave-one-out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.coalitions import coalitions_of
from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.game import (
    EnumerableGame,
    Game,
    MeasuredGame,
    ask,
    ask_for_all,
    check_participants,
)
from fedmerit.incentives.methods.enumeration import joining_weights, shapley_of_table
from fedmerit.incentives.methods.sampling.orders import sample_orders, with_reverse
from fedmerit.incentives.methods.traits import Concept, valuation_method
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


@valuation_method("exact", concept=Concept.SHAPLEY, at_once=True, tabulates=True)
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
        by_column, scale = _of_every_worth(game, seed)
    else:
        parts = list(_of_portions(game))
        by_column = sum((part for part, _ in parts), start=np.zeros(()))
        scale = max(largest for _, largest in parts)
    return conclude(game, by_column, method="exact", evaluations=2**n, seed=seed, scale=scale)


@valuation_method("leave-one-out", at_once=True)
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
    return conclude(
        game,
        by_column,
        method="leave-one-out",
        evaluations=n + 1,
        seed=seed,
        scale=float(np.abs(worths.mean(axis=1)).max()),
    )


def enumerated(game: Game, *, method: str, budget: int, seed: int) -> Valuation | None:
    """Give the exact answer under the name of *method*, if *budget* covers all coalitions."""
    if 2 ** len(game.participants) > budget:
        return None
    return replace(exact(game, budget=budget, seed=seed), method=method)


def _of_every_worth(game: EnumerableGame, seed: int) -> tuple[NDArray[np.float64], float]:
    """Give the values by column, ``(n, columns)``, and the size of the largest worth."""
    worths = ask_for_all(game)
    values, scale = shapley_of_table(worths), float(np.abs(worths).max())
    if not isinstance(game, MeasuredGame):
        return values[:, None], scale
    pairs = _PAIRS_FOR_ROWS * 2 * (len(values) - 1)
    sampled = sample_orders(game, with_reverse, method="exact", budget=2 + pairs, seed=seed)
    by_row = np.asarray(sampled.columns)
    return by_row + (values - sampled.values)[:, None], scale


def _of_portions(game: Game) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Give what each portion adds to the values, ``(n, columns)``, and its largest worth."""
    n = len(game.participants)
    weights = joining_weights(n)
    joins, stays = np.append(0.0, weights), np.append(-weights, 0.0)
    for start in range(0, 2**n, _PORTION):
        coalitions = coalitions_of(range(start, min(start + _PORTION, 2**n)), n)
        worths = ask(game, coalitions)
        sizes = coalitions.sum(axis=1)
        part = np.empty((n, worths.shape[1]))
        for i in range(n):
            signed = np.where(coalitions[:, i], joins[sizes], stays[sizes])
            part[i] = (signed[:, None] * worths).sum(axis=0)
        yield part, float(np.abs(worths.mean(axis=1)).max())
