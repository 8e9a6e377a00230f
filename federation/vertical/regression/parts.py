"""Parts of scores, shown to the label holder after an encrypted regression, if all agreed.

In encrypted training nobody's part is ever seen, so nothing is recorded that a game of
coalitions could be played on. Where the others agree to it, each shows the label holder its own
part of every score, in steps: what its columns together say about a person, to as many bits as
gradients leave of a tenth of the bits in those columns.
"""

from __future__ import annotations

from functools import partial
from math import log2
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.federation.privacy.bits import SHARE
from fedmerit.federation.vertical.entropies import bits_of_columns
from fedmerit.federation.wire.channel import Channel, Played, play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.task import Columns, Matrix, VerticalTask

#: Parts are shown in so many steps at most, and each step is a number of so many bits.
_STEPS: Final = 256
_STEP_BITS: Final = 32


def show_parts(
    task: VerticalTask,
    weights: Mapping[str, Matrix],
    told: Mapping[str, float] = MappingProxyType({}),
) -> Played[Mapping[str, Embeddings]]:
    """Let every party show its part of the scores, each in a thread of this process.

    Args:
        task: Whose columns.
        weights: Each party's own, as :class:`Regression` has them.
        told: By party, which share of its columns' bits gradients may have told, in [0, 1].

    Returns:
        What was said; the label holder's result has all parts, ``(rows, 1)`` each, by party.

    """
    leader, *others = task.parties
    programs: dict[str, Callable[[Channel], Mapping[str, Embeddings]]] = {
        leader.party: partial(_gather, columns=leader, weights=weights[leader.party])
    }
    for columns in others:
        programs[columns.party] = partial(
            _show,
            columns=columns,
            weights=weights[columns.party],
            leader=leader.party,
            many=_steps(columns, told.get(columns.party, 0.0)),
        )
    return play(programs)


def _show(
    channel: Channel, *, columns: Columns, weights: Matrix, leader: str, many: int
) -> Mapping[str, Embeddings]:
    training, held_out = (rows @ weights for rows in (columns.training, columns.held_out))
    training, held_out = _in_steps(training, training, many), _in_steps(held_out, training, many)
    channel.send(leader, "parts", training=_column(training), held_out=_column(held_out))
    return {}


def shown_bits(columns: Columns, told: float = 0.0) -> float:
    """Give the bits of all parts that a party shows; *told* as of :func:`show_parts`."""
    return _bits(columns, _steps(columns, told))


def _steps(columns: Columns, told: float) -> int:
    """Give the steps that a party may show its parts in; two, if it may show none."""
    most = (
        (SHARE - told) * (len(columns.training) + len(columns.held_out)) * bits_of_columns(columns)
    )
    return max(2, *(steps for steps in range(2, _STEPS + 1) if _bits(columns, steps) <= most), 2)


def _bits(columns: Columns, steps: int) -> float:
    people = len(columns.training) + len(columns.held_out)
    return people * log2(steps) + _STEP_BITS * steps


def _in_steps(parts: Matrix, training: Matrix, steps: int) -> Matrix:
    """Give each part as the mean of the training rows' in its step; steps have as many of them."""
    order = np.sort(training)
    groups = np.array_split(order, min(steps, len(order)))
    ends = np.array([group[-1] for group in groups[:-1]])
    means = np.array([group.mean() for group in groups])
    return np.asarray(means[np.searchsorted(ends, parts)])


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
