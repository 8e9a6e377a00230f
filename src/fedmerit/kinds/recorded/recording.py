"""Writing down a run while it happens, from any loop: what a kind of ours then values."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from safetensors.numpy import save_file

from fedmerit.errors import DataError
from fedmerit.kinds.recorded.layout import FINAL, GLOBAL, ROUNDS, TENSORS, UPDATES, WEIGHTS
from fedmerit.kinds.recorded.names import alike, wrong_name, wrong_weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: A model: arrays or tensors by name, or in order.
    Arrays = Mapping[str, Any] | Sequence[Any]

#: Rounds that may be written.
_MOST_ROUNDS: Final = 999_999


def record(
    directory: Path | str,
    round: int,  # noqa: A002 - what everybody calls it
    before: Arrays,
    updates: Mapping[str, Arrays] | Iterable[tuple[str, Arrays]],
    weights: Mapping[str, int],
    *,
    after: Arrays | None = None,
) -> Path:
    """Write one round of a run that trains elsewhere, for ``fedmerit value DIRECTORY``.

    Models are NumPy arrays or torch tensors, by name as in a state dict, or in order; in order
    they are called ``0``, ``1`` and so on. Arrays of whole numbers, such as counters, are left
    out. Updates may be a generator of pairs: each is written before the next is asked for.

    Args:
        directory: Where to; made if it is not there.
        round: The round's number, from 1.
        before: The global model that the round began with.
        updates: By the name of each member: what it sent, models or differences; which of the
            two, ``deltas`` in ``merit.toml`` says.
        weights: By the same names, what each weighs in the average: whole numbers, such as rows.
        after: The global model that the round led to, which the last round's updates are held
            against; of earlier rounds the next round says it.

    Returns:
        The round's folder. It is there whole, or not at all.

    Raises:
        DataError: The round is there already, or what is given is none.
    """
    if isinstance(round, bool) or not isinstance(round, int) or not 1 <= round <= _MOST_ROUNDS:
        raise DataError(f"{round!r} is no number of a round", hint="Number rounds from 1.")
    folder = Path(directory) / ROUNDS / f"{round:04}"
    if folder.exists():
        raise DataError(f"{folder} is there already", hint="Write each round once.")
    _check(weights)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    (part / UPDATES).mkdir(parents=True)
    try:
        model = _named(before, "the global model")
        _save(model, part / GLOBAL)
        written = _write_updates(updates, weights, model, part / UPDATES)
        if missing := sorted(weights.keys() - written):
            raise DataError(
                f"there is no update of {', '.join(missing[:5])}", hint="Weigh what was sent."
            )
        (part / WEIGHTS).write_text(json.dumps(dict(weights), ensure_ascii=False), "utf-8")
        if after is not None:
            last = _named(after, "the model after the round")
            _check_like(last, model, "the model after the round")
            _save(last, Path(directory) / FINAL)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _check(weights: Mapping[str, int]) -> None:
    for name, weight in weights.items():
        if why := wrong_name(name):
            raise DataError(f"the name {name!r} {why}", hint="Give members names as people have.")
        if why := wrong_weight(weight):
            raise DataError(f"the weight of {name}: {why}", hint="Weigh by whole numbers: rows.")
    if pairs := alike(weights):
        raise DataError(
            f"the names {pairs[0][0]!r} and {pairs[0][1]!r} are alike to some file systems",
            hint="Give each member a name unlike the others'.",
        )
    if not weights:
        raise DataError("nobody weighs anything", hint="Record rounds that somebody answered in.")


def _write_updates(
    updates: Mapping[str, Arrays] | Iterable[tuple[str, Arrays]],
    weights: Mapping[str, int],
    model: Mapping[str, NDArray[Any]],
    folder: Path,
) -> set[str]:
    written: set[str] = set()
    for name, arrays in updates.items() if isinstance(updates, Mapping) else updates:
        if name not in weights or name in written:
            why = "came twice" if name in written else "has no weight"
            raise DataError(f"the update of {name!r} {why}", hint="Weigh each update once.")
        sent = _named(arrays, f"the update of {name}")
        _check_like(sent, model, f"the update of {name}")
        _save(sent, folder / f"{name}{TENSORS}")
        written.add(name)
    return written


def _named(arrays: Arrays, what: str) -> dict[str, NDArray[Any]]:
    """Give arrays of floats by name."""
    pairs = arrays.items() if isinstance(arrays, Mapping) else enumerate(arrays)
    every = {str(key): _array(value) for key, value in pairs}
    floats = {key: array for key, array in every.items() if array.dtype.kind == "f"}
    if not floats or any(array.dtype.kind not in "fiub" for array in every.values()):
        raise DataError(f"{what} holds no arrays of numbers", hint="Give arrays or a state dict.")
    if broken := [key for key, array in floats.items() if not np.isfinite(array).all()]:
        raise DataError(
            f"{what} has numbers that are not finite in {', '.join(broken[:5])}",
            hint="Leave out of a round what its server refused.",
        )
    return floats


def _array(value: Any) -> NDArray[Any]:  # noqa: ANN401 - an array, a tensor, or a mistake
    if hasattr(value, "detach"):  # a torch tensor, without importing torch
        tensor = value.detach().cpu()
        value = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return np.ascontiguousarray(value)


def _check_like(
    sent: Mapping[str, NDArray[Any]], model: Mapping[str, NDArray[Any]], what: str
) -> None:
    ours = {key: array.shape for key, array in model.items()}
    theirs = {key: array.shape for key, array in sent.items()}
    if ours != theirs:
        wrong = sorted(key for key in ours | theirs if ours.get(key) != theirs.get(key))
        raise DataError(
            f"{what} is not shaped as the global model: {', '.join(wrong[:5])}",
            hint="Send all arrays of the model, each in its shape.",
        )


def _save(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    save_file({key: _stored(array) for key, array in arrays.items()}, path)


def _stored(array: NDArray[Any]) -> NDArray[Any]:
    """Give an array as the files keep it: float64 is more than a model has."""
    return array if array.dtype.itemsize <= 4 else array.astype(np.float32)  # noqa: PLR2004 - bytes
