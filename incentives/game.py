"""Coalition games: what a set of participants is worth together.

A game is the one thing every valuation method needs. Retraining FedAvg without some
participants is a game, and so is a three-line table in a test. Games come from outside,
so methods never call one directly: they :func:`ask` it, and what it answers is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fedmerit.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: One row per coalition, one column per participant; True means "in".
Coalitions = NDArray[np.bool_]
#: One worth per row, in the game's own unit (say, nats per validation row).
Worths = NDArray[np.float64]
#: One row per coalition, one column per validation row (one column if there are none).
RowWorths = NDArray[np.float64]

_MAX_IN_A_TABLE: Final = 24  # 2**24 worths are 128 MiB


class Game(Protocol):
    """A set function on the participants, asked for many coalitions at once.

    A game whose worths are rounded may say to what step, as ``resolution``: values that are
    nearer to each other than that are alike.
    """

    @property
    def participants(self) -> tuple[str, ...]:
        """Names, in column order. Never reordered during a game's life."""

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give the worth of each row of *coalitions*, shape ``(rows,)``."""


@runtime_checkable
class MeasuredGame(Game, Protocol):
    """A game whose worth is a mean over validation rows, and who can show the rows.

    Shapley values are linear in the game, so the values of each validation row's own
    game give the error that a finite validation set leaves in the values.
    """

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's worth on each validation row.

        Shape ``(rows of coalitions, validation rows)``, always the same validation rows
        in the same order; :meth:`worth` is its mean over the last axis.
        """


@runtime_checkable
class EnumerableGame(Game, Protocol):
    """A game that has a faster way to all of its worths than to be asked for each."""

    def every_worth(self) -> Worths:
        """Give all worths, shape ``(2**n,)``; bit *i* of the index says if *i* is in."""


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


@runtime_checkable
class UpdatesGame(Game, Protocol):
    """A game made of a run's rounds, which shows the updates they consist of.

    It may also have *refused*, of the shape of *present*: whose update was not accepted.
    """

    @property
    def updates(self) -> NDArray[np.floating]:
        """What each member sent, shape ``(rounds, n, parameters)``; 0 where it sent nothing."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each update weighed in the average, shape ``(rounds, n)``."""

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who took part in which round, shape ``(rounds, n)``."""

    @property
    def gradients(self) -> NDArray[np.floating]:
        """The mean validation loss's gradient at each round's model, ``(rounds, parameters)``."""


class TableGame:
    """A game written out in full; the reference that samplers are tested on.

    Args:
        participants: Names, in column order; at most 24.
        table: The worth of each coalition; one the table leaves out is worth 0.

    Raises:
        GameError: A name appears twice, a coalition has an unknown member, a worth is
            not finite, or there are too many participants.
    """

    def __init__(
        self, participants: tuple[str, ...], table: Mapping[frozenset[str], float]
    ) -> None:
        check_participants(participants)
        if len(participants) > _MAX_IN_A_TABLE:
            raise GameError(
                f"a table of {len(participants)} participants has 2**{len(participants)} worths",
                hint=f"Write a class with participants and worth() above {_MAX_IN_A_TABLE}.",
            )
        self.participants = participants
        self._bits = 1 << np.arange(len(participants))
        bit = dict(zip(participants, self._bits.tolist(), strict=True))
        self._worth = np.zeros(2 ** len(participants))
        for members, worth in table.items():
            if unknown := sorted(members - bit.keys()):
                raise GameError(f"the table names {unknown}, who are not among {participants}")
            self._worth[sum(bit[member] for member in members)] = worth
        if not np.isfinite(self._worth).all():
            raise GameError(f"the table holds worths that are not finite: {dict(table)}")

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Look the rows up, shape ``(rows,)``."""
        return np.asarray(self._worth[coalitions @ self._bits])


