"""Who takes part in a round; an audit draws it again without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def sampled(
    names: Sequence[str],
    participation: float,
    *,
    round_: int,
    seed: int,
    full_round: bool = False,
) -> NDArray[np.bool_]:
    """Pick a round's members: everyone draws a number, and the lowest take part.

    So nobody's draw depends on who else there is. With *full_round* the first round has
    everyone. Shape ``(members,)``.
    """
    if full_round and round_ == 1:
        return np.ones(len(names), dtype=np.bool_)
    draws = [generator(seed, "training", "sampling", name, round_).random() for name in names]
    chosen = np.zeros(len(names), dtype=np.bool_)
    chosen[np.argsort(draws)[: max(1, round(participation * len(names)))]] = True
    return chosen
