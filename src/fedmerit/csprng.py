"""Whatever hides something is drawn here, from the operating system, and nowhere else.

Reproducible draws are :mod:`fedmerit.streams`; they hide nothing from whoever knows the seed.
Secrets, masks, keys and noise come straight from the operating system, or from AES-256 in counter
mode under a key that the operating system gave (NIST SP 800-38A): whoever has to do a stretch of a
protocol again, after a break, draws in it what it drew before.

Gaussian noise is discrete (Canonne, Kamath and Steinke, 2020): whole multiples of a grid that
what it hides lies on as well. Floating-point noise has gaps which depend on what was added
(Mironov, 2012), and would show it in the last bits.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: int64, or Python's integers where they would not fit.
    Integers = NDArray[Any]

#: Bytes of a stream's key.
KEY_BYTES: Final = 32
_BLOCK_BYTES: Final = 16
_WORD_BITS: Final = 62
#: It squares numbers of hundreds of scales; beyond this scale they leave int64.
_LARGEST_FAST_SCALE: Final = 1 << 20


def token(count: int) -> bytes:
    """Draw *count* bytes."""
    return secrets.token_bytes(count)


def below(bound: int) -> int:
    """Draw a whole number from 0 to *bound* - 1."""
    return secrets.randbelow(bound)


def bits(count: int) -> int:
    """Draw a whole number of *count* bits at most."""
    return secrets.randbits(count)


def permutation(count: int) -> NDArray[np.int64]:
    """Draw an order of *count* things."""
    order = list(range(count))
    secrets.SystemRandom().shuffle(order)
    return np.array(order, dtype=np.int64)


class SecretStream:
    """A stream that nobody can tell from true randomness without its key.

    Args:
        key: 32 bytes; drawn from the operating system without.

    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = token(KEY_BYTES) if key is None else key
        self.begin("start")

    @classmethod
    def of_secret(cls, secret: int, name: str) -> Self:
        """Give a party's stream under a secret, all of whose bits count: for tests."""
        return cls(sha256(f"fedmerit/noise/1:{len(name)}:{name}:{secret}".encode()).digest())

    def branch(self, *place: str | int) -> SecretStream:
        """Give the stream of its own that is called *place*, whatever was drawn here."""
        return SecretStream(self._derived("branch", *place))

    def begin(self, *place: str | int) -> None:
        """Begin the stretch called *place*: whoever begins it again draws the same again."""
        encryptor = Cipher(algorithms.AES(self._derived(*place)), modes.CTR(bytes(_BLOCK_BYTES)))
        self._encryptor = encryptor.encryptor()

    def token(self, count: int) -> bytes:
        """Draw *count* bytes."""
        return self._encryptor.update(bytes(count))

    def bits(self, count: int) -> int:
        """Draw a whole number of *count* bits at most."""
        return int.from_bytes(self.token(-(-count // 8)), "big") & ((1 << count) - 1)

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 to *bound* - 1."""
        while (drawn := self.bits((bound - 1).bit_length())) >= bound:
            pass
        return drawn

    def permutation(self, count: int) -> NDArray[np.int64]:
        """Draw an order of *count* things (Fisher and Yates, 1938)."""
        order = np.arange(count)
        for last in range(count - 1, 0, -1):
            other = self.below(last + 1)
            order[[last, other]] = order[[other, last]]
        return order

    def _derived(self, *place: str | int) -> bytes:
        # Length-prefixed, so that ("a", "bc") and ("ab", "c") are two streams.
        path = b"".join(f"{len(text)}:{text}".encode() for text in map(str, place))
        return hmac.digest(self._key, b"fedmerit/stream/1:" + path, "sha256")


class NoiseStream(SecretStream):
    """A stream of which noise is drawn, too."""

    def discrete_gaussian(self, count: int, scale: int) -> Integers:
        """Draw from the discrete Gaussian of variance parameter *scale* squared.

        A discrete Laplace of the same scale is accepted with the probability
        ``exp(-(|x| - scale)**2 / (2 * scale**2))``; every decision is one between whole numbers.

        Args:
            count: How many.
            scale: In units of the grid, 1 or more.

        """
        parts: list[Integers] = []
        missing = count
        while missing:
            drawn = self._laplace(missing, scale)
            distance = (abs(drawn) - scale) ** 2
            accepted = drawn[self._exponentially(distance, 2 * scale * scale)]
            parts.append(accepted)
            missing -= len(accepted)
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def _laplace(self, count: int, scale: int) -> Integers:
        """Draw whole numbers, each with a probability that falls by 1/e every *scale*."""
        parts: list[Integers] = []
        missing = count
        while missing:
            within = self._below(scale, missing)
            if scale > _LARGEST_FAST_SCALE:
                within = within.astype(object)
            within = within[self._exponentially(within, scale)]
            size = within + scale * self._steps(len(within)).astype(within.dtype)
            negative = self._below(2, len(size)).astype(np.bool_)
            kept = ~negative | (size != 0).astype(np.bool_)  # zero has no sign
            drawn = np.where(negative, -size, size)[kept]
            parts.append(drawn)
            missing -= len(drawn)
        return np.concatenate(parts)

    def _steps(self, count: int) -> NDArray[np.int64]:
        """Count how often exp(-1) comes true in a row."""
        steps = np.zeros(count, dtype=np.int64)
        going = np.arange(count)
        while len(going):
            going = going[self._fractionally(np.ones(len(going), dtype=np.int64), 1)]
            steps[going] += 1
        return steps

    def _exponentially(self, numerators: Integers, denominator: int) -> NDArray[np.bool_]:
        """Say yes with the probability exp(-numerator / denominator) for each."""
        wholes = (numerators // denominator).astype(np.int64)
        rests = numerators - wholes.astype(numerators.dtype) * denominator
        true = self._fractionally(rests, denominator)
        going = np.flatnonzero(true)
        step = 0
        while len(going := going[wholes[going] > step]):
            passed = self._fractionally(np.ones(len(going), dtype=np.int64), 1)
            true[going[~passed]] = False
            going = going[passed]
            step += 1
        return true

    def _fractionally(self, numerators: Integers, denominator: int) -> NDArray[np.bool_]:
        """Say yes with the probability exp(-numerator / denominator), of at most 1/e.

        The first failure of events of the probabilities f, f/2, f/3, ... is odd that often.
        """
        lengths = np.ones(len(numerators), dtype=np.int64)
        going = np.arange(len(numerators))
        step = 1
        while len(going):
            happens = self._below(denominator, len(going)) < numerators[going]
            happens = happens.astype(np.bool_) & (self._below(step, len(going)) == 0)
            going = going[happens]
            lengths[going] += 1
            step += 1
        return np.asarray(lengths % 2 == 1)

    def _below(self, bound: int, count: int) -> Integers:
        """Draw whole numbers from 0 to *bound* - 1."""
        length = (bound - 1).bit_length()
        drawn = self._bits(length, count)
        if bound & (bound - 1):
            while len(wrong := np.flatnonzero(drawn >= bound)):
                drawn[wrong] = self._bits(length, len(wrong))
        return drawn

    def _bits(self, length: int, count: int) -> Integers:
        if length <= _WORD_BITS:
            words = np.frombuffer(self.token(8 * count), dtype="<u8")
            return (words & np.uint64((1 << length) - 1)).astype(np.int64)
        size = -(-length // 8)
        data, mask = self.token(size * count), (1 << length) - 1
        drawn = np.empty(count, dtype=object)
        drawn[:] = [
            int.from_bytes(data[at : at + size], "big") & mask for at in range(0, len(data), size)
        ]
        return drawn
