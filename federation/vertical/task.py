"""What a vertical federation trains on: each party's own columns of the same people's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import DataError
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.federation.data.encoding import Encoding
    from fedmerit.federation.data.quantities import Quantity
    from fedmerit.federation.vertical.regression.settings import RegressionSettings

    Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """One party's columns, its rows in the common order.

    Attributes:
        party: Whose.
        names: The columns' names.
        training: Shape ``(training rows, columns)``; the label holder may have no column.
        held_out: Shape ``(validation rows, columns)``.
        encoding: How the party's table became columns; None where they are given as they are.

    """

    party: str
    names: tuple[str, ...]
    training: Matrix
    held_out: Matrix
    encoding: Encoding | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whom of the training rows the party knows: all, but in a left join, ``(rows,)``."""
        if self.names and self.names[-1] == known_column(self.party):
            return np.asarray(self.training[:, -1] != 0)
        return np.ones(len(self.training), dtype=bool)


def known_column(party: str) -> str:
    """Name the column that says whom a party knows, where it does not know all."""
    return f"known to {party}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerticalTask:
    """All parties' columns, and the labels: what a simulation holds and no party ever sees.

    Attributes:
        name: The task's name.
        parties: The label holder first.
        labels: 0 or 1, or numbers to predict, shape ``(training rows,)``.
        held_out_labels: Shape ``(validation rows,)``.
        quantity: What is predicted where it is no class, and its scale, which labels are without.

    """

    name: str
    parties: tuple[Columns, ...]
    labels: Matrix
    held_out_labels: Matrix
    quantity: Quantity | None = None

    def __post_init__(self) -> None:
        names = self.participants
        if len(set(names)) < len(names) or len(names) < 2:  # noqa: PLR2004 - a federation
            raise DataError(
                f"parties {', '.join(names)}: a vertical federation needs two of different names",
                hint="The label holder comes first, then whoever holds more columns.",
            )
        for columns in self.parties:
            rows = len(columns.training), len(columns.held_out)
            if rows != (len(self.labels), len(self.held_out_labels)):
                raise DataError(
                    f"{columns.party} has {rows} rows to train on and to hold out, the labels "
                    f"are {(len(self.labels), len(self.held_out_labels))}",
                    hint="Align the rows first.",
                )
            if columns is not self.parties[0] and not columns.names:
                raise DataError(f"{columns.party} holds neither columns nor labels")

    @property
    def participants(self) -> tuple[str, ...]:
        """The parties' names, the label holder's first."""
        return tuple(columns.party for columns in self.parties)

    @property
    def label_holder(self) -> str:
        """Who holds the labels."""
        return self.parties[0].party


def intercept(labels: Matrix, settings: RegressionSettings) -> float:
    """Give the best model of the *labels* without any column, by the loss of *settings*.

    Training starts here, and a coalition's worth is what it gains over it: where a loss is
    approximate, what that costs is nobody's doing.
    """
    rate = float(labels.mean())
    if settings.kind == "linear":
        return rate
    if settings.sigmoid == "taylor":
        return 4 * rate - 2
    return log_odds(rate)


def log_odds(rate: float) -> float:
    """Give the log-odds of a probability."""
    return float(np.log(rate / (1 - rate)))


def batches(rows: int, size: int, *, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Give an epoch's batches of row numbers, the same for every party.

    They are as even as they can be, of *size* rows at most: a short last batch would tell a
    party more of its few rows than any other.
    """
    order = generator(seed, "vertical", "batches", epoch).permutation(rows)
    yield from np.array_split(order, -(-rows // size))


def settled(after: Matrix, before: Matrix, tolerance: float) -> bool:
    """Say whether an epoch moved weights by less than *tolerance* of their norm."""
    return bool(np.linalg.norm(after - before) < tolerance * np.linalg.norm(after))
