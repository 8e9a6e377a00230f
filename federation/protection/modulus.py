"""A proof that a number is a modulus for Paillier, which tells nothing else of it.

For a modulus n that is prime to its own totient, and for no other, every number has an n-th root
modulo n. So whoever knows the factors shows the roots of numbers that a hash has drawn
(Goldberg, Reyzin, Sagga and Baldimtsi, 2019, section 3.2). Where n has a factor in common with its
totient, at most one number in so many has a root, and the small factors are tried out.

Of the numbers whose Jacobi symbol is 1, every one is a square or the negative of one where n is
the product of two primes that are 3 modulo 4, and one in ``2 ** (k - 2)`` where it has k prime
factors (van de Graaf and Peralta, 1987). Their square roots show that there are few.
"""

from __future__ import annotations

from hashlib import shake_256
from typing import TYPE_CHECKING, Final

import gmpy2
from gmpy2 import mpz

from fedmerit.federation.protection.weakness import TRIED_BITS, weakness

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A wrong modulus passes once in ``2 ** _SECURITY`` attempts.
_SECURITY: Final = 128
#: Roots in a proof: a false one is there with probability ``2 ** -TRIED_BITS`` at most.
ROOTS: Final = -(-_SECURITY // TRIED_BITS)
#: A modulus of so many prime factors or more passes once in ``2 ** _SECURITY`` attempts.
FACTORS: Final = 10
#: Square roots in a proof.
SQUARES: Final = _SECURITY // (FACTORS - 2)

_PRIME_TESTS: Final = 40
#: So many times as many are drawn: fewer than SQUARES in them is one case in 2**110.
_ENOUGH: Final = 16


def prove(p: mpz, q: mpz) -> list[int]:
    """Give the roots that show the product of two primes, both 3 modulo 4, to be a modulus."""
    n = p * q
    exponent = gmpy2.invert(n, (p - 1) * (q - 1))
    roots = [gmpy2.powmod(drawn, exponent, n) for drawn in _challenges(n, b"root", ROOTS)]
    return [int(root) for root in (*roots, *(_square_root(c, p, q) for c in _symmetric(n)))]


def fault(n: mpz, proof: Sequence[int]) -> str:
    """Say why *n* is no modulus for Paillier, or nothing if it is one."""
    if n > 1 and (gmpy2.is_prime(n, _PRIME_TESTS) or gmpy2.is_power(n)):
        return "it is a prime or a power, so that anybody could decrypt"
    if weak := weakness(n):
        return f"{weak}, so that anybody could decrypt"
    if len(proof) != ROOTS + SQUARES or not all(0 < number < n for number in proof):
        return "its proof has another form"
    roots = zip(proof[:ROOTS], _challenges(n, b"root", ROOTS), strict=True)
    if any(gmpy2.powmod(root, n, n) != drawn for root, drawn in roots):
        return "it may have a factor in common with its totient"
    squares = zip(proof[ROOTS:], _symmetric(n), strict=True)
    if any(root * root % n not in {drawn, n - drawn} for root, drawn in squares):
        return "it may have many factors"
    return ""


def _challenges(n: mpz, purpose: bytes, count: int) -> list[mpz]:
    """Draw numbers by a hash of the modulus."""
    size = n.bit_length() // 8 + 1
    data = int(n).to_bytes(size, "big")
    length = size + _SECURITY // 8
    prefix = b"fedmerit/paillier/1/" + purpose
    return [
        mpz(int.from_bytes(shake_256(prefix + at.to_bytes(2, "big") + data).digest(length))) % n
        for at in range(count)
    ]


def _symmetric(n: mpz) -> list[mpz]:
    """Draw numbers whose Jacobi symbol is 1: about every second one."""
    drawn = _challenges(n, b"square", _ENOUGH * SQUARES)
    return [number for number in drawn if gmpy2.jacobi(number, n) == 1][:SQUARES]


def _square_root(number: mpz, p: mpz, q: mpz) -> mpz:
    """Give a square root of a number or of its negative."""
    sign = gmpy2.legendre(number, p)
    at_p, at_q = (gmpy2.powmod(sign * number, (f + 1) // 4, f) for f in (p, q))
    return at_q + q * ((at_p - at_q) * gmpy2.invert(q, p) % p)
