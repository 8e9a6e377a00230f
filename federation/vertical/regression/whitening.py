"""Columns that are alike are made unlike before training, each party's own among themselves.

Gradient descent takes hundreds of epochs where columns overlap, as the levels of one question do,
and under encryption every epoch is dear. In coordinates in which a party's training rows are
uncorrelated and of one size, it takes a few: what is left to learn step by step is how parties'
columns overlap with one another's. It is a change of a party's own coordinates, which tells
nobody anything; the weights that come out are those of its columns as they were.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from fedmerit.federation.vertical.task import Columns, Matrix

#: Directions along which rows spread by less than this share of their widest are left out.
_NARROWEST: Final = 1e-3


def coordinates(training: Matrix) -> Matrix:
    """Give what turns columns into uncorrelated ones of mean square 1 (block Jacobi).

    Args:
        training: A party's own, shape ``(rows, columns)``.

    Returns:
        Shape ``(columns, directions)``: columns times it are the new ones, and it times their
        weights is the columns' weights.
    """
    _, spread, directions = np.linalg.svd(training, full_matrices=False)
    wide = spread > _NARROWEST * spread.max(initial=0.0)
    return np.asarray(directions[wide].T / spread[wide] * np.sqrt(len(training)))


def whitened(columns: Columns) -> tuple[Columns, Matrix]:
    """Give a party's columns in their :func:`coordinates`, and what turns weights back."""
    matrix = coordinates(columns.training)
    names = tuple(f"direction {k}" for k in range(1, matrix.shape[1] + 1))
    training, held_out = columns.training @ matrix, columns.held_out @ matrix
    return replace(columns, names=names, training=training, held_out=held_out), matrix
