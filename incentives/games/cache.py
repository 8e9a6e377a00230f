"""Games that remember: one that asks another game only once, one that was stored.

Utilities are costly (a coalition may be a retrained model), so what is spent is counted
in distinct coalitions. What a :class:`CachedGame` saw is the coalition table of a bundle,
and a :class:`RecordedGame` is that table read back, with nothing retrained.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import GameError
from fedmerit.incentives.game import (
    Coalitions,
    Game,
    RoundsGame,
    RowWorths,
    UpdatesGame,
    Worths,
    ask,
    check_coalitions,
    check_participants,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Two answers for one coalition may differ by this share of the largest worth: float32
#: sums end in other bits in another batch.
_ROUNDING: Final = 1e-5


class CachedGame:
    """Another game, asked for each distinct coalition once.

    It shows what *game* shows: validation rows, rounds (each a cache of its own), updates.
    Only a whole table at once it does not give, since it would not know those worths by row.

    Args:
        game: The game to ask.
        batch: Most coalitions in one call to *game*; without it, all that a request
            misses go in one call.

    Raises:
        GameError: The participants are not unique names, *batch* is below 1, or, on any
            later call, *game* breaks its contract.
    """

    def __new__(cls, game: Game, *, batch: int | None = None) -> CachedGame:  # noqa: ARG004, PYI034 - __init__ takes batch; may be a subclass
        """Make the subclass that shows what *game* shows."""
        return object.__new__(_kind(cls, tuple(_shows(game, kind) for kind in _SHOWN)))

    def __init__(self, game: Game, *, batch: int | None = None) -> None:
        check_participants(game.participants)
        if batch is not None and batch < 1:
            raise GameError(f"a batch holds one coalition at least, not {batch}")
        self.participants = game.participants
        self._game = game
        self._batch = batch
        self.repeats = int(getattr(game, "repeats", 1))
        self.resolution = float(getattr(game, "resolution", 0.0))
        self._answers: dict[bytes, NDArray[np.float64]] = {}
        self._width = 1

    @property
    def evaluations(self) -> int:
        """Distinct coalitions that the inner game was asked for."""
        return len(self._answers)

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give the worth of each row, shape ``(rows,)``, asking only for new ones."""
        return np.asarray(self.lookup(coalitions).mean(axis=1))

    def lookup(self, coalitions: Coalitions) -> RowWorths:
        """Give each coalition's stored row, as :func:`~fedmerit.incentives.game.ask` does."""
        check_coalitions(coalitions, self.participants)
        keys = _keys(coalitions)
        new: dict[bytes, int] = {}
        for row, key in enumerate(keys):
            if key not in self._answers:
                new.setdefault(key, row)
        missing = coalitions[list(new.values())]
        size = self._batch or max(len(missing), 1)
        for start in range(0, len(missing), size):
            self._ask(missing[start : start + size])
        return self._stacked(keys)

    @property
    def largest(self) -> float:
        """Size of the largest worth that the inner game gave."""
        return float(np.abs(self._means()).max(initial=0.0))

    @property
    def range(self) -> float:
        """How far apart the worths are that the inner game gave."""
        means = self._means()
        return float(means.max() - means.min()) if len(means) else 0.0

    def table(self) -> tuple[Coalitions, RowWorths]:
        """Give everything asked so far, in first-asked order.

        Returns:
            The coalitions, shape ``(m, n)``, and their worths: by validation row,
            ``(m, validation rows)``, or ``(m, 1)`` if the inner game has no rows.
        """
        coalitions = _unpacked(b"".join(self._answers), len(self.participants))
        return coalitions, self._stacked(list(self._answers))

    def ask_again(self) -> None:
        """Ask the inner game once more for the last coalition that it was asked for.

        Raises:
            GameError: It answers otherwise than before, by more than rounding.
        """
        key, before = next(reversed(self._answers.items()))
        coalition = _unpacked(key, len(self.participants))
        now = ask(self._game, coalition)[0]
        largest = max(np.abs(rows).max() for rows in self._answers.values())
        if now.shape != before.shape or np.abs(now - before).max() > _ROUNDING * largest:
            raise GameError(
                f"asked twice for {shown(self.participants, coalition[0])}, the game gave "
                f"{before.mean()} and then {now.mean()}",
                hint="Fix its seed, or measure it several times over with RepeatedGame.",
            )

    def _means(self) -> NDArray[np.float64]:
        return np.asarray(self._stacked(list(self._answers)).mean(axis=1))

    def _ask(self, missing: Coalitions) -> None:
        rows = ask(self._game, missing)
        if self._answers and rows.shape[1] != self._width:
            raise GameError(
                f"the game has {rows.shape[1]} validation rows now and had {self._width} before",
                hint="Every coalition must be measured on the same validation rows.",
            )
        self._width = rows.shape[1]
        # A copy, since a game may hand out a buffer that it writes to again.
        self._answers.update(zip(_keys(missing), rows.copy(), strict=True))

    def _stacked(self, keys: list[bytes]) -> RowWorths:
        return np.array([self._answers[key] for key in keys]).reshape(len(keys), self._width)


class _Rows(CachedGame):
    """The cache of a game that can show its validation rows."""

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's worth on each validation row, asking only for new ones."""
        return self.lookup(coalitions)


