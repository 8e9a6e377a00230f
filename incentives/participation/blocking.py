"""Which coalition would do best to walk out: how far payments are from the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.methods.enumeration import every_coalition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game

#: Up to so many members every coalition is looked at.
_ALL: Final = 10
#: Coalitions that the search begins from beside members alone and all but one.
_DRAWN: Final = 64


def worst_excess(
    game: Game, shares: Sequence[float], stream: np.random.Generator
) -> tuple[float, tuple[str, ...]] | None:
    """Give by how much a coalition's share of the worth exceeds its share of the pay, at most.

    With more than ten members it is a search from drawn coalitions, one member in or out at a
    time: what it finds is true, and there may be worse.

    Args:
        game: What coalitions are worth.
        shares: Of all that could be paid, by participant, ``(n,)``.
        stream: Of the coalitions to begin from.

    Returns:
        The excess, above 0 where the coalition would gain by leaving, and its members; None if
        everybody together is worth nothing.
    """
    n = len(game.participants)
    paid = np.asarray(shares)
    everyone = float(game.worth(np.ones((1, n), dtype=np.bool_))[0])
    if everyone <= 0:
        return None
    if n <= _ALL:
        looked = every_coalition(n)[1:]
        excesses = game.worth(looked) / everyone - looked @ paid
    else:
        looked = _beginnings(n, stream)
        looked, excesses = _climbed(game, everyone, paid, looked)
    worst = int(excesses.argmax())
    names = tuple(np.asarray(game.participants)[looked[worst]].tolist())
    return float(excesses[worst]), names


def _beginnings(n: int, stream: np.random.Generator) -> NDArray[np.bool_]:
    alone = np.eye(n, dtype=np.bool_)
    return np.concatenate([alone, ~alone, stream.random((_DRAWN, n)) < 1 / 2])


def _climbed(
    game: Game, everyone: float, paid: NDArray[np.float64], looked: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Go from the best coalition to its best neighbour until none is better."""
    excesses = game.worth(looked) / everyone - looked @ paid
    best, reached = looked[int(excesses.argmax())], float(excesses.max())
    while True:
        neighbours = best ^ np.eye(len(best), dtype=np.bool_)
        neighbours = neighbours[neighbours.any(axis=1)]
        excesses = game.worth(neighbours) / everyone - neighbours @ paid
        if excesses.max() <= reached:
            return best[None], np.array([reached])
        best, reached = neighbours[int(excesses.argmax())], float(excesses.max())
