"""The group of secp256k1, by libsecp256k1 (coincurve): hashing into it, and multiplying.

Hashing tries counters until a SHA-256 is the x-coordinate of a point, always with the even y:
the point is a random oracle's, and nobody knows its logarithm. How many tries it takes depends
on the identifier, which is why each party hashes only its own, before it sends anything.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from coincurve import PublicKey

from fedmerit import csprng
from fedmerit.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Bytes of a point on the wire.
POINT_BYTES: Final = 33
#: The number of points in the group.
ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

_EVEN: Final = b"\x02"
_TRIES: Final = 256


def hashed(identifier: bytes) -> PublicKey:
    """Give the point of an identifier."""
    for counter in range(_TRIES):
        x = sha256(b"fedmerit/psi/1" + bytes([counter]) + identifier).digest()
        try:
            return PublicKey(_EVEN + x)
        except ValueError:  # about half of all x are no point's
            continue
    raise AssertionError(identifier)  # one in 2**256


def random_scalar() -> int:
    """Draw a secret scalar from the operating system."""
    return 1 + csprng.below(ORDER - 1)


def multiplied(points: Sequence[PublicKey], scalar: int) -> list[PublicKey]:
    """Give *scalar* times each point."""
    secret = (scalar % ORDER).to_bytes(32, "big")
    return [point.multiply(secret) for point in points]


def to_bytes(points: Sequence[PublicKey]) -> bytes:
    """Give all points, one after the other."""
    return b"".join(point.format() for point in points)


def from_bytes(data: bytes) -> list[PublicKey]:
    """Read points.

    Raises:
        ChannelError: Some bytes are no point of the curve.
    """
    if len(data) % POINT_BYTES:
        raise ChannelError(f"{len(data)} bytes are no whole number of points")
    try:
        return [PublicKey(data[at : at + POINT_BYTES]) for at in range(0, len(data), POINT_BYTES)]
    except ValueError as error:
        raise ChannelError(f"not a point of secp256k1: {error}") from error
