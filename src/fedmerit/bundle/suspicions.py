"""Who looks as if it did not play fair, as a bundle says it: scores, and what they are made of.

Recomputed by the audit from the kept updates and the recorded values of rounds. Nobody is paid
by it, and no score is a proof.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.bundle.directory import Document
from fedmerit.incentives.detection import suspicion
from fedmerit.units import NANO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fedmerit.incentives import Game

#: What each sign says of a member, for people.
SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "value": "its updates were worth little for their weight",
        "alignment": "its updates went little down the validation loss",
        "agreement": "its updates agreed little with the others'",
        "inconstancy": "what sets its updates apart changed from round to round",
        "staleness": "its updates repeated the model's last move",
        "twinning": "its updates were another member's",
        "refusal": "its updates were refused",
    }
)
#: From this score on, in thousandths, a member is one to look at: as far from the median member
#: as the widest net of Leys et al. (2013).
TO_LOOK_AT: Final = 2000
#: What adds less than this to a score is no reason for it, in thousandths.
_LEAST: Final = 250
_MILLI: Final = 1000


class SuspicionDocument(Document):
    """How suspicious each member is, in thousandths of a robust deviation; 0 is ordinary."""

    scores: tuple[int, ...]
    """Higher is more suspicious; below 0 is less so than the median member."""
    parts: dict[str, tuple[int, ...]]
    """What each sign adds to each score: ``value``, ``alignment``, ``agreement``,
    ``inconstancy``, ``staleness``, ``twinning`` and ``refusal``."""

    def reasons(self, place: int) -> tuple[str, ...]:
        """Name the signs that the member at *place* is suspected for, the weightiest first."""
        adds = {name: part[place] for name, part in self.parts.items() if part[place] >= _LEAST}
        return tuple(SIGNS[name] for name in sorted(adds, key=lambda name: (-adds[name], name)))


def suspicion_document(game: Game, values: Sequence[Sequence[int]]) -> SuspicionDocument:
    """Score members by their updates and by what each round's game says they are worth.

    Args:
        game: Shows the updates that it came of.
        values: Of each round's game, in billionths, shape ``(rounds, n)``.
    """
    found = suspicion(game, np.array(values) / NANO)
    return SuspicionDocument(
        scores=_thousandths(found.scores.tolist()),
        parts={name: _thousandths(part.tolist()) for name, part in found.parts.items()},
    )


def suspects(
    names: Sequence[str], found: SuspicionDocument
) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Give the members to look at, the most suspicious first: name, score and reasons."""
    ranked = sorted(range(len(names)), key=lambda place: (-found.scores[place], place))
    for place in ranked:
        if found.scores[place] >= TO_LOOK_AT:
            yield names[place], found.scores[place], found.reasons(place)


def _thousandths(numbers: Sequence[float]) -> tuple[int, ...]:
    return tuple(round(number * _MILLI) for number in numbers)
