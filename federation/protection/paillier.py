"""Paillier's cryptosystem as Damgård, Jurik and Nielsen (2010) have it, on GMP.

Ciphertexts add up as plaintexts modulo *n*. Randomness is a power of one fixed base, so that a
table of its powers replaces squaring; the exponents are half as long as *n*, drawn from the
operating system. What is encrypted is never random to the scenario's seed: nobody else may
know it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import gmpy2
from gmpy2 import mpz

from fedmerit import csprng
from fedmerit.errors import ChannelError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Bits of *n* that keep secrets today (NIST SP 800-57: 112 bits of security).
KEY_BITS: Final = 2048
#: Fewer than these are refused: they would be broken while one waits.
LEAST_BITS: Final = 512

_WINDOW: Final = 8  # the table's digits are bytes
_PRIME_TESTS: Final = 40


@dataclass(frozen=True)
class PublicKey:
    """What anybody may encrypt with.

    Attributes:
        n: The modulus.
        base: An n-th residue modulo n squared, whose powers are the randomness.

    """

    n: mpz
    base: mpz

    @classmethod
    def received(cls, n: int, base: int) -> PublicKey:
        """Check a key that came in a message.

        Raises:
            ChannelError: It is too short, or no key at all.
        """
        fits = n.bit_length() >= LEAST_BITS and n % 2 and 1 < base < n * n
        if not fits or gmpy2.gcd(n, base) != 1:
            raise ChannelError(f"a modulus of {n.bit_length()} bits and its base make no key")
        return cls(mpz(n), mpz(base))

    @cached_property
    def square(self) -> mpz:
        """The modulus of ciphertexts."""
        return self.n * self.n

    @property
    def bits(self) -> int:
        """The length of the modulus."""
        return int(self.n.bit_length())

    def encrypt(self, value: int) -> mpz:
        """Encrypt a number modulo n; negative ones count from n downwards."""
        return (1 + value % self.n * self.n) * self._randomness() % self.square

    def encrypt_all(self, values: Iterable[int]) -> list[mpz]:
        """Encrypt each of *values*."""
        return [self.encrypt(value) for value in values]

    def add(self, first: mpz, second: mpz) -> mpz:
        """Give a ciphertext of the sum."""
        return first * second % self.square

    def add_plain(self, cipher: mpz, value: int) -> mpz:
        """Give a ciphertext of the sum with a known number; its randomness stays."""
        return cipher * (1 + value % self.n * self.n) % self.square

    def times(self, cipher: mpz, factor: int) -> mpz:
        """Give a ciphertext of the product with a known number."""
        return gmpy2.powmod(cipher, factor, self.square)

    def fresh(self, cipher: mpz) -> mpz:
        """Give another ciphertext of the same number, which nobody can link to it."""
        return cipher * self._randomness() % self.square

    def received_all(self, numbers: Iterable[int]) -> list[mpz]:
        """Check ciphertexts that came in a message.

        Raises:
            ChannelError: A number is none of this key's ciphertexts.
        """
        found = [mpz(number) for number in numbers]
        # A product is prime to n just where each factor is: one gcd for all.
        product = mpz(1)
        for cipher in found:
            if not 0 < cipher < self.square:
                raise ChannelError("a number in a message is no ciphertext of this key")
            product = product * cipher % self.n
        if gmpy2.gcd(product, self.n) != 1:
            raise ChannelError("a number in a message is no ciphertext of this key")
        return found

    def _randomness(self) -> mpz:
        product = mpz(1)
        square = self.square
        for row, digit in zip(self._table, csprng.token(len(self._table)), strict=True):
            product = product * row[digit] % square
        return product

    @cached_property
    def _table(self) -> list[list[mpz]]:
        """Powers of the base: for each byte of an exponent, one for each of its values."""
        rows = []
        step = self.base
        for _ in range(self.bits // 2 // _WINDOW):
            row = [mpz(1)]
            for _ in range(2**_WINDOW - 1):
                row.append(row[-1] * step % self.square)
            rows.append(row)
            step = row[-1] * step % self.square
        return rows


@dataclass(frozen=True)
class PrivateKey:
    """What decrypts; it never leaves the party that made it.

    Attributes:
        public: The key to encrypt with.

    """

    public: PublicKey
    _p: mpz = field(repr=False)
    _q: mpz = field(repr=False)

    def decrypt(self, cipher: mpz) -> int:
        """Give the number, from -n/2 to n/2."""
        p, q, n = self._p, self._q, self.public.n
        at_p = _half(cipher, p, self._inverses[0])
        at_q = _half(cipher, q, self._inverses[1])
        value = at_q + q * ((at_p - at_q) * self._inverses[2] % p)
        return int(value - n if 2 * value > n else value)

    def decrypt_all(self, ciphers: Iterable[mpz]) -> list[int]:
        """Decrypt each of *ciphers*."""
        return [self.decrypt(cipher) for cipher in ciphers]

    @cached_property
    def _inverses(self) -> tuple[mpz, mpz, mpz]:
        p, q, n = self._p, self._q, self.public.n
        halves = [gmpy2.invert((gmpy2.powmod(1 + n, f - 1, f * f) - 1) // f, f) for f in (p, q)]
        return halves[0], halves[1], gmpy2.invert(q, p)


def generate(bits: int = KEY_BITS) -> PrivateKey:
    """Make a key pair.

    Args:
        bits: Length of the modulus, a multiple of 16; below 2,048 for tests only.

    Raises:
        TrainingError: So short a key is none.

    """
    if bits < LEAST_BITS or bits % (2 * _WINDOW):
        raise TrainingError(
            f"a Paillier key cannot have {bits} bits", hint=f"Use {KEY_BITS}, or 3072."
        )
    p = _prime(bits // 2)
    q = _prime(bits // 2)
    while gmpy2.gcd(p - 1, q - 1) != 2 or p == q:  # noqa: PLR2004 - so that -x**2 makes a subgroup
        q = _prime(bits // 2)
    n = p * q
    drawn = mpz(csprng.below(int(n)))
    base = gmpy2.powmod(-drawn * drawn % n, n, n * n)
    return PrivateKey(PublicKey(n, base), p, q)


def _prime(bits: int) -> mpz:
    """Draw a prime that is 3 modulo 4, with its two highest bits set."""
    while True:
        drawn = mpz(csprng.bits(bits) | 3 << (bits - 2) | 3)
        if gmpy2.is_prime(drawn, _PRIME_TESTS):
            return drawn


def _half(cipher: mpz, prime: mpz, inverse: mpz) -> mpz:
    """Decrypt modulo one prime."""
    return (gmpy2.powmod(cipher, prime - 1, prime * prime) - 1) // prime * inverse % prime
