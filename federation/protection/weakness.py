"""Moduli that anybody factors in a moment, whoever made them: keys for all who listen.

The bounds are those of what is tried. That nothing else would factor a number is no claim of
this module: medium factors, which elliptic curves find, are not looked for.
"""

from __future__ import annotations

from functools import cache
from math import gcd
from typing import Final

import gmpy2
from gmpy2 import mpz

#: Prime factors below ``2 ** TRIED_BITS`` are tried out.
TRIED_BITS: Final = 22
#: Steps of Fermat's method. They find two factors that are no further apart than 724 fourth roots
#: of the modulus.
FERMAT_STEPS: Final = 1 << 16
#: The largest number in the ratios that two factors may not be near to (Lehman, 1974) ...
RATIO_MOST: Final = 32
#: ... and steps for each.
RATIO_STEPS: Final = 1 << 10
#: A factor p is found where every prime power in p - 1 is at most this (Pollard, 1974).
SMOOTH: Final = 1 << 16

_BASE: Final = 3


def weakness(n: mpz) -> str:
    """Say how *n* can be factored in a moment, or nothing if none of the tried ways does."""
    if n < 2 or gmpy2.gcd(n, _tried()) != 1:  # noqa: PLR2004 - the least prime
        return "it has small factors"
    if _is_near_square(n, FERMAT_STEPS):
        return "its factors are near one another"
    products = {u * v for u in range(1, RATIO_MOST + 1) for v in range(1, u) if gcd(u, v) == 1}
    if any(_is_near_square(4 * product * n, RATIO_STEPS) for product in products):
        return "its factors are nearly in the ratio of two small numbers"
    if gmpy2.gcd(gmpy2.powmod(_BASE, _smooth(), n) - 1, n) != 1:
        return "a factor less one has small factors alone"
    return ""


def _is_near_square(n: mpz, steps: int) -> bool:
    """Say whether *n* is a square less another one, the larger among so many next ones."""
    root = gmpy2.isqrt(n - 1) + 1
    rest = root * root - n
    for _ in range(steps):
        if gmpy2.is_square(rest):
            return True
        rest += 2 * root + 1
        root += 1
    return False


@cache
def _tried() -> mpz:
    """Give the product of all primes that are tried out."""
    return gmpy2.primorial(1 << TRIED_BITS)


@cache
def _smooth() -> mpz:
    """Give the least common multiple of all numbers up to :data:`SMOOTH`."""
    found, prime = mpz(1), mpz(2)
    while prime <= SMOOTH:
        power = prime
        while power * prime <= SMOOTH:
            power *= prime
        found *= power
        prime = gmpy2.next_prime(prime)
    return found
