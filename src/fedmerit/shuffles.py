"""Joining orders drawn from a seed by Keccak words, the same here and in the contracts.

Below the rooms, since both the valuation and the chain need them: the twin of the
``Permutation`` library in Solidity. The same seed gives the same orders, so a contract can
check any marginal that a committee reports. Word *w* of permutation *index* is
``keccak256(abi.encode(seed, index, w))`` and holds sixteen 16-bit numbers, from the lowest bits
up. A number below *m* is drawn by rejection (no order is likelier than another), and the order
is a shuffle from the last place down (Fisher and Yates, 1938; Durstenfeld, 1964).
"""

from __future__ import annotations

from itertools import count as count_from
from typing import TYPE_CHECKING, Final

from eth_utils.crypto import keccak

from fedmerit.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: As many as a 16-bit number can tell apart.
MAXIMUM_MEMBERS: Final = 2**16
_NUMBERS: Final = 2**16
_WORD: Final = 32


def permutation(seed: bytes, index: int, count: int) -> tuple[int, ...]:
    """Give the order in which *count* members join in permutation *index* of *seed*.

    Args:
        seed: 32 bytes; that of a settlement period is in ``Rounds.drawn``.
        index: Which permutation, from 0.
        count: How many members there are.

    Returns:
        Participant indices, the first to join first.

    Raises:
        GameError: The seed is not 32 bytes, or there are more members than can be ordered.

    """
    if len(seed) != _WORD:
        raise GameError(f"a seed must be {_WORD} bytes, got {len(seed)}")
    if not 0 <= count <= MAXIMUM_MEMBERS or index < 0:
        raise GameError(f"cannot order {count} members in permutation {index}")
    order = list(range(count))
    numbers = _numbers(seed, index)
    for size in range(count, 1, -1):
        place = _below(size, numbers)
        order[size - 1], order[place] = order[place], order[size - 1]
    return tuple(order)


def _below(size: int, numbers: Iterator[int]) -> int:
    limit = _NUMBERS - _NUMBERS % size
    return next(number for number in numbers if number < limit) % size


def _numbers(seed: bytes, index: int) -> Iterator[int]:
    prefix = seed + index.to_bytes(_WORD, "big")
    for word in count_from():
        value = keccak(prefix + word.to_bytes(_WORD, "big"))
        for low in range(_WORD - 1, 0, -2):
            yield value[low] + (value[low - 1] << 8)
