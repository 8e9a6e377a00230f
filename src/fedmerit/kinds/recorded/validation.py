"""Validation rows of a recorded run: numbers as its model takes them, and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data.files import read_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.kinds.recorded.scenario import Recorded

#: Classes that labels in numbers may stand for.
_MOST_CLASSES: Final = 10_000
_LISTED: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Rows to measure models on.

    Attributes:
        features: float32, ``(rows, inputs)``.
        labels: Place of each row's class, ``(rows,)``.
        classes: In the order of the model's scores.
        names: The inputs', in their order.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    names: tuple[str, ...]


def read_validation(path: Path, asked: Recorded) -> Validation:
    """Read the rows.

    Raises:
        DataError: They are no numbers, or of other classes.
    """
    tensors = path.name.endswith(".safetensors")
    names, features, given = _tensors(path) if tensors else _table(path, asked.label)
    with np.errstate(over="ignore"):
        matrix = features.astype(np.float32)
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise DataError(
            f"{path.name}: row {row + 1}, {names[column]!r} is no finite float32",
            hint="Give the rows as the model takes them: numbers, scaled, nothing missing.",
        )
    labels, classes = _classes(given, asked.classes, path.name)
    return Validation(np.ascontiguousarray(matrix), labels, classes, names)


def _tensors(path: Path) -> tuple[tuple[str, ...], NDArray[np.float64], list[str]]:
    try:
        arrays = load(path.read_bytes())
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise DataError(f"{path.name} is no safetensors file: {error}", hint=_BOTH) from error
    features, labels = arrays.get("features"), arrays.get("labels")
    fits = (
        arrays.keys() == {"features", "labels"}
        and features is not None
        and labels is not None
        and features.ndim == 2  # noqa: PLR2004 - rows by inputs
        and features.size
        and features.dtype.kind == "f"
        and labels.shape == features.shape[:1]
        and labels.dtype.kind in "iu"
    )
    if not fits or features is None or labels is None:
        held = ", ".join(f"{key} {array.dtype}{array.shape}" for key, array in arrays.items())
        raise DataError(f"{path.name} holds {held or 'nothing'}", hint=_BOTH)
    names = tuple(f"input {place}" for place in range(1, features.shape[1] + 1))
    return names, features.astype(np.float64), [str(label) for label in labels.tolist()]


def _table(path: Path, label: str) -> tuple[tuple[str, ...], NDArray[np.float64], list[str]]:
    frame = read_sheet(path).frame
    if label not in frame.columns:
        raise DataError(
            f"{path.name} has no column {label!r}, which holds the class",
            hint=f"Set label below [recorded]. {suggestion(label, map(str, frame.columns))}",
        )
    inputs = frame.drop(columns=label)
    if not len(inputs.columns):
        raise DataError(f"{path.name} holds nothing but {label!r}", hint="Add the model's inputs.")
    columns = [pd.to_numeric(inputs[name], errors="coerce") for name in inputs]
    numbers = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    return tuple(map(str, inputs.columns)), numbers, [_word(cell) for cell in frame[label]]


def _word(cell: object) -> str:
    """Give a label as text; 1.0 of a file that keeps types is 1."""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell)) if whole else str(cell)  # type: ignore[call-overload]


def _classes(
    given: list[str], asked: tuple[str, ...], name: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Give each row's class by its place, and all classes."""
    if len(set(asked)) != len(asked):
        raise DataError("classes below [recorded] names one twice", hint="Name each class once.")
    given = given if asked else [_plain(one) for one in given]
    classes = asked or _numbered(given, name)
    places = {one: place for place, one in enumerate(classes)}
    if others := sorted(set(given) - places.keys()):
        raise DataError(
            f"{name} has labels {', '.join(others[:_LISTED])}, which are none of "
            f"{', '.join(classes[:_LISTED])}",
            hint="Set classes below [recorded], in the order of the model's scores.",
        )
    return np.array([places[one] for one in given], dtype=np.int64), classes


def _plain(cell: str) -> str:
    """Give a whole number that is written with a fraction, as programs do: 1.0 is 1."""
    try:
        number = float(cell)
    except ValueError:
        return cell
    return str(int(number)) if number.is_integer() and 0 <= number < _MOST_CLASSES else cell


def _numbered(given: list[str], name: str) -> tuple[str, ...]:
    wrong = [one for one in given if not (one.isascii() and one.isdecimal() and len(one) <= 5)]  # noqa: PLR2004
    most = 0 if wrong else max(map(int, given))
    if wrong or most >= _MOST_CLASSES:
        raise DataError(
            f"{name}: the label {(wrong or [str(most)])[0]!r} is no whole number from 0 to "
            f"{_MOST_CLASSES - 1}",
            hint="Set classes below [recorded], in the order of the model's scores.",
        )
    return tuple(map(str, range(max(most, 1) + 1)))


_BOTH: Final = (
    "It holds 'features', floats of rows by inputs, and 'labels', whole numbers from 0, one a row."
)
