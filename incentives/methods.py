"""Valuation methods by name, and the one way in.

There is no registry. :data:`METHODS` is the list, in one place: a new method is a function
of the form :class:`~fedmerit.incentives.valuation.Valuator` and an entry here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.errors import GameError, suggestion
from fedmerit.incentives.enumeration import exact, leave_one_out
from fedmerit.incentives.permutation import permutation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation, Valuator

#: Every method, under the name that scenarios and the command line use.
METHODS: Final[Mapping[str, Valuator]] = MappingProxyType(
    {"exact": exact, "permutation": permutation, "leave-one-out": leave_one_out}
)
AUTO: Final = "auto"


def value(game: Game, *, method: str = AUTO, budget: int, seed: int) -> Valuation:
    """Value every participant of *game*.

    Args:
        game: Anything with ``participants`` and ``worth(coalitions)``.
        method: A key of :data:`METHODS`, or ``"auto"``: exact where the budget covers
            all ``2**n`` coalitions, else permutation.
        budget: Distinct coalitions that may be asked for; never exceeded. Each call
            counts its own, even on a :class:`~fedmerit.incentives.cache.CachedGame`
            that knows them, so that one seed gives the same numbers either way.
        seed: Not negative; the same seed gives the same numbers.

    Raises:
        BudgetTooSmall: With the budget that works.
        GameError: No method has this name, the seed is negative, or the game breaks
            its contract.
    """
    if method != AUTO and method not in METHODS:
        raise GameError(
            f"no valuation method is called {method!r}", hint=suggestion(method, [AUTO, *METHODS])
        )
    if seed < 0:
        raise GameError(f"a seed must not be negative, and is {seed}")
    if method == AUTO:
        method = "exact" if 2 ** len(game.participants) <= budget else "permutation"
    return METHODS[method](game, budget=budget, seed=seed)
