"""Tables to learn from: features, labels, and whose row is whose.

A cell may stay missing here; :mod:`fedmerit.federation.data.encoding` decides what a model sees.
Rows are counted from 1, without the header.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
import pandas as pd

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data.columns import class_labels, clean, row_owners

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

Missing = Literal["refuse", "impute"]

#: A .parquet file says itself what is text.
_READERS: Final[Mapping[str, Callable[[Path, dict[str, type]], pd.DataFrame]]] = MappingProxyType(
    {
        ".csv": lambda path, kinds: pd.read_csv(path, low_memory=False, dtype=kinds),
        ".csv.gz": lambda path, kinds: pd.read_csv(
            path, low_memory=False, dtype=kinds, compression="gzip"
        ),
        ".parquet": lambda path, _: pd.read_parquet(path),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Rows with labels, and perhaps with owners.

    Attributes:
        name: What the report calls it.
        features: One column per feature: float64 (NaN is missing) or text (None is missing).
        labels: Class numbers, shape ``(rows,)``.
        classes: The classes' names; a label is an index into them.
        participants: Names of the rows' owners; empty where no column says so.
        owners: Index into *participants* per row, shape ``(rows,)``; all 0 where it is empty.
        standardise: Whether numeric columns are to be standardised before training.

    """

    name: str
    features: pd.DataFrame
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    participants: tuple[str, ...]
    owners: NDArray[np.int64]
    standardise: bool = True


def read_table(
    path: str | Path,
    *,
    label: str,
    participant: str | None = None,
    positive: str | None = None,
    missing: Missing = "refuse",
) -> Table:
    """Read a table of your own.

    Args:
        path: A .csv, .csv.gz or .parquet file with numeric, boolean and text columns.
        label: The column to predict.
        participant: The column that says whose row it is; None if a recipe shall deal them out.
        positive: The label to tell from all others; None to tell every label from every other.
        missing: ``refuse`` empty and unreadable cells, or ``impute`` them when encoding.

    Raises:
        DataError: The table cannot be learned from; the error names rows and columns.

    """
    path = Path(path)
    frame = read_file(path)
    for name in filter(None, (label, participant)):
        if name not in frame.columns:
            raise DataError(
                f"{path.name} has no column {name!r}", hint=suggestion(name, map(str, frame))
            )
    return _table(
        frame,
        name=path.name,
        label=label,
        participant=participant,
        positive=positive,
        missing=missing,
    )


def load_builtin(name: str) -> Table:
    """Load a table that comes with the package, by its key in :data:`BUILTIN`.

    Raises:
        DataError: There is no such table.
    """
    if name not in BUILTIN:
        raise DataError(f"no shipped table is called {name!r}", hint=suggestion(name, BUILTIN))
    return BUILTIN[name]()


def heart_disease() -> Table:
    """Patients of four hospitals, diseased or not (Janosi et al.; UCI, CC BY 4.0)."""
    source = files("fedmerit.federation.data").joinpath("datasets", "heart_disease_uci.csv")
    with as_file(source) as path:
        frame = pd.read_csv(path)
    frame["num"] = np.where(frame["num"] > 0, "disease", "healthy")
    return _table(
        frame.drop(columns="id"),
        name="heart-disease",
        label="num",
        participant="dataset",
        positive="disease",
        missing="impute",
    )


def digits() -> Table:
    """Handwritten digits, 8 x 8 pixels in [0, 1] (scikit-learn's copy of a UCI table)."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second that others do not need

    loaded = load_digits()
    labels = loaded.target.astype(np.int64)
    return Table(
        name="digits",
        features=pd.DataFrame(loaded.data / 16, columns=loaded.feature_names),
        labels=labels,
        classes=tuple(map(str, loaded.target_names)),
        participants=(),
        owners=np.zeros_like(labels),
        standardise=False,
    )


#: Every shipped table, by the name scenarios use.
BUILTIN: Final[Mapping[str, Callable[[], Table]]] = MappingProxyType(
    {"heart-disease": heart_disease, "digits": digits}
)


def read_file(path: Path, *, text: Sequence[str] = ()) -> pd.DataFrame:
    """Read a .csv, .csv.gz or .parquet file as it is, the columns *text* as text.

    Raises:
        DataError: There is none, it cannot be read, or it is empty.
    """
    suffix = next((ending for ending in _READERS if path.name.endswith(ending)), None)
    if suffix is None:
        raise DataError(
            f"{path.name} is no table we can read", hint=f"Give one of {', '.join(_READERS)}."
        )
    if not path.is_file():
        raise DataError(f"there is no file {path}", hint="Check the path.")
    try:
        frame = _READERS[suffix](path, dict.fromkeys(text, str))
    except (
        OSError,
        EOFError,
        ValueError,
    ) as error:  # pandas' and pyarrow's own errors are ValueErrors
        raise DataError(
            f"{path.name} cannot be read: {error}", hint=f"Is it really a {suffix} file?"
        ) from error
    if frame.empty:
        raise DataError(f"{path.name} has no rows", hint="Give a header line and rows below it.")
    return frame.reset_index(drop=True)


def _table(
    frame: pd.DataFrame,
    *,
    name: str,
    label: str,
    participant: str | None,
    positive: str | None,
    missing: Missing,
) -> Table:
    if missing not in get_args(Missing):
        raise DataError(
            f"missing={missing!r} is not a choice", hint=suggestion(missing, get_args(Missing))
        )
    labels, classes = class_labels(frame[label], positive)
    participants, owners = row_owners(frame, participant)
    features = frame.drop(columns=[column for column in (label, participant) if column])
    if features.columns.empty:
        raise DataError(f"{name} has no columns besides {label!r}", hint="Add feature columns.")
    return Table(
        name=name,
        features=clean(features, impute=missing == "impute"),
        labels=labels,
        classes=classes,
        participants=participants,
        owners=owners,
    )
