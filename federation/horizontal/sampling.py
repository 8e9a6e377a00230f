"""Who takes part in a round; an audit draws it again without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    #: The first and the last round that a member is there in; None is to the end.
    Span = tuple[int, int | None]


def present(spans: Sequence[Span], round_: int) -> NDArray[np.bool_]:
    """Say who is there in a round, shape ``(members,)``."""
    return np.array([first <= round_ <= (last or round_) for first, last in spans], dtype=np.bool_)


def sampled(
    names: Sequence[str],
    participation: float,
    *,
    round_: int,
    seed: int,
    there: NDArray[np.bool_] | None = None,
    full_round: bool = False,
) -> NDArray[np.bool_]:
    """Pick a round's members: everyone draws a number, and the lowest take part.

    So nobody's draw depends on who else there is.

    Args:
        names: The members.
        participation: Share of those that are there.
        round_: The round's number, from 1.
        seed: The scenario's seed.
        there: Who is, shape ``(members,)``; everybody if None.
        full_round: Whether the first round has everyone who is there, whatever the share.

    Returns:
        Who takes part, shape ``(members,)``.

    """
    if full_round and round_ == 1:
        return np.ones(len(names), dtype=np.bool_) if there is None else there
    draws = np.array(
        [generator(seed, "training", "sampling", name, round_).random() for name in names]
    )
    if there is not None:
        draws[~there] = np.inf
    count = len(names) if there is None else int(there.sum())
    chosen = np.zeros(len(names), dtype=np.bool_)
    chosen[np.argsort(draws)[: min(count, max(1, round(participation * count)))]] = True
    return chosen