def ask(game: Game, coalitions: Coalitions) -> RowWorths:
    """Ask *game* for *coalitions*, and check what it answers.

    Returns:
        A :class:`MeasuredGame`'s worths by validation row, or any other game's worths
        as one column: shape ``(rows of coalitions, columns)``, float64.

    Raises:
        GameError: The answer has another shape, is not of real numbers, or is not finite.
    """
    if isinstance(game, MeasuredGame):
        answer = _reals(game.worth_by_row(coalitions), "worth_by_row")
        fits = answer.ndim == 2 and len(answer) == len(coalitions) and answer.shape[1] > 0  # noqa: PLR2004 - two axes
        _check_shape(answer, "(coalitions, validation rows)", len(coalitions), fits=fits)
    else:
        answer = _reals(game.worth(coalitions), "worth")
        fits = answer.shape == (len(coalitions),)
        _check_shape(answer, "(coalitions,)", len(coalitions), fits=fits)
        answer = answer[:, None]
    not_finite = ~np.isfinite(answer).all(axis=1)
    if not_finite.any():
        first = int(not_finite.argmax())
        raise GameError(
            f"{int(not_finite.sum())} of {len(answer)} coalitions have a worth that is not finite; "
            f"the first is {shown(game.participants, coalitions[first])}",
            hint="Check the game's metric: a NaN loss or a division by zero is the usual cause.",
        )
    return answer


def ask_for_all(game: EnumerableGame) -> Worths:
    """Ask *game* for all of its worths at once, and check what it answers.

    Returns:
        Shape ``(2**n,)``, float64; bit *i* of the index says if *i* is in.

    Raises:
        GameError: The answer has another shape, is not of real numbers, or is not finite.
    """
    n = len(game.participants)
    answer = _reals(game.every_worth(), "every_worth")
    _check_shape(answer, f"(2**{n},)", 2**n, fits=answer.shape == (2**n,))
    if not np.isfinite(answer).all():
        raise GameError("the table of every worth holds some that are not finite")
    return answer


def check_participants(participants: tuple[str, ...]) -> None:
    """Refuse an empty list of participants, names that repeat, and names that are not text.

    Raises:
        GameError: With the names that are wrong.
    """
    if not participants:
        raise GameError("a game needs one participant at least, and has none")
    if odd := [name for name in participants if not isinstance(name, str)]:
        raise GameError(f"participants are named by strings, not by {odd}")
    if len(set(participants)) < len(participants):
        repeated = sorted({name for name in participants if participants.count(name) > 1})
        raise GameError(
            f"participants must have different names; these repeat: {repeated}",
            hint="Rename one of each pair; payments go by name.",
        )


def check_coalitions(coalitions: Coalitions, participants: tuple[str, ...]) -> None:
    """Refuse anything but a Boolean matrix with one column per participant.

    Raises:
        GameError: With the shape and type that were found.
    """
    wanted = len(participants)
    if coalitions.dtype != np.bool_ or coalitions.ndim != 2 or coalitions.shape[1] != wanted:  # noqa: PLR2004 - two axes
        raise GameError(
            f"coalitions are a Boolean array of shape (rows, {wanted}), "
            f"not {coalitions.dtype} of shape {coalitions.shape}"
        )


def shown(participants: tuple[str, ...], coalition: NDArray[np.bool_]) -> str:
    """Write one coalition, shape ``(n,)``, for a person: ``{ada, bob}``."""
    members = (name for name, is_member in zip(participants, coalition, strict=True) if is_member)
    return "{" + ", ".join(members) + "}"


def _reals(answer: object, member: str) -> NDArray[np.float64]:
    reals = np.asarray(answer)
    if reals.dtype.kind not in "fiub":
        raise GameError(f"{member}() must give real numbers, and gave {reals.dtype}")
    return reals.astype(np.float64, copy=False)


def _check_shape(answer: NDArray[np.float64], wanted: str, requested: int, *, fits: bool) -> None:
    if not fits:
        raise GameError(
            f"asked for {requested} coalitions, the game gave shape {answer.shape}, not {wanted}",
            hint="worth() answers one number per row of the coalitions it is given.",
        )