class _Rounds(CachedGame):
    """The cache of a game that is the sum of its rounds."""

    _game: RoundsGame

    @cached_property
    def rounds(self) -> Sequence[CachedGame]:
        """A cache of each round's game."""
        return tuple(CachedGame(round_, batch=self._batch) for round_ in self._game.rounds)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who took part in each round."""
        return self._game.present


class _Updates(CachedGame):
    """The cache of a game that shows the updates it is made of."""

    _game: UpdatesGame

    @property
    def updates(self) -> NDArray[np.floating]:
        """What each member sent."""
        return self._game.updates

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each update weighed."""
        return self._game.weights

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who took part in each round."""
        return self._game.present

    @property
    def refused(self) -> NDArray[np.bool_]:
        """Whose update was not accepted in each round; nobody's if the game does not say."""
        return np.asarray(getattr(self._game, "refused", np.zeros_like(self._game.present)))

    @property
    def gradients(self) -> NDArray[np.floating]:
        """The validation loss's gradient at each round's model."""
        return self._game.gradients


#: What a game may show, by the attributes that do.
_SHOWN: Final = (
    (_Rows, ("worth_by_row",)),
    (_Rounds, ("rounds", "present")),
    (_Updates, ("updates", "weights", "present", "gradients")),
)


def _shows(game: Game, kind: tuple[type[CachedGame], tuple[str, ...]]) -> bool:
    """Say whether *game* has what *kind* shows, without asking for it: gradients take long."""
    own = getattr(game, "__dict__", {})
    return all(hasattr(type(game), name) or name in own for name in kind[1])


_KINDS: Final[dict[tuple[type[CachedGame], tuple[bool, ...]], type[CachedGame]]] = {}


def _kind(base: type[CachedGame], shown: tuple[bool, ...]) -> type[CachedGame]:
    """Give the subclass of *base* that shows this much; the same for the same."""
    if (base, shown) not in _KINDS:
        _KINDS[base, shown] = _composed(base, shown)
    return _KINDS[base, shown]


def _composed(base: type[CachedGame], shown: tuple[bool, ...]) -> type[CachedGame]:
    kinds = [kind for (kind, _), is_shown in zip(_SHOWN, shown, strict=True) if is_shown]
    if not kinds:
        return base
    bases = (*kinds, *(() if base is CachedGame else (base,)))
    return type(base.__name__, bases, {})


class RecordedGame:
    """A measured game from a stored table, such as :meth:`CachedGame.table` gives.

    A table of one column is a game measured on a single validation row, whose values
    have infinite errors; see :class:`~fedmerit.incentives.valuation.Valuation`.

    Args:
        participants: Names, in column order.
        coalitions: The coalitions that were evaluated, shape ``(m, n)``, no two alike.
        rows: Their worths by validation row, shape ``(m, validation rows)``.
        resolution: The step that worths were rounded to.
        repeats: How many repeats the rows are of, one repeat after another.

    Raises:
        GameError: The two do not fit, repeat a coalition, or hold what is not finite.
    """

    def __init__(
        self,
        participants: tuple[str, ...],
        coalitions: Coalitions,
        rows: RowWorths,
        *,
        resolution: float = 0.0,
        repeats: int = 1,
    ) -> None:
        self.resolution = resolution
        self.repeats = repeats
        check_participants(participants)
        check_coalitions(coalitions, participants)
        self.participants = participants
        self._rows = np.array(rows, dtype=np.float64)
        if self._rows.ndim != 2 or len(self._rows) != len(coalitions) or not self._rows.shape[1]:  # noqa: PLR2004 - two axes
            raise GameError(
                f"{len(coalitions)} coalitions need worths of shape ({len(coalitions)}, "
                f"validation rows), not {self._rows.shape}"
            )
        if self._rows.shape[1] % repeats:
            raise GameError(f"{self._rows.shape[1]} worths of each are not of {repeats} repeats")
        if not np.isfinite(self._rows).all():
            raise GameError("the recorded table holds worths that are not finite")
        self._places = {key: row for row, key in enumerate(_keys(coalitions))}
        if len(self._places) < len(coalitions):
            raise GameError(
                f"the recorded table repeats {len(coalitions) - len(self._places)} coalitions"
            )

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give the recorded worth of each row, shape ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's recorded worth on each validation row.

        Raises:
            GameError: A coalition was never recorded; the message names it.
        """
        check_coalitions(coalitions, self.participants)
        places = [self._places.get(key, -1) for key in _keys(coalitions)]
        if -1 in places:
            missing = shown(self.participants, coalitions[places.index(-1)])
            raise GameError(
                f"the recorded table of {len(self._places)} coalitions has no {missing}",
                hint="Value it with the method, budget and seed that it was recorded with.",
            )
        return np.asarray(self._rows[places])


def _keys(coalitions: Coalitions) -> list[bytes]:
    """Pack each coalition into one hashable string of bits."""
    packed = np.packbits(coalitions, axis=1)
    return [
        bytes(key) for key in packed.view(np.dtype((np.void, packed.shape[1]))).ravel().tolist()
    ]


def _unpacked(keys: bytes, n: int) -> Coalitions:
    packed = np.frombuffer(keys, dtype=np.uint8).reshape(-1, -(-n // 8))
    return np.unpackbits(packed, axis=1, count=n).astype(np.bool_)
