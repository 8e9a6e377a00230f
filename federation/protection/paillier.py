"""Paillier's cryptosystem (1999) on GMP, for keys that may be made to do harm.

Ciphertexts add up as plaintexts modulo *n*. What makes a ciphertext random is never the key's
maker's to choose: whoever encrypts draws numbers of its own, and multiplies powers of their n-th
powers together. Under another's key the exponents hold 128 bits more than the group has: by the
leftover hash lemma the product is then within 2**-64 of even on all n-th residues. The proof that
comes with a key (:mod:`modulus`) leaves no number prime to *n* that is no ciphertext. Tests look
for what a key's maker marked, and do not find it; that there is no other mark is the lemma's word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import gmpy2
from gmpy2 import mpz

from fedmerit.csprng import SecretStream
from fedmerit.errors import ChannelError, TrainingError
from fedmerit.federation.protection import modulus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Bits of *n* that keep secrets today (NIST SP 800-57: 112 bits of security).
KEY_BITS: Final = 2048
#: Fewer than these are refused: they would be broken while one waits.
LEAST_BITS: Final = 512

_WINDOW: Final = 8  # the table's digits are bytes
_SURPLUS: Final = 128  # bits that exponents hold more than the group
_PRIME_TESTS: Final = 40
#: Bytes of one base's exponent, of a key that came from elsewhere: 34 bases at 2,048 bits, where
#: its modulus has fewer than 10 factors (see :mod:`modulus`) and so many bases make all its group.
_BASE_BYTES: Final = 8


@dataclass(frozen=True, eq=False)
class PublicKey:
    """What anybody may encrypt with.

    Attributes:
        n: The modulus.
        proof: Shows that it is one.
        draws: What makes this party's ciphertexts random.

    """

    n: mpz
    proof: tuple[int, ...] = field(repr=False)
    draws: SecretStream = field(default_factory=SecretStream, repr=False)
    _is_own: bool = field(default=False, repr=False)

    @classmethod
    def received(
        cls, n: int, proof: Sequence[int], *, bits: int, draws: SecretStream | None = None
    ) -> PublicKey:
        """Check a key that came in a message.

        Args:
            n: The modulus, as it came.
            proof: Its proof, as it came.
            bits: The length that was agreed on.
            draws: What shall make ciphertexts random.

        Raises:
            ChannelError: It has another length, or is no modulus for Paillier.
        """
        if n < 0 or n.bit_length() != bits:
            raise ChannelError(
                f"a key has {n.bit_length()} bits, and {bits} were agreed on",
                hint="All parties must use the same key_bits.",
            )
        if fault := modulus.fault(mpz(n), proof):
            raise ChannelError(
                f"a modulus of {bits} bits is no key: {fault}",
                hint="Whoever made the key could read what it hides. Go on without that party.",
            )
        return cls(mpz(n), tuple(proof), draws or SecretStream())

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

        Every number from 1 to n squared that is prime to n is a ciphertext: the proof that came
        with the key leaves no other subgroup.

        Raises:
            ChannelError: A number is none of this key's ciphertexts.
        """
        ciphers = [mpz(number) for number in numbers]
        # A product is prime to n just where each factor is: one gcd for all.
        product = mpz(1)
        for cipher in ciphers:
            if not 0 < cipher < self.square:
                raise ChannelError("a number in a message is no ciphertext of this key")
            product = product * cipher % self.n
        if gmpy2.gcd(product, self.n) != 1:
            raise ChannelError("a number in a message is no ciphertext of this key")
        return ciphers

    def _randomness(self) -> mpz:
        product = mpz(1)
        square = self.square
        for row, digit in zip(self._table, self.draws.token(len(self._table)), strict=True):
            product = product * row[digit] % square
        return product

    @cached_property
    def _table(self) -> list[list[mpz]]:
        """Powers of this party's own bases: a row for each byte of all exponents together.

        A key of one's own is no trap: one base and an exponent half as long as *n* do there
        (Damgård, Jurik and Nielsen, 2010).
        """
        drawn = self.draws.branch("bases", int(self.n))  # the same whenever they are first needed
        if self._is_own:
            return list(self._powers(self._residue(drawn), self.bits // 2 // _WINDOW))
        count = -(-(self.bits + _SURPLUS) // (_WINDOW * _BASE_BYTES))
        bases = [self._residue(drawn) for _ in range(count)]
        return [row for base in bases for row in self._powers(base, _BASE_BYTES)]

    def _residue(self, drawn: SecretStream) -> mpz:
        """Draw an n-th residue."""
        return gmpy2.powmod(1 + drawn.below(int(self.n) - 1), self.n, self.square)

    def _powers(self, base: mpz, rows: int) -> Iterable[list[mpz]]:
        for _ in range(rows):
            row = [mpz(1)]
            for _ in range(2**_WINDOW - 1):
                row.append(row[-1] * base % self.square)
            yield row
            base = row[-1] * base % self.square


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


def generate(bits: int = KEY_BITS, draws: SecretStream | None = None) -> PrivateKey:
    """Make a key pair.

    Args:
        bits: Length of the modulus, a multiple of 16; below 2,048 for tests only.
        draws: What the key is drawn from, and what makes ciphertexts random; it gives the same
            key again.

    Raises:
        TrainingError: So short a key is none.

    """
    if bits < LEAST_BITS or bits % (2 * _WINDOW):
        raise TrainingError(
            f"a Paillier key cannot have {bits} bits", hint=f"Use {KEY_BITS}, or 3072."
        )
    draws = draws or SecretStream()
    drawn = draws.branch("key", bits)
    p, q = _prime(bits // 2, drawn), _prime(bits // 2, drawn)
    while p == q:
        q = _prime(bits // 2, drawn)
    public = PublicKey(p * q, tuple(modulus.prove(p, q)), draws, _is_own=True)
    return PrivateKey(public, p, q)


def _prime(bits: int, drawn: SecretStream) -> mpz:
    """Draw a prime that is 3 modulo 4, with its two highest bits set."""
    while True:
        found = mpz(drawn.bits(bits) | 3 << (bits - 2) | 3)
        if gmpy2.is_prime(found, _PRIME_TESTS):
            return found


def _half(cipher: mpz, prime: mpz, inverse: mpz) -> mpz:
    """Decrypt modulo one prime."""
    return (gmpy2.powmod(cipher, prime - 1, prime * prime) - 1) // prime * inverse % prime
