"""Masks that cancel in a sum: the label holder learns the sum of all parties' numbers and no part.

Each pair of parties shares a key, whose stream the one adds and the other takes off. With only
one party beside the label holder there is nobody to share with: its numbers are then the sum
less the label holder's own, and no protocol can hide them from who learns the sum.
"""

from __future__ import annotations

from hashlib import shake_256
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.csprng import KEY_BYTES, SecretStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.federation.wire.channel import Channel


def agree_on_masks(
    channel: Channel, others: tuple[str, ...], draws: SecretStream
) -> dict[str, bytes]:
    """Share a key with each of the *others*; each pair's first name draws it."""
    keys = {}
    for peer in others:
        if channel.name < peer:
            keys[peer] = draws.token(KEY_BYTES)
            channel.send(peer, "mask key", key=keys[peer])
    for peer in others:
        if peer < channel.name:
            keys[peer] = channel.receive(peer, "mask key").octets("key", count=KEY_BYTES)
    return keys


def masked(
    values: NDArray[np.int64], name: str, keys: Mapping[str, bytes], purpose: bytes
) -> NDArray[np.int64]:
    """Add this party's masks, modulo 2**64.

    Args:
        values: Shape of any kind, the same for all parties.
        name: This party's.
        keys: What it shares with each other party.
        purpose: What the numbers are; a stream is used for one purpose once.

    """
    total = values.astype(np.uint64)
    for peer, key in keys.items():
        stream = shake_256(key + purpose).digest(8 * values.size)
        mask = np.frombuffer(stream, dtype="<u8").reshape(values.shape)
        total = total + mask if name < peer else total - mask
    return total.astype(np.int64)


def masks_below(
    n: int, count: int, name: str, keys: Mapping[str, bytes], purpose: tuple[str | int, ...]
) -> list[int]:
    """Give this party's masks modulo *n*: all parties' together are 0, and fewer's are uniform.

    Args:
        n: The modulus.
        count: How many.
        name: This party's.
        keys: What it shares with each other party.
        purpose: What is masked; a stream is used for one purpose once.

    """
    totals = [0] * count
    for peer, key in keys.items():
        stream = SecretStream(key)
        stream.begin(*purpose)
        sign = 1 if name < peer else -1
        totals = [total + sign * stream.below(n) for total in totals]
    return [total % n for total in totals]
