"""How many bits there are in a person's row of a party's columns.

Whom a party knows, the label holder of a left join is told by the alignment: only what the party
knows of them is left to be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.linalg import qr

from fedmerit.federation.privacy.bits import entropy_of

if TYPE_CHECKING:
    from fedmerit.federation.vertical.task import Columns, Matrix

#: Columns of so many values are taken together where their bits are counted.
_FEW: Final = 16
#: A direction whose new part is shorter than this share of it depends on those before.
_DEPENDENT: Final = 1e-7


def bits_of_columns(columns: Columns) -> float:
    """Give the bits of one person's row of a party's columns, to who learnt whom it knows.

    Columns of few values are taken together, so that a question's levels count once; of the
    others, those that depend on the rest are left out.
    """
    known = columns.known
    if not known.any():
        return 0.0
    rows = columns.training[known]
    few = [len(np.unique(column)) <= _FEW for column in rows.T]
    many = rows[:, ~np.array(few, dtype=bool)]
    many = many[:, independent(many)]
    together = entropy_of(rows[:, np.array(few, dtype=bool)])
    each = together + sum(entropy_of(column[:, None]) for column in many.T)
    return float(known.mean() * each)


def are_coins(labels: Matrix) -> bool:
    """Say whether labels are of two values, classes or not."""
    return len(np.unique(labels)) == 2  # noqa: PLR2004 - a coin


def rate_of(labels: Matrix) -> float:
    """Give how often labels are the larger of two values."""
    return float((labels == labels.max()).mean())


def dimensions(columns: Columns) -> int:
    """Count a party's independent columns: levels of one question are one fewer."""
    return len(independent(columns.training))


def independent(rows: Matrix) -> list[int]:
    """Give the places of as many columns as do not depend on one another, but for a constant."""
    centred = rows - rows.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    varied = np.flatnonzero(lengths > _DEPENDENT * np.sqrt(len(rows)))
    if not len(varied):
        return []
    unit = centred[:, varied] / lengths[varied]
    triangle, order = qr(unit, mode="r", pivoting=True)
    new = np.abs(np.diagonal(triangle)) > _DEPENDENT
    return sorted(varied[order[: len(new)][new]].tolist())
