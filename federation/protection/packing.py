"""Numbers as Paillier needs them: fixed-point integers, several in one plaintext, weighted sums.

Every range is checked where a number is encoded: an overflow would be a wrong number that
nobody notices.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final

import gmpy2
import numpy as np
from gmpy2 import mpz

from fedmerit.errors import Diverged, TrainingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.protection.paillier import PublicKey

_INT64_BITS: Final = 62


def fixed(
    values: NDArray[np.float64], *, fraction: int, bound: float, what: str
) -> NDArray[np.int64]:
    """Give round(values * 2**fraction).

    Args:
        values: Any shape.
        fraction: Bits after the binary point.
        bound: The largest magnitude there may be.
        what: What the values are, for the error.

    Raises:
        TrainingError: A value is not finite, or beyond the bound.

    """
    if fraction + np.log2(bound) > _INT64_BITS:
        raise AssertionError(fraction, bound)
    worst = float(np.abs(values).max(initial=0.0))
    if not worst <= bound:
        raise TrainingError(
            f"{what} reach {worst:g}, beyond the {bound:g} that can be encrypted",
            hint="Standardise the columns.",
        )
    return np.rint(values * 2.0**fraction).astype(np.int64)


def trained(
    values: NDArray[np.float64], *, fraction: int, bound: float, what: str
) -> NDArray[np.int64]:
    """Give :func:`fixed` of *values* that come out of a training, and not of a table.

    Raises:
        Diverged: A value is not finite, or beyond the bound.
    """
    try:
        return fixed(values, fraction=fraction, bound=bound, what=what)
    except TrainingError as error:
        raise Diverged(f"the training diverged: {error}") from error


def slots(key: PublicKey, width: int) -> int:
    """Give how many numbers of *width* bits one plaintext of *key* holds.

    Raises:
        TrainingError: Not even one.
    """
    found = (key.bits - 2) // width
    if found < 1:
        raise TrainingError(
            f"numbers of {width} bits do not fit a key of {key.bits} bits",
            hint="Use keys of 2048 bits, or smaller batches.",
        )
    return found


def pack(values: Sequence[int], width: int) -> int:
    """Put signed numbers of less than *width* bits into one, the first lowest."""
    return sum(value << width * place for place, value in enumerate(values))


def unpack(packed: int, width: int, count: int) -> list[int]:
    """Take *count* signed numbers out of one again."""
    found = []
    for _ in range(count):
        low = packed & ((1 << width) - 1)
        low -= (low >> (width - 1)) << width
        found.append(low)
        packed = (packed - low) >> width
    return found


def pack_ciphers(key: PublicKey, ciphers: Sequence[mpz], width: int) -> list[mpz]:
    """Put as many ciphertexts as fit into each of a few."""
    many = slots(key, width)
    return [
        reduce(
            lambda packed, cipher: key.add(key.times(packed, 1 << width), cipher),
            reversed(ciphers[at : at + many]),
        )
        for at in range(0, len(ciphers), many)
    ]


def unpack_all(packed: Sequence[int], width: int, many: int, count: int) -> list[int]:
    """Take *count* numbers out of plaintexts of *many* each."""
    found = [value for one in packed for value in unpack(one, width, many)]
    return found[:count]


def weighted_sums(key: PublicKey, ciphers: Sequence[mpz], weights: NDArray[np.int64]) -> list[mpz]:
    """Give a ciphertext of each column's sum of weight times plaintext.

    Pippenger's buckets with signed digits: the ciphertexts that a digit of the weights
    multiplies alike are multiplied together first.

    Args:
        key: Whose ciphertexts.
        ciphers: One a row.
        weights: Shape ``(rows, columns)``.

    """
    inverses = (
        [gmpy2.invert(cipher, key.square) for cipher in ciphers] if (weights < 0).any() else []
    )
    return [_weighted_sum(key, ciphers, inverses, column) for column in weights.T]


def _weighted_sum(
    key: PublicKey, ciphers: Sequence[mpz], inverses: Sequence[mpz], weights: NDArray[np.int64]
) -> mpz:
    magnitudes = np.abs(weights)
    rows = np.flatnonzero(magnitudes)
    if not len(rows):
        return mpz(1)
    signed = [inverses[row] if weights[row] < 0 else ciphers[row] for row in rows.tolist()]
    bits = int(magnitudes.max()).bit_length()
    window = min(range(1, 13), key=lambda w: -(-bits // w) * (len(rows) + 2 ** (w + 1)))
    total = mpz(1)
    for place in reversed(range(0, bits, window)):
        digits = (magnitudes[rows] >> place) & (2**window - 1)
        total = gmpy2.powmod(total, 1 << window, key.square)
        total = total * _bucketed(signed, digits, window, key.square) % key.square
    return total


def _bucketed(ciphers: Sequence[mpz], digits: NDArray[np.int64], window: int, square: mpz) -> mpz:
    """Give the product of each cipher to the power of its digit."""
    buckets = [mpz(1)] * 2**window
    for cipher, digit in zip(ciphers, digits.tolist(), strict=True):
        if digit:
            buckets[digit] = buckets[digit] * cipher % square
    total = running = mpz(1)
    for bucket in reversed(buckets[1:]):
        running = running * bucket % square
        total = total * running % square
    return total
