"""What a model sees of a table: a float32 matrix.

Numeric columns are standardised, categories become one column a level, and a column with
missing cells gets one more that says so. All statistics are sums over members of their
TRAINING rows, so they could be made by secure aggregation, and validation rows leak nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from fedmerit.federation.data.naming import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    #: A member's row numbers in the table, shape (rows,).
    RowNumbers = NDArray[np.int64]


#: Between these the squares of numbers, and a table's sum of them, are float64 with all digits.
_SMALL: Final = 2.0**-400
_LARGE: Final = 2.0**400


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedColumn:
    """How one column of a table becomes columns of the matrix.

    Attributes:
        name: The column's.
        levels: Of categories, those that a training row has, sorted; None for numbers.
        mean: What is taken off a number, after its power of two.
        scale: What it is divided by then.
        exponent: The power of two that a number is divided by first.
        missing: Whether one more column says which cells are missing.

    """

    name: str
    levels: tuple[str, ...] | None = None
    mean: float = 0.0
    scale: float = 1.0
    exponent: int = 0
    missing: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What its columns of the matrix are called, but for numbers that tell them apart."""
        names = [self.name] if self.levels is None else [f"{self.name}={n}" for n in self.levels]
        return (*names, f"{self.name} missing") if self.missing else tuple(names)

    def encoded(self, column: pd.Series) -> list[NDArray[Any]]:
        """Give its columns of the matrix, each of shape ``(rows,)``."""
        values = column.to_numpy()
        if self.levels is None:
            scaled = _divided(values, self.exponent)
            columns: list[NDArray[Any]] = [np.nan_to_num((scaled - self.mean) / self.scale)]
        else:
            columns = [values == level for level in self.levels]
        if self.missing:
            columns.append(column.isna().to_numpy())
        return columns


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the rows of a table become a matrix.

    Attributes:
        columns: In the table's order.

    """

    columns: tuple[EncodedColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the matrix's columns are called; made names make way for the table's own."""
        numbers = [column.name for column in self.columns if column.levels is None]
        made = [n for c in self.columns for n in (c.names if c.levels is not None else c.names[1:])]
        own, others = iter(numbers), iter(numbered(made, numbers))
        return tuple(
            next(own) if column.levels is None and place == 0 else next(others)
            for column in self.columns
            for place in range(len(column.names))
        )

    def apply(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Encode rows, shape ``(rows, columns of the matrix)``.

        A missing number becomes 0 (the mean, where standardised), a missing category no level
        at all. So does a level that no training row has.
        """
        matrix = [
            values.astype(np.float32)
            for column in self.columns
            for values in column.encoded(features[column.name])
        ]
        return np.stack(matrix, axis=1)


def fit(features: pd.DataFrame, training: Sequence[RowNumbers], *, standardise: bool) -> Encoding:
    """Learn from the *training* rows how to encode every row.

    Args:
        features: float64 and text columns.
        training: Each member's training rows.
        standardise: Whether numeric columns get mean 0 and variance 1.

    """
    columns = []
    for name in features:
        column = features[name]
        empty = column.isna().to_numpy()
        missing = sum(int(empty[rows].sum()) for rows in training) > 0
        if column.dtype.kind != "f":
            levels = _levels(column, training)
            columns.append(EncodedColumn(name=str(name), levels=levels, missing=missing))
        elif standardise:
            exponent, mean, scale = _moments(column.to_numpy(), training)
            columns.append(
                EncodedColumn(
                    name=str(name), mean=mean, scale=scale, exponent=exponent, missing=missing
                )
            )
        else:
            columns.append(EncodedColumn(name=str(name), missing=missing))
    return Encoding(tuple(columns))


def encode(
    features: pd.DataFrame, training: Sequence[RowNumbers], *, standardise: bool
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Encode every row of *features* by the statistics of the *training* rows.

    Returns:
        The matrix, shape ``(rows, columns)``, and the columns' names.

    """
    encoding = fit(features, training, standardise=standardise)
    return encoding.apply(features), encoding.names


def _moments(
    values: NDArray[np.float64], training: Sequence[RowNumbers]
) -> tuple[int, float, float]:
    """Give the power of two to take out, and mean and standard deviation of what is left."""
    exponent = _exponent(values, training)
    values = _divided(values, exponent)
    present = [part[~np.isnan(part)] for part in (values[rows] for rows in training)]
    count = max(1, sum(len(part) for part in present))
    mean = sum(float(part.sum()) for part in present) / count
    # The second sum is taken about the mean: a sum of squares would lose large, close values.
    variance = sum(float(((part - mean) ** 2).sum()) for part in present) / count
    return exponent, mean, variance**0.5 or 1.0


def _exponent(values: NDArray[np.float64], training: Sequence[RowNumbers]) -> int:
    """Give the power of two to take out of numbers whose squares no float64 holds; 0 for others.

    It is out of the standardised numbers too, and so changes none of them.
    """
    sizes = [np.abs(part[~np.isnan(part)]) for part in (values[rows] for rows in training)]
    largest = max((float(part.max()) for part in sizes if len(part)), default=0.0)
    if not largest or _SMALL <= largest <= _LARGE:
        return 0
    return int(np.frexp(largest)[1])


def _divided(values: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    """Divide by a power of two, in two steps: the whole power may be no float64 itself."""
    if not exponent:
        return values
    halves = exponent // 2
    return np.asarray(np.ldexp(np.ldexp(values, -halves), halves - exponent))


def _levels(column: pd.Series, training: Sequence[RowNumbers]) -> tuple[str, ...]:
    values = column.to_numpy()
    met = {level for rows in training for level in pd.unique(values[rows]) if level is not None}
    return tuple(sorted(met))
