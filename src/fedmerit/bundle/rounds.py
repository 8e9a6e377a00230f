"""What coalitions were worth in each round, for methods that value rounds one by one.

Each cell is a pair of a round and a coalition of those whose update it took. A gain on one row
is a whole number of millionths below 2**31, half as large as in the table of whole runs.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fedmerit.bundle.directory import ROUNDS
from fedmerit.bundle.training import check_types, whole
from fedmerit.errors import BundleError
from fedmerit.incentives import RecordedGame
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation import Round
    from fedmerit.incentives import CachedGame

_TYPES: Final[Mapping[str, type]] = MappingProxyType(
    {"rounds": np.int32, "coalitions": np.uint8, "gains_micro": np.int32}
)


def cell_arrays(rounds: Sequence[CachedGame], rows: int) -> dict[str, NDArray[Any]]:
    """Give all that *rounds*, measured on so many validation *rows*, were asked for."""
    n = len(rounds[0].participants)
    numbers, coalitions, gains = [], [np.zeros((0, n), np.uint8)], [np.zeros((0, rows), np.int32)]
    for number, round_ in enumerate(rounds, start=1):
        if round_.evaluations:
            asked, by_row = round_.table()
            numbers += [number] * len(asked)
            coalitions.append(asked.astype(np.uint8))
            whole_gains = np.rint(by_row * MICRO)
            if np.abs(whole_gains).max() > np.iinfo(np.int32).max:
                raise BundleError(f"round {number} has gains beyond 2**31 millionths")
            gains.append(whole_gains.astype(np.int32))
    return {
        "rounds": np.array(numbers, dtype=np.int32),
        "coalitions": np.concatenate(coalitions),
        "gains_micro": np.concatenate(gains),
    }


def recorded_rounds(
    bundle: Bundle, participants: tuple[str, ...], rounds: Sequence[Round]
) -> SummedGame:
    """Read the cells back as the game of a run.

    Args:
        bundle: Whose.
        participants: The members.
        rounds: As they were recorded: whoever weighs nothing in one was absent.

    Raises:
        BundleError: The file is not of its form, or has a coalition of whoever was absent.
    """
    arrays = recorded_cells(bundle)
    present = np.array([round_.weights > 0 for round_ in rounds]).reshape(-1, len(participants))
    numbers, inside = arrays["rounds"], arrays["coalitions"].astype(np.bool_)
    if not np.isin(numbers, np.arange(1, len(rounds) + 1)).all():
        raise BundleError(f"{ROUNDS} has cells of rounds that were never played")
    if inside.shape[1:] != present.shape[1:] or (inside & ~present[numbers - 1]).any():
        raise BundleError(f"{ROUNDS} has coalitions of members that were absent from the round")
    games = [
        RecordedGame(
            participants,
            inside[numbers == number],
            arrays["gains_micro"][numbers == number] / MICRO,
            resolution=1 / MICRO,
        )
        for number in range(1, len(rounds) + 1)
    ]
    return SummedGame(games, present)


def recorded_cells(bundle: Bundle) -> dict[str, NDArray[Any]]:
    """Read the cells as they are stored, and see that they are of their form."""
    arrays = bundle.tensors(ROUNDS)
    whole(arrays.get("gains_micro", np.empty(0)), ROUNDS)
    check_types(arrays, ROUNDS, _TYPES)
    numbers, inside, gains = (arrays[name] for name in _TYPES)
    if inside.ndim != 2 or gains.ndim != 2 or not len(numbers) == len(inside) == len(gains):  # noqa: PLR2004 - two axes
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in _TYPES)
        raise BundleError(f"{ROUNDS} holds arrays that do not fit together: {shapes}")
    if (inside > 1).any():
        raise BundleError(f"{ROUNDS}: a member is in a coalition or not, so 1 or 0")
    return arrays
