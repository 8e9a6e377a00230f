"""Games that are sums over rounds, and what it costs to ask them.

A budget counts distinct pairs of a round and a coalition of those present in it: who is
absent from a round changes nothing there, and is never asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives.game import Coalitions, Game, MeasuredGame, check_participants
from fedmerit.incentives.games.cache import CachedGame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import RowWorths, Worths


@runtime_checkable
class RoundsGame(Game, Protocol):
    """A game whose worth is the sum of the worths of its rounds."""

    @property
    def rounds(self) -> Sequence[Game]:
        """One game per round, all of the same participants in the same order."""

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who took part in each round, shape ``(rounds, n)``.

        Who did not changes no worth of that round.
        """


class MappedGame:
    """A game in which each player is a set of another game's participants.

    Those present in a round, each for themselves, are one such set of players; groups are
    another. A player is named by its members.

    Args:
        inner: The game of all participants.
        members: Who each player is, shape ``(players, n)``; no participant is in two.
    """

    def __new__(cls, inner: Game, members: NDArray[np.bool_]) -> MappedGame:  # noqa: ARG004, PYI034 - __init__ takes members; may be the subclass
        """Make the subclass that shows validation rows, if *inner* has any to show."""
        return object.__new__(_MappedMeasuredGame if isinstance(inner, MeasuredGame) else cls)

    def __init__(self, inner: Game, members: NDArray[np.bool_]) -> None:
        names = np.array(inner.participants, dtype=object)
        self.participants = tuple(", ".join(names[player]) for player in members)
        self._inner = inner
        self._members = members

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give the worth of each row of *coalitions*, a column for each player."""
        return self._inner.worth(self._widened(coalitions))

    def _widened(self, coalitions: Coalitions) -> Coalitions:
        wide = np.zeros((len(coalitions), self._members.shape[1]), dtype=np.bool_)
        for joined, player in zip(coalitions.T, self._members, strict=True):
            wide |= joined[:, None] & player
        return wide


class _MappedMeasuredGame(MappedGame):
    """The same of a game that can show its validation rows."""

    _inner: MeasuredGame

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's worth on each validation row."""
        return self._inner.worth_by_row(self._widened(coalitions))


def parts(game: Game) -> tuple[list[Game], NDArray[np.bool_]]:
    """Give the rounds of *game* and who is present in each; one full round if it has none.

    Raises:
        GameError: The rounds do not fit the participants, or some show validation rows and
            some do not.
    """
    check_participants(game.participants)
    n = len(game.participants)
    if not isinstance(game, RoundsGame):
        return [game], np.ones((1, n), dtype=np.bool_)
    rounds, present = list(game.rounds), np.asarray(game.present)
    if present.dtype != np.bool_ or present.shape != (len(rounds), n) or not rounds:
        raise GameError(
            f"{len(rounds)} rounds of {n} participants need a Boolean presence of shape "
            f"({len(rounds)}, {n}) and one round at least, not {present.dtype} of {present.shape}"
        )
    for number, round_ in enumerate(rounds):
        if round_.participants != game.participants:
            raise GameError(
                f"round {number} is of {round_.participants}, the run of {game.participants}",
                hint="Every round's game has all participants; presence says who took part.",
            )
    if len({isinstance(round_, MeasuredGame) for round_ in rounds}) > 1:
        raise GameError("some rounds show validation rows and some do not")
    return rounds, present


class Spent:
    """The rounds of a game, each asked for each coalition of those present once."""

    def __init__(self, game: Game) -> None:
        self.rounds, self.present = parts(game)
        self._cached = [CachedGame(round_) for round_ in self.rounds]

    @property
    def evaluations(self) -> int:
        """Distinct pairs of round and coalition that were asked for."""
        return sum(cached.evaluations for cached in self._cached)

    def lookup(self, round_: int, coalitions: Coalitions) -> RowWorths:
        """Give worths in *round_* by column; the absent are left out first."""
        return self._cached[round_].lookup(coalitions & self.present[round_])

    def table(self, round_: int) -> tuple[Coalitions, RowWorths]:
        """Give all that *round_* was asked for."""
        return self._cached[round_].table()

    def open(self, method: str, budget: int, *, orders: int) -> NDArray[np.float64]:
        """Ask each round for nobody and everyone, before joining orders are drawn.

        Args:
            method: The method's key.
            budget: Its budget.
            orders: Joining orders that it needs of each round.

        Returns:
            What everyone adds to nobody in each round, shape ``(rounds,)``.

        Raises:
            BudgetTooSmall: *budget* would not cover so many orders in each round.
        """
        n = self.present.shape[1]
        sizes = self.present.sum(axis=1).tolist()
        needed = sum(min(2**m, 2 + orders * (m - 1)) for m in sizes if m)
        if budget < needed:
            raise BudgetTooSmall(method, budget=budget, needed=needed, participants=n)
        gains = np.zeros(len(sizes))
        for at in self.live:
            nobody, everyone = self.lookup(at, np.array([[False] * n, [True] * n])).mean(axis=1)
            gains[at] = everyone - nobody
        return gains

    def ask_again(self, budget: int) -> None:
        """Ask a round once more for one coalition, if *budget* has room.

        Raises:
            GameError: It answers otherwise than before, by more than rounding.
        """
        if self.live and self.evaluations < budget:
            self._cached[self.live[-1]].ask_again()

    @property
    def live(self) -> list[int]:
        """Rounds in which anyone is present."""
        return [int(at) for at in np.flatnonzero(self.present.any(axis=1))]

    def dearest(self, round_: int, orders: int) -> int:
        """Give the most that *orders* more joining orders can cost in *round_*."""
        m = int(self.present[round_].sum())
        unseen = int(2**m) - self._cached[round_].evaluations
        return min(orders * (m - 1), unseen)
