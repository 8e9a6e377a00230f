"""Parts of scores, shown to the label holder after an encrypted regression, if all agreed.

In encrypted training nobody's part is ever seen, so nothing is recorded that a game of
coalitions could be played on. Where the others agree to it, each shows the label holder its own
part of every score: what its columns together say about a person, and none of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.federation.wire.channel import Channel, Played, play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.task import Columns, Matrix, VerticalTask


def show_parts(
    task: VerticalTask, weights: Mapping[str, Matrix]
) -> Played[Mapping[str, Embeddings]]:
    """Let every party show its part of the scores, each in a thread of this process.

    Args:
        task: Whose columns.
        weights: Each party's own, as :class:`Regression` has them.

    Returns:
        What was said; the label holder's result has all parts, ``(rows, 1)`` each, by party.

    """
    leader, *others = task.parties
    programs: dict[str, Callable[[Channel], Mapping[str, Embeddings]]] = {
        leader.party: partial(_gather, columns=leader, weights=weights[leader.party])
    }
    for columns in others:
        programs[columns.party] = partial(
            _show, columns=columns, weights=weights[columns.party], leader=leader.party
        )
    return play(programs)


def _show(
    channel: Channel, *, columns: Columns, weights: Matrix, leader: str
) -> Mapping[str, Embeddings]:
    training, held_out = (rows @ weights for rows in (columns.training, columns.held_out))
    channel.send(leader, "parts", training=_column(training), held_out=_column(held_out))
    return {}


def _gather(channel: Channel, *, columns: Columns, weights: Matrix) -> Mapping[str, Embeddings]:
    own = (columns.training, columns.held_out)
    found = {}
    if columns.names:  # its last weight is the intercept's
        mine, unseen = (_column(rows @ weights[:-1]) for rows in own)
        found[channel.name] = (mine, unseen)
    for peer in channel.peers:
        message = channel.receive(peer, "parts")
        seen, unseen = (
            np.array(message.array(name, "<f4", (len(rows), 1)), dtype=np.float32)
            for name, rows in zip(("training", "held_out"), own, strict=True)
        )
        found[peer] = (seen, unseen)
    return found


def _column(values: Matrix) -> NDArray[np.float32]:
    return values.astype("<f4").reshape(-1, 1)
