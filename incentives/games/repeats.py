"""A game whose worths are noisy, measured several times over.

Training again with another seed gives another worth. What a participant is worth is then a mean
over seeds, and the spread of the repeats is part of its error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import GameError
from fedmerit.incentives.game import ask, check_participants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.game import Coalitions, Game, RowWorths, Worths


class RepeatedGame:
    """Several measurements of one game as a :class:`~fedmerit.incentives.game.MeasuredGame`.

    Each repeat has values of its own, whose spread over the repeats is the error that the
    noise leaves (``Valuation.training_errors``); validation rows, where the repeats show any,
    leave theirs as in any measured game. A repeat's noise cancels in what a participant adds
    where it is the same for all its coalitions. Repeats show no rounds: other members were
    present in each.

    Args:
        repeats: Two games or more, of the same participants and validation rows: retrained
            with different seeds, say, or one noisy game as often as it shall be asked.

    Attributes:
        repeats: How many there are.
        resolution: The coarsest step that any repeat rounds its worths to.

    Raises:
        GameError: There are fewer than two repeats, or their participants differ.
    """

    def __init__(self, repeats: Sequence[Game]) -> None:
        if len(repeats) < 2:  # noqa: PLR2004 - a spread needs two
            raise GameError(
                f"{len(repeats)} repeats show no spread", hint="Repeat the game twice at least."
            )
        self.participants = repeats[0].participants
        check_participants(self.participants)
        for repeat in repeats:
            if repeat.participants != self.participants:
                raise GameError(
                    f"a repeat is of {repeat.participants}, the first of {self.participants}",
                    hint="Repeat one game; only its randomness may differ.",
                )
        self._games = tuple(repeats)
        self.repeats = len(repeats)
        self.resolution = max(float(getattr(repeat, "resolution", 0.0)) for repeat in repeats)

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give each coalition's mean worth over the repeats, shape ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's worth in each repeat on each validation row.

        Shape ``(rows, repeats * validation rows)``, one repeat after another; of repeats that
        show no validation rows, ``(rows, repeats)``.

        Raises:
            GameError: The repeats show different numbers of validation rows.
        """
        answers = [ask(game, coalitions) for game in self._games]
        if len(widths := {answer.shape[1] for answer in answers}) > 1:
            raise GameError(
                f"repeats show {sorted(widths)} validation rows",
                hint="Measure every repeat on the same validation rows.",
            )
        return np.hstack(answers)


class LeadingRepeats:
    """A repeated game of which the first repeats alone are shown.

    Args:
        game: It shows its repeats' worths by row, one repeat after another.
        repeats: How many are shown.

    Raises:
        GameError: It has not so many.
    """

    def __init__(self, game: Game, repeats: int) -> None:
        held = int(getattr(game, "repeats", 1))
        if not 1 <= repeats <= held:
            raise GameError(f"a game of {held} repeats shows no first {repeats}")
        self.participants = game.participants
        self.resolution = float(getattr(game, "resolution", 0.0))
        self.repeats = repeats
        self._game, self._held = game, held

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give each coalition's mean worth over the shown repeats, shape ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's worths in the shown repeats, ``(rows, repeats * columns)``."""
        answers = ask(self._game, coalitions)
        return answers[:, : answers.shape[1] // self._held * self.repeats]
