"""Games that are sums over rounds, and what it costs to ask them.

A budget counts distinct pairs of a round and a coalition of those present in it: who is
absent from a round changes nothing there, and is never asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives.game import Coalitions, Game, MeasuredGame, RoundsGame, check_participants
from fedmerit.incentives.games.cache import CachedGame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import RowWorths, Worths


class SummedGame:
    """Rounds' games as the run that they add up to.

    Args:
        rounds: One game or more, of the same participants.
        present: Who took part in each, shape ``(rounds, n)``; everyone if left out.

    Raises:
        GameError: The rounds do not fit together, or *present* does not fit them.
    """

    def __new__(cls, rounds: Sequence[Game], present: NDArray[np.bool_] | None = None) -> Self:  # noqa: ARG004 - __init__ takes present
        """Make the subclass that shows validation rows, if the rounds have any to show."""
        measured = bool(rounds) and isinstance(rounds[0], MeasuredGame)
        return object.__new__(_SummedMeasuredGame if measured else cls)  # type: ignore[return-value]

    def __init__(self, rounds: Sequence[Game], present: NDArray[np.bool_] | None = None) -> None:
        if not rounds:
            raise GameError("a run needs one round at least, and has none")
        self.participants = rounds[0].participants
        self.rounds = tuple(rounds)
        self.repeats = int(getattr(rounds[0], "repeats", 1))
        self.resolution = sum(float(getattr(round_, "resolution", 0.0)) for round_ in rounds)
        everyone = np.ones((len(rounds), len(self.participants)), dtype=np.bool_)
        self.present = everyone if present is None else present
        parts(self, "a run")

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give each coalition's worth, added up over the rounds, shape ``(rows,)``."""
        return np.asarray(sum(round_.worth(coalitions) for round_ in self.rounds))


class _SummedMeasuredGame(SummedGame):
    """The same of rounds that can show their validation rows."""

    rounds: tuple[MeasuredGame, ...]

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's worth on each validation row, added up over the rounds."""
        return np.asarray(sum(round_.worth_by_row(coalitions) for round_ in self.rounds))


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
        self.repeats = int(getattr(inner, "repeats", 1))
        self.resolution = float(getattr(inner, "resolution", 0.0))
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


def parts(game: Game, method: str) -> tuple[list[Game], NDArray[np.bool_]]:
    """Give the rounds of *game*, and who is present in each.

    Raises:
        GameError: It has none, they do not fit the participants, or some show validation rows
            and some do not.
    """
    check_participants(game.participants)
    n = len(game.participants)
    if not isinstance(game, RoundsGame):
        raise GameError(
            f"{method} values the rounds of a run, and a {type(game).__name__} shows none",
            hint="Give it the game of a training run's rounds, or rounds' games as a SummedGame; "
            "other methods take any game.",
        )
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

    def __init__(self, game: Game, method: str) -> None:
        self.rounds, self.present = parts(game, method)
        self._cached = [CachedGame(round_) for round_ in self.rounds]

    @property
    def evaluations(self) -> int:
        """Distinct pairs of round and coalition that were asked for."""
        return sum(cached.evaluations for cached in self._cached)

    @property
    def largest(self) -> float:
        """Size of the largest worth of any round."""
        return max(cached.largest for cached in self._cached)

    @property
    def range(self) -> float:
        """How far apart the worths of one round are, at most."""
        return max(cached.range for cached in self._cached)

    def lookup(self, round_: int, coalitions: Coalitions) -> RowWorths:
        """Give worths in *round_* by column; the absent are left out first."""
        return self._cached[round_].lookup(coalitions & self.present[round_])

    def table(self, round_: int) -> tuple[Coalitions, RowWorths]:
        """Give all that *round_* was asked for."""
        return self._cached[round_].table()

    @property
    def whole(self) -> int:
        """What all coalitions of those present cost, in all rounds."""
        return sum(2**m for m in self.present.sum(axis=1).tolist() if m)

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
