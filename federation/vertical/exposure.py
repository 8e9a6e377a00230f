"""What is seen of one secret, in bits."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log2
from typing import TYPE_CHECKING, Final

from fedmerit.federation.vertical.opened import SCORE_SPREAD
from fedmerit.federation.vertical.regression.party import SCORE_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What is seen of the labels.
LABELS: Final = "labels"
#: Bits of one score, among scores that spread by :data:`SCORE_SPREAD`.
SCORE: Final = SCORE_BITS + log2(SCORE_SPREAD) + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What is seen of one secret.

    Attributes:
        party: Who sees it, alone or together.
        secret: Of what: ``labels`` or ``features of ...``.
        by: By what it is seen.
        bits: Told at most, over a run and all coalitions that are trained again.
        of: Bits of the secret.
        guess: How often labels can be guessed, in [0, 1]; 0 where no labels are seen.
        agreed: Whether it is what the parties train for: the predictions. It is not refused.
        colluding: Whether it takes a party that opens what was not meant for it. It is not
            refused: no setting hinders it.

    """

    party: str
    secret: str
    by: str
    bits: int
    of: int
    guess: float = 0.0
    agreed: bool = False
    colluding: bool = False

    @property
    def share(self) -> float:
        """Bits told for each bit there is."""
        return self.bits / self.of if self.of else inf


def together(names: Sequence[str]) -> str:
    """Name several parties as one."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
