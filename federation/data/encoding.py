"""What a model sees of a table: a float32 matrix.

Numeric columns are standardised, categories become one column a level, and a column with
missing cells gets one more that says so. All statistics are sums over members of their
TRAINING rows, so they could be made by secure aggregation, and validation rows leak nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    #: A member's row numbers in the table, shape (rows,).
    RowNumbers = NDArray[np.int64]


#: Between these the squares of numbers, and a table's sum of them, are float64 with all digits.
_SMALL: Final = 2.0**-400
_LARGE: Final = 2.0**400


def encode(
    features: pd.DataFrame, training: Sequence[RowNumbers], *, standardise: bool
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Encode every row of *features* by the statistics of the *training* rows.

    A missing number becomes 0 (the mean, where standardised), a missing category no level at
    all. So does a level that no training row has.

    Args:
        features: float64 and text columns.
        training: Each member's training rows.
        standardise: Whether numeric columns get mean 0 and variance 1.

    Returns:
        The matrix, shape ``(rows, columns)``, and the columns' names.

    """
    columns: dict[str, NDArray[Any]] = {}
    for name in features:
        column = features[name]
        if column.dtype.kind == "f":
            columns[str(name)] = _numeric(column.to_numpy(), training, standardise=standardise)
        else:
            columns |= _levels(column, training)
        empty = column.isna().to_numpy()
        if sum(int(empty[rows].sum()) for rows in training):
            columns[f"{name} missing"] = empty
    matrix = np.stack([values.astype(np.float32) for values in columns.values()], axis=1)
    return matrix, tuple(columns)


def _numeric(
    values: NDArray[np.float64], training: Sequence[RowNumbers], *, standardise: bool
) -> NDArray[np.float64]:
    if not standardise:
        return np.nan_to_num(values)
    values = _scaled(values, training)
    present = [part[~np.isnan(part)] for part in (values[rows] for rows in training)]
    count = max(1, sum(len(part) for part in present))
    mean = sum(float(part.sum()) for part in present) / count
    # The second sum is taken about the mean: a sum of squares would lose large, close values.
    variance = sum(float(((part - mean) ** 2).sum()) for part in present) / count
    return np.nan_to_num((values - mean) / (variance**0.5 or 1.0))


def _scaled(values: NDArray[np.float64], training: Sequence[RowNumbers]) -> NDArray[np.float64]:
    """Take a power of two out of numbers whose squares no float64 holds; leave others as they are.

    It is out of the standardised numbers too, and so changes none of them.
    """
    sizes = [np.abs(part[~np.isnan(part)]) for part in (values[rows] for rows in training)]
    largest = max((float(part.max()) for part in sizes if len(part)), default=0.0)
    if not largest or _SMALL <= largest <= _LARGE:
        return values
    exponent = int(np.frexp(largest)[1])
    halves = exponent // 2  # in two steps: the whole power may be no float64 itself
    return np.asarray(np.ldexp(np.ldexp(values, -halves), halves - exponent))


def _levels(column: pd.Series, training: Sequence[RowNumbers]) -> dict[str, NDArray[np.bool_]]:
    values = column.to_numpy()
    met = {level for rows in training for level in pd.unique(values[rows]) if level is not None}
    return {f"{column.name}={level}": values == level for level in sorted(met)}
