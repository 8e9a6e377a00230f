"""Who comes first of those that are alike: as drawn, whatever the mechanism.

Mechanisms break ties by place: of two like asks the first is taken, and of equal remainders the
first gets the unit. So a round is put in the order that was drawn before it is decided, and
the outcome back in the order of participants: a place in the list is worth nothing then.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from fedmerit.incentives.offers import History

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.payments import Outcome, RoundInput

#: Fields of a round that have one entry for each member, in order, or none.
_LISTS: Final = ("participants", "rows", "bids", "stakes", "reports", "contributions")
_DECIDED: Final = ("participants", "payments", "slashes", "work", "quality_ppm")


class _Reordered:
    """A game whose members are listed in another order."""

    def __init__(self, game: Game, order: Sequence[int]) -> None:
        self.participants = tuple(game.participants[i] for i in order)
        self._game = game
        self._places = _inverse(order)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Ask the game in its own order, shape ``(rows,)``."""
        return self._game.worth(coalitions[:, self._places])


def reordered(
    round_: RoundInput, order: Sequence[int], *, by_member: Collection[str] = ()
) -> RoundInput:
    """Give *round_* with its members in this order.

    Args:
        round_: The round.
        order: The place of each member of the new round in the old one.
        by_member: Settings that have a number for each member.
    """
    changed: dict[str, Any] = {name: _moved(getattr(round_, name), order) for name in _LISTS}
    parameters = {
        name: _moved(setting, order)
        if name in by_member and isinstance(setting, tuple) and len(setting) == len(order)
        else setting
        for name, setting in round_.parameters.items()
    }
    return replace(
        round_,
        **changed,
        order=(),
        game=None if round_.game is None else _Reordered(round_.game, order),
        updates=None if round_.updates is None else round_.updates[list(order)],
        history=_moved_history(round_.history, order),
        parameters=parameters,
    )


def put_back(outcome: Outcome, order: Sequence[int]) -> Outcome:
    """Give the outcome of a round in *order* in the order of the round's participants."""
    back = _inverse(order)
    changed: dict[str, Any] = {name: _moved(getattr(outcome, name), back) for name in _DECIDED}
    return replace(outcome, **changed, history=_moved_history(outcome.history, back))


def _moved_history(history: History, order: Sequence[int]) -> History:
    moved: dict[str, Any] = {
        part.name: _moved(getattr(history, part.name), order) for part in fields(History)
    }
    return History(**moved)


def _moved(entries: tuple[Any, ...], order: Sequence[int]) -> tuple[Any, ...]:
    return tuple(entries[i] for i in order) if entries else entries


def _inverse(order: Sequence[int]) -> list[int]:
    return sorted(range(len(order)), key=order.__getitem__)
