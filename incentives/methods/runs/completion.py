"""A table of rounds by coalitions, completed where nobody looked.

What a coalition adds in a round is taken as a product: a few numbers of the round times a
few of the coalition. Both are fitted in turns (alternating least squares) to the cells that
are known. A coalition's numbers are drawn towards the sum of its members', so that one which
no round shows is what its members add up to, and a round's towards those of all rounds.

One number each, unless cells that were left out are predicted better by more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.methods.runs.factors import factorise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.methods.runs.factors import Cells

    Floats = NDArray[np.float64]

#: Most numbers per round and per coalition.
_MAX_RANK: Final = 3
#: Square by which errors must fall for a rank more, where known cells are about 1 in size.
_WORTHWHILE: Final = 0.05**2
#: Parts of the cells that are left out, one at a time.
_FOLDS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """The table's sums over rounds, and how far they may be off.

    Attributes:
        sums: Of each coalition, by column, shape ``(coalitions, columns)``.
        misses: What predictions of cells that were left out missed, added up over the rounds,
            and scaled up to what is unknown; one row a part left out, shape
            ``(parts, coalitions)``. None if nothing had to be completed.
        rank: Numbers per round and coalition; 0 if nothing had to be completed.
    """

    sums: Floats
    misses: Floats | None
    rank: int


def completed(cells: Cells) -> Completed:
    """Add up each coalition's cells over all rounds, known ones as they are.

    The rounds' numbers are fitted to means over columns; given those, everything is linear
    in the cells, so that the columns' sums have the means' sums as their mean.
    """
    known = np.zeros((len(cells.members), cells.added.shape[1]))
    np.add.at(known, cells.places, cells.added)
    means = cells.added.mean(axis=1)
    scale = float(np.sqrt((means**2).mean())) if len(means) else 0.0
    unknown = np.asarray((cells.members[:, None] & ~cells.present).any(axis=2))
    if scale == 0 or not unknown.any():
        return Completed(known, None, 0)
    rank, misses = _chosen(cells, means / scale)
    by_part = [
        scale * _scaled_up(cells, missed, out, unknown, (means / scale) ** 2)
        for out, missed in misses
    ]
    factors = factorise(cells, means / scale, rank)
    sums = factors.of_coalitions(cells.added)
    np.add.at(sums, cells.places, cells.added - factors.at_cells(cells.added))
    return Completed(sums, np.array(by_part).reshape(-1, len(cells.members)), rank)


def _scaled_up(
    cells: Cells,
    missed: Floats,
    out: NDArray[np.bool_],
    unknown: NDArray[np.bool_],
    squares: Floats,
) -> Floats:
    """Give what is missed of all unknown cells, if as much of them as of a part's, by coalition.

    Coalitions that some other round shows are one kind, those that none shows another.
    """
    count = len(cells.members)
    sizes = np.sqrt(_by_round(cells, squares))
    total = np.zeros(count)
    left = np.isin(np.arange(count), cells.places[~out])
    shown = np.isin(np.arange(count), cells.places)
    for of_all, of_part in ((shown, left), (~shown, ~left)):
        chosen = of_part[cells.places[out]]
        size = float((sizes[cells.rounds[out]] * chosen).sum())
        if size > 0:
            missing = float((unknown[of_all] @ sizes).sum())
            total += np.bincount(cells.places[out], missed * chosen, count) * (missing / size)
    return total


def _chosen(cells: Cells, means: Floats) -> tuple[int, list[tuple[NDArray[np.bool_], Floats]]]:
    """Give the rank that predicts left-out cells best, and what each part missed there.

    Of coalitions that other rounds show, since of others a rank more tells nothing. In each
    part a rank more must be better by a twentieth of a cell.
    """
    parts = [out for k in range(_FOLDS) if (out := _left_out(cells, k)).any() and not out.all()]
    shown = [np.isin(cells.places[out], cells.places[~out]) for out in parts]

    def errors(misses: list[Floats]) -> Floats:
        pairs = zip(misses, shown, strict=True)
        return np.array([(missed[some] ** 2).mean() for missed, some in pairs if some.any()])

    rank, best = 1, _missed(cells, means, parts, 1)
    for more in range(2, min(_MAX_RANK, len(cells.present) // 4) + 1):
        missed = _missed(cells, means, parts, more)
        gains = errors(best) - errors(missed)
        if not len(gains) or gains.min() <= _WORTHWHILE:
            break
        rank, best = more, missed
    return rank, list(zip(parts, best, strict=True))


def _left_out(cells: Cells, part: int) -> NDArray[np.bool_]:
    """Say which cells one part leaves out: those of a fifth of all members of rounds.

    As if these had not been there, which is how cells come to be unknown.
    """
    out = np.zeros(len(cells.rounds), dtype=np.bool_)
    for number, member in np.argwhere(cells.present)[part::_FOLDS]:
        out |= (cells.rounds == number) & cells.members[cells.places, member]
    return out


def _missed(cells: Cells, means: Floats, parts: list[NDArray[np.bool_]], rank: int) -> list[Floats]:
    """Give what a fit to all other cells misses of each part's."""
    misses = []
    for out in parts:
        fitted = factorise(cells.only(~out), means[~out], rank)
        misses.append(means[out] - fitted.predicted(cells.rounds[out], cells.places[out]))
    return misses


def _by_round(cells: Cells, squares: Floats) -> Floats:
    """Give the mean of each round's *squares*, shape ``(rounds,)``."""
    height = len(cells.present)
    often = np.bincount(cells.rounds, minlength=height)
    return np.bincount(cells.rounds, squares, height) / np.maximum(often, 1)
