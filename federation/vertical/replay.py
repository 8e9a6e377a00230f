"""A training that broke off plays its last stretch again, bit by bit, or not at all.

Two independent noises on one number leave whoever saw both their mean, and one noise on two numbers
their difference. So a party that goes on draws in a stretch what it drew in it before, and holds
what it hears in it against what it heard before: as long as nobody says anything else, all that is
sent is what was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.csprng import NoiseStream
from fedmerit.federation.vertical.checkpoints import decision_after, stretch_of

if TYPE_CHECKING:
    from fedmerit.federation.vertical.checkpoints import CheckpointStore
    from fedmerit.federation.wire.channel import Channel

#: Before the first epoch: keys.
_SETUP: Final = "setup"


class Replay:
    """What one party draws and hears, stretch by stretch.

    Args:
        channel: What it hears on.
        checkpoints: Where its key and its journal are kept.
        draws: Its draws, for tests; without, under the key that is kept.

    Attributes:
        draws: Whatever hides something is drawn from it.

    """

    def __init__(
        self, channel: Channel, checkpoints: CheckpointStore, draws: NoiseStream | None = None
    ) -> None:
        self.draws = draws or NoiseStream(checkpoints.secret())
        channel.journal = self._journal = checkpoints.journal()
        self._begin(_SETUP)

    def epoch(self, number: int) -> None:
        """Begin an epoch."""
        self._begin(stretch_of(number))

    def end(self, number: int) -> None:
        """Begin what follows the last epoch."""
        self._begin("end", number)

    def between(self) -> None:
        """Leave a stretch: after which epoch all go on is not what it was before a break."""
        if self._journal is not None:
            self._journal.rest()

    def decision(self, number: int) -> None:
        """Begin to say whether an epoch was the last: whoever said that it was cannot go on."""
        if self._journal is not None:
            self._journal.begin(decision_after(number))

    def _begin(self, *stretch: str | int) -> None:
        self.draws.begin(*stretch)
        if self._journal is not None:
            self._journal.begin(" ".join(map(str, stretch)))
