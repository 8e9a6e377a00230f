"""An oblivious key-value store: a table that gives each key its value, and any other key noise.

Every key names three cells, and the XOR of the three is its value. A table of random cells can
be made to fit by peeling the hypergraph of keys: a cell that only one key is left to name is
that key's to set. Nobody can tell from the table which keys it was made for as long as the
values look random (Garimella et al., 2021, section 4).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit import csprng
from fedmerit.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    #: 16 bytes a row, shape ``(rows, 16)``.
    Blocks = NDArray[np.uint8]

#: Bytes of a value.
BLOCK: Final = 16
#: Bytes of the seed that says which cells a key names.
SEED_BYTES: Final = 16
#: Cells per key and cells besides; above 1.23 almost every graph can be peeled.
_ROOM: Final = (1.28, 96)
_ATTEMPTS: Final = 64
_HASHES: Final = 3


def build(keys: Sequence[bytes], values: Blocks) -> tuple[bytes, Blocks]:
    """Make a table for distinct *keys*.

    Args:
        keys: Any bytes.
        values: Their values, which must look random, shape ``(keys, 16)``.

    Returns:
        The seed and the table, shape ``(cells, 16)``.

    """
    per_key, besides = _ROOM
    third = int(per_key * len(keys) + besides) // _HASHES + 1
    for _ in range(_ATTEMPTS):
        seed = csprng.token(SEED_BYTES)
        cells = _cells(seed, keys, third)
        layers = _peeled(cells, _HASHES * third)
        if layers is not None:
            return seed, _filled(cells, layers, values, _HASHES * third)
    raise AssertionError(len(keys))  # each attempt fails far less than once in a thousand times


def look_up(seed: bytes, table: Blocks, keys: Sequence[bytes]) -> Blocks:
    """Give the table's value for each key, shape ``(keys, 16)``.

    Raises:
        ChannelError: The table or its seed has no such form.
    """
    if len(seed) != SEED_BYTES or len(table) == 0 or len(table) % _HASHES:
        raise ChannelError(f"no table has {len(table)} cells and a seed of {len(seed)} bytes")
    found: Blocks = np.bitwise_xor.reduce(table[_cells(seed, keys, len(table) // _HASHES)], axis=1)
    return found


def _cells(seed: bytes, keys: Sequence[bytes], third: int) -> NDArray[np.int64]:
    """Give the three cells of each key, one in each third of the table, ``(keys, 3)``."""
    hashes = b"".join(blake2b(key, digest_size=24, key=seed).digest() for key in keys)
    words = np.frombuffer(hashes, dtype="<u8").reshape(-1, _HASHES)
    offsets = third * np.arange(_HASHES, dtype=np.int64)
    return np.asarray((words % np.uint64(third)).astype(np.int64) + offsets)


def _peeled(
    cells: NDArray[np.int64], size: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]] | None:
    """Give, layer by layer, keys and the cells that are theirs alone; None if some are left."""
    degree = np.bincount(cells.ravel(), minlength=size)
    # The XOR of the keys that name a cell is the key itself where only one is left.
    naming = np.zeros(size, dtype=np.int64)
    for column in cells.T:
        np.bitwise_xor.at(naming, column, np.arange(len(cells)))
    layers = []
    left = len(cells)
    while left:
        alone = np.flatnonzero(degree == 1)
        if not len(alone):
            return None
        keys, first = np.unique(naming[alone], return_index=True)
        layers.append((keys, alone[first]))
        for column in cells[keys].T:
            np.subtract.at(degree, column, 1)
            np.bitwise_xor.at(naming, column, keys)
        left -= len(keys)
    return layers


def _filled(
    cells: NDArray[np.int64],
    layers: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    values: Blocks,
    size: int,
) -> Blocks:
    drawn = np.frombuffer(csprng.token(BLOCK * size), dtype=np.uint8)
    table = drawn.reshape(size, BLOCK).copy()
    for keys, own in reversed(layers):
        table[own] = 0
        table[own] = values[keys] ^ np.bitwise_xor.reduce(table[cells[keys]], axis=1)
    return table
