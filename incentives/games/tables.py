"""Coalition tables as files: what each coalition was worth, one line each.

A table is a CSV file in UTF-8. Its header names the participants, in column order, and then
one column called ``worth``, or several called ``worth1``, ``worth2`` and so on where each
coalition was measured on several validation rows or several times over::

    ada,bob,cyd,worth
    0,0,0,0.5
    1,0,0,0.61
    1,1,0,0.7

A cell of a participant is 1 if they are in, else 0. Lines may come in any order, and not all
coalitions need be there: a method that asks for one that is not says which.
"""

from __future__ import annotations

import csv
from math import isfinite
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np

from fedmerit.errors import GameError
from fedmerit.incentives.game import Game, ask, check_participants
from fedmerit.incentives.games.cache import RecordedGame
from fedmerit.incentives.methods.enumeration import every_coalition

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.incentives.game import Coalitions, RowWorths, Worths

_WORTH: Final = "worth"
_MAX_WRITTEN_OUT: Final = 20


@runtime_checkable
class Tabled(Protocol):
    """A game that lists what it was asked, as a :class:`~fedmerit.incentives.CachedGame`."""

    def table(self) -> tuple[Coalitions, RowWorths]:
        """Give the coalitions, shape ``(m, n)``, and their worths by column."""


class RecordedWorths:
    """A stored table of one worth per coalition, which are taken as they are.

    Args:
        participants: Names, in column order.
        coalitions: No two alike, shape ``(m, n)``.
        worths: Their worths, shape ``(m,)``.

    Raises:
        GameError: As :class:`~fedmerit.incentives.games.cache.RecordedGame`.
    """

    def __init__(
        self, participants: tuple[str, ...], coalitions: Coalitions, worths: Worths
    ) -> None:
        self._recorded = RecordedGame(participants, coalitions, worths[:, None])
        self.participants = participants

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give the recorded worth of each row, shape ``(rows,)``."""
        return self._recorded.worth(coalitions)


def read_table(path: Path) -> RecordedGame | RecordedWorths:
    """Read a coalition table.

    Returns:
        A measured game if there are several columns of worths, whose spread gives the
        validation errors; with a single column a plain game.

    Raises:
        GameError: With the file, the line and what is wrong there.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(at, row) for at, row in enumerate(csv.reader(file), start=1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GameError(f"{path} cannot be read as a coalition table: {error}") from error
    if len(lines) < 2:  # noqa: PLR2004 - a header and a line
        raise GameError(f"{path} holds no coalitions", hint=_FORMAT)
    header = [name.strip() for name in lines[0][1]]
    participants = _participants(path, header)
    by_coalition: dict[tuple[bool, ...], tuple[int, list[float]]] = {}
    for at, row in lines[1:]:
        place = f"{path}, line {at}"
        if len(row) != len(header):
            raise GameError(f"{place}: {len(row)} cells under a header of {len(header)}")
        coalition = tuple(
            _membership(place, name, cell)
            for name, cell in zip(participants, row[: len(participants)], strict=True)
        )
        worths = [_number(place, cell) for cell in row[len(participants) :]]
        first, before = by_coalition.setdefault(coalition, (at, worths))
        if before != worths:
            raise GameError(
                f"{place}: the coalition of line {first} again, worth {worths} and not {before}; "
                "the game is noisy",
                hint="Average them, or give repeated worths as columns worth1, worth2, ...",
            )
    coalitions = np.array(list(by_coalition), dtype=np.bool_)
    rows = np.array([worths for _, worths in by_coalition.values()])
    if rows.shape[1] == 1:
        return RecordedWorths(participants, coalitions, rows[:, 0])
    return RecordedGame(participants, coalitions, rows)


def write_table(path: Path, game: Game) -> None:
    """Write a coalition table that :func:`read_table` reads back to the last bit.

    Args:
        path: Where to; a file there is replaced.
        game: A :class:`~fedmerit.incentives.games.cache.CachedGame`, of which all that was asked
            is written, or any other game, which is asked for all its coalitions.

    Raises:
        GameError: The game has too many participants to be asked for all coalitions, a
            participant's name would be taken for a worth's, or the game breaks its contract.
    """
    participants = game.participants
    check_participants(participants)
    if isinstance(game, Tabled):
        coalitions, rows = game.table()
    elif len(participants) <= _MAX_WRITTEN_OUT:
        coalitions = every_coalition(len(participants))
        rows = ask(game, coalitions)
    else:
        raise GameError(
            f"{len(participants)} participants have too many coalitions to write them all",
            hint="Value a CachedGame of it, and write that.",
        )
    columns = rows.shape[1]
    names = [_WORTH] if columns == 1 else [f"{_WORTH}{at}" for at in range(1, columns + 1)]
    if _participants(path, [*participants, *names]) != participants:
        raise GameError(f"{path}: a participant's name would be read as a worth's: {participants}")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*participants, *names])
        for coalition, row in zip(coalitions.astype(int).tolist(), rows.tolist(), strict=True):
            writer.writerow([*coalition, *map(repr, row)])


_FORMAT: Final = "The header names the participants and then worth, or worth1, worth2, ..."


def _participants(path: Path, header: list[str]) -> tuple[str, ...]:
    """Give the names that stand before the columns of worths."""
    worths = [_is_worth(name) for name in header]
    count = worths.index(True) if any(worths) else len(header)
    if count in (0, len(header)) or not all(worths[count:]):
        raise GameError(
            f"{path}: the header must be participants, then worths, and is {header}", hint=_FORMAT
        )
    names = tuple(header[:count])
    if odd := [name for name in names if not name or name != name.strip()]:
        raise GameError(f"{path}: a participant's name is empty or has blanks around it: {odd}")
    check_participants(names)
    return names


def _is_worth(name: str) -> bool:
    return name == _WORTH or (name.startswith(_WORTH) and name[len(_WORTH) :].isdigit())


def _membership(place: str, name: str, cell: str) -> bool:
    if cell.strip() not in ("0", "1"):
        raise GameError(
            f"{place}: {name} is either in (1) or not (0), and is {cell!r}", hint=_FORMAT
        )
    return cell.strip() == "1"


def _number(place: str, cell: str) -> float:
    try:
        worth = float(cell)
    except ValueError:
        raise GameError(f"{place}: {cell!r} is not a number") from None
    if not isfinite(worth):
        raise GameError(
            f"{place}: a worth must be finite, and is {cell!r}",
            hint="Leave coalitions out that were not measured.",
        )
    return worth
