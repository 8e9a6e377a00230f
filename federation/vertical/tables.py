"""Tables of several owners about the same people, and the task that aligned ones make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data.columns import (
    Choice,
    chosen,
    row_labels,
    rows_in_words,
    studied,
    take,
)
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.encoding import Encoding, fit
from fedmerit.federation.data.files import Sheet
from fedmerit.federation.data.newrows import ColumnForm, forms_of
from fedmerit.federation.data.problems import Problems
from fedmerit.federation.data.quantities import quantity_of
from fedmerit.federation.vertical.alignment.leftjoin import UNKNOWN
from fedmerit.federation.vertical.repeats import one_row_each
from fedmerit.federation.vertical.task import Columns, VerticalTask
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.data.columns import Target
    from fedmerit.federation.vertical.repeats import Aggregate
    from fedmerit.federation.vertical.task import Matrix

#: How fractions are written in text files, by pandas and others.
_FRACTION: Final = r"-?(0|[1-9]\d*)\.\d+(e[+-]?\d+)?"
#: Whole numbers below this are exact as fractions; the next one above is read as it.
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holding:
    """One owner's table.

    Attributes:
        party: Whose.
        keys: Whom each row is about: a text, an integer or a tuple of them.
        features: Its columns: float64 and text.
        labels: The class of each row, 0 or 1, or its number, shape ``(rows,)``; None for all but
            one owner.
        classes: The names of both classes; empty for all but that owner, and of a quantity.
        label: The column that is predicted; empty likewise.
        notes: What was recognised, changed, left out and filled in on reading.
        forms: How the cells of its columns were read.

    """

    party: str
    keys: tuple[object, ...]
    features: pd.DataFrame
    labels: NDArray[np.int64] | NDArray[np.float64] | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    label: str = ""
    forms: tuple[ColumnForm, ...] = ()

    @property
    def predicts_quantity(self) -> bool:
        """Whether it holds labels, and they are no classes."""
        return self.labels is not None and not self.classes


def holding(
    table: pd.DataFrame | Sheet,
    *,
    party: str,
    key: Sequence[str],
    label: str | None = None,
    positive: str | None = None,
    target: Target | None = None,
    impute: bool = True,
    choice: Choice | None = None,
    dialect: Dialect | None = None,
    aggregate: Sequence[Aggregate] = (),
) -> Holding:
    """Make an owner's table of a data frame, or of what was read from its file.

    Args:
        table: Rows with keys.
        party: Whose.
        key: The column or columns that say whom a row is about.
        label: The column to predict, for the one owner who has it.
        positive: The label to tell from all others.
        target: ``classes`` or ``quantity``; None to go by what the column holds.
        impute: Whether empty cells are filled in when encoding, or refused; *choice* says it too.
        choice: Which columns to learn from; all but keys and labels if None.
        dialect: What is known of the file.
        aggregate: What becomes of several rows about one person; without, they are refused.

    Raises:
        DataError: A column is missing, a key is a fraction, a cell cannot be learned from, or
            the labels are neither of two classes nor a quantity; says all of it.

    """
    sheet = table if isinstance(table, Sheet) else Sheet(name="", frame=table)
    frame, dialect = sheet.frame, dialect or Dialect()
    problems = Problems(f"the table of {party}", said=True)
    for name in (*key, *([label] if label else [])):
        if name not in frame.columns:
            problems.add(
                f"the table of {party} has no column {name!r}", suggestion(name, map(str, frame))
            )
    problems.check()
    labels, notes = None, list(sheet.notes)
    classes: tuple[str, ...] = ()
    if label is not None:
        with problems.collecting():
            labels, classes, said = row_labels(
                frame[label], positive, target=target, dialect=dialect
            )
            notes += said
        if len(classes) > 2:  # noqa: PLR2004 - a vertical model tells two apart
            problems.add(
                f"{label!r} has {len(classes)} classes, and a vertical model tells two apart",
                'Say which is the positive one, or set target = "quantity".',
            )
    parts: list[list[object]] = [[None] * len(frame)]
    with problems.collecting():
        parts = [_whole(frame[name], party, dialect.missing_words) for name in key]
    rows = zip(*parts, strict=True)
    keys = tuple(row if len(key) > 1 else row[0] for row in rows)
    dropped = frame.drop(columns=[*key, *([label] if label else [])])
    if choice is None:
        choice = Choice(columns=tuple(map(str, dropped)), impute=impute)
    forms: tuple[ColumnForm, ...] = ()
    with problems.collecting():
        columns = studied(dropped, dialect=dialect, separator=sheet.separator)
        features, taken = take(columns, choice, problems)
        notes += taken
        forms = forms_of(chosen(columns, choice), list(map(str, features)), choice.dates)
    problems.check()
    if aggregate:
        if labels is not None:
            raise DataError(f"{party} has labels, and they cannot be summed up over several rows")
        count = len(keys)
        keys, features = one_row_each(keys, features, aggregate, party)
        notes.append(f"{count:,} rows are about {len(keys):,} people, and are summed up for each")
    return Holding(
        party=party,
        keys=keys,
        features=features,
        labels=labels,
        classes=classes,
        notes=tuple(f"{party}: {note}" for note in notes),
        label=label or "",
        forms=forms,
    )


def assemble(
    holdings: Sequence[Holding],
    rows: Mapping[str, NDArray[np.int64]],
    *,
    name: str,
    seed: int,
    validation_share: float = 0.3,
) -> VerticalTask:
    """Put aligned tables into the form that training takes, each encoded by its owner alone.

    Args:
        holdings: Every owner's table.
        rows: By party, the rows about the people, in one order; UNKNOWN where it has none.
        name: The task's name.
        seed: The scenario's seed; it picks the validation rows.
        validation_share: Share of the common rows that is held out.

    Raises:
        DataError: Not exactly one owner has labels, or too few rows are common.

    """
    holders = [held for held in holdings if held.labels is not None]
    if len(holders) != 1 or holders[0].labels is None:
        raise DataError(
            f"{len(holders)} of {len(holdings)} owners have labels, and exactly one must",
            hint="Name the label column of one table only.",
        )
    labels = holders[0].labels[rows[holders[0].party]]
    _refuse_strangers(holdings, rows)
    order = generator(seed, "vertical", "split").permutation(len(labels))
    cut = round(validation_share * len(labels))
    held_out, training = np.sort(order[:cut]), np.sort(order[cut:])
    if any(len(np.unique(labels[part])) < 2 for part in (held_out, training)):  # noqa: PLR2004
        raise DataError(
            f"{len(labels)} people are common to all: too few to train on and to hold some out",
            hint="Both parts must have rows of both classes, or of different numbers.",
        )
    quantity, values = None, labels.astype(np.float64)
    if holders[0].predicts_quantity:
        quantity = quantity_of(holders[0].label, values, [training])
        values = quantity.standardised(values).astype(np.float64)
    ordered = sorted(holdings, key=lambda held: held.labels is None)
    return VerticalTask(
        name=name,
        parties=tuple(_columns(held, rows[held.party], training, held_out) for held in ordered),
        labels=values[training],
        held_out_labels=values[held_out],
        quantity=quantity,
    )


def _refuse_strangers(holdings: Sequence[Holding], rows: Mapping[str, NDArray[np.int64]]) -> None:
    for held in holdings:
        if (rows[held.party] == UNKNOWN).all():
            raise DataError(
                f"{held.party} knows none of the people that are to be trained on",
                hint="Check that all parties use the same kind of key, written in the same way.",
            )


def area_under_curve(labels: Matrix, scores: Matrix) -> float:
    """Give the area under the ROC curve."""
    return float(roc_auc_score(labels, scores))


def _whole(column: pd.Series, party: str, missing_words: tuple[str, ...]) -> list[object]:
    """Give a key column's cells; numbers that an empty cell made fractions are whole again.

    So are those that a writer of fractions put into a text file: all of the column end in ``.0``.

    Raises:
        DataError: A number is not whole, or so large that a fraction has lost its last digits.
    """
    if column.dtype.kind != "f":
        column = column.mask(column.isin(missing_words).to_numpy())
        written = column.dropna().astype(str).str.strip()
        if written.empty or not written.str.fullmatch(_FRACTION).all():
            empty = column.isna()
            cells = zip(column.tolist(), empty, strict=True)
            return [None if gone else cell for cell, gone in cells]
        column = pd.to_numeric(column)
    values = column.to_numpy(dtype=np.float64)
    broken = ~np.isnan(values) & ((values != np.floor(values)) | (np.abs(values) >= _EXACT))
    if broken.any():
        raise DataError(
            f"the key column {column.name!r} of {party} holds fractions, or numbers too large to "
            f"be exact in them, in {rows_in_words(broken)}",
            hint="Write keys as integers or as text.",
        )
    return [None if np.isnan(cell) else int(cell) for cell in values.tolist()]


def _columns(
    held: Holding, rows: NDArray[np.int64], training: NDArray[np.int64], held_out: NDArray[np.int64]
) -> Columns:
    matrix, names, encoding = _encoded(held, rows, training)
    return Columns(
        party=held.party,
        names=names,
        encoding=encoding,
        training=matrix[training].astype(np.float64),
        held_out=matrix[held_out].astype(np.float64),
    )


def _encoded(
    held: Holding, rows: NDArray[np.int64], training: NDArray[np.int64]
) -> tuple[NDArray[np.float32], tuple[str, ...], Encoding]:
    """Encode an owner's rows, by what it has of those to train on.

    Of people it does not know, numbers are the mean of those it knows, and there is no level of a
    text; a column says whom it knows.
    """
    if held.features.columns.empty:
        return np.empty((len(rows), 0), dtype=np.float32), (), Encoding(())
    known = rows != UNKNOWN
    own = held.features.iloc[rows[known]].reset_index(drop=True)
    place = np.cumsum(known) - 1
    encoding = fit(own, [place[training[known[training]]]], standardise=True)
    encoded, names = encoding.apply(own), encoding.names
    if known.all():
        return encoded, names, encoding
    matrix = np.zeros((len(rows), len(names) + 1), dtype=np.float32)
    matrix[known, :-1] = encoded
    matrix[:, -1] = known
    return matrix, (*names, known_column(held.party)), encoding


def known_column(party: str) -> str:
    """Name the column that says whom a party knows, where it does not know all."""
    return f"known to {party}"
