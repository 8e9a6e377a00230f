"""A game whose worths are noisy, measured several times over.

Retraining with another seed gives another worth. What a participant is worth is then a mean
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

    Each repeat stands where another game has a validation row: it has values of its own,
    whose spread over the repeats is the error that the noise leaves.

    Args:
        repeats: Two games or more, of the same participants: retrained with different seeds,
            say, or one noisy game as often as it shall be asked.

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
        self._repeats = tuple(repeats)

    def worth(self, coalitions: Coalitions, /) -> Worths:
        """Give each coalition's mean worth over the repeats, shape ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    def worth_by_row(self, coalitions: Coalitions, /) -> RowWorths:
        """Give each coalition's mean worth in each repeat, shape ``(rows, repeats)``."""
        answers = [ask(repeat, coalitions).mean(axis=1) for repeat in self._repeats]
        return np.stack(answers, axis=1)
