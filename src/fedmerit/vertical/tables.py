"""Tables of every coalition's gains, as a bundle keeps them, and the games that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import BundleError
from fedmerit.evidence import MICRO
from fedmerit.incentives import RecordedGame
from fedmerit.records import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.bundle import Bundle
    from fedmerit.federation.vertical.task import Matrix


def every_coalition(players: int) -> NDArray[np.bool_]:
    """Give all coalitions, nobody first and everyone last, shape ``(2**players, players)``."""
    numbers = np.arange(2**players)[:, None]
    return (numbers >> np.arange(players) & 1).astype(np.bool_)


def write_table(bundle: Bundle, name: str, gains: Matrix) -> None:
    """Keep the gains of every coalition, the labels given."""
    bundle.write_tensors(name, {"gains_micro": np.rint(gains * MICRO).astype(np.int64)})


def read_table(bundle: Bundle, name: str) -> Matrix:
    """Read the gains of every coalition, the labels given."""
    arrays = bundle.tensors(name)
    if set(arrays) != {"gains_micro"}:
        raise BundleError(f"{name} holds {', '.join(sorted(arrays))}")
    return np.asarray(whole(arrays["gains_micro"], name) / MICRO)


def party_game(participants: tuple[str, ...], gains: Matrix, label_holder: str) -> RecordedGame:
    """Give the game of a table of gains.

    Args:
        participants: The label holder first.
        gains: Of every coalition with the labels given.
        label_holder: ``given``, or ``mandatory``: a coalition without it is then worth nothing.
    """
    coalitions = every_coalition(len(participants))
    if len(gains) != len(coalitions):
        raise BundleError(f"{len(gains)} coalitions are not those of {len(participants)} parties")
    plays = coalitions[:, :1] | np.bool_(label_holder == "given")
    return RecordedGame(participants, coalitions, np.where(plays, gains, 0.0))
