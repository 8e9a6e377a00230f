"""Keys that are made to read what they should hide are refused; what they would read is shown."""

from __future__ import annotations

import gmpy2
import pytest
from gmpy2 import mpz
from scipy.stats import chisquare

from fedmerit.csprng import NoiseStream
from fedmerit.errors import ChannelError
from fedmerit.federation.protection import modulus
from fedmerit.federation.protection.opening import Allowance, Request, open_for, receive_key
from fedmerit.federation.protection.paillier import PublicKey, generate
from fedmerit.federation.protection.weakness import weakness
from fedmerit.federation.wire.channel import play

KEY = generate(512)
N, PROOF = KEY.public.n, KEY.public.proof


def prime(bits, *, divisor=1, after=0):
    """Give a prime of so many bits that is 3 modulo 4, and 1 modulo an odd divisor."""
    start = (3 << (bits - 2)) + after
    candidate = mpz(start - start % (4 * divisor) + 1)
    while candidate % 4 != 3 or not gmpy2.is_prime(candidate):
        candidate += 2 * divisor if divisor > 1 else 2
    return candidate


def forged(*primes):
    """Give the product of primes, with as good a proof as its maker can give."""
    n, order = mpz(1), mpz(1)
    for factor in primes:
        n, order = n * factor, order * (factor - 1)
    while (common := gmpy2.gcd(n, order)) > 1:
        order //= common
    exponent = gmpy2.invert(n, order)
    drawn = modulus._challenges(n, b"root", modulus.ROOTS)
    roots = [int(gmpy2.powmod(number, exponent, n)) for number in drawn]
    return n, [*roots, *(square_root(number, n, primes) for number in modulus._symmetric(n))]


def square_root(number, n, primes):
    """Give a square root of a number or of its negative, or a guess where there is none."""
    for sign in (1, -1):
        if all(gmpy2.legendre(sign * number, factor) == 1 for factor in primes):
            parts = [
                gmpy2.powmod(sign * number, (factor + 1) // 4, factor)
                * (n // factor)
                * gmpy2.invert(n // factor, factor)
                for factor in primes
            ]
            return int(sum(parts) % n)
    return 1


SMALL = prime(200)
LINKED = prime(312, divisor=SMALL)  # so that n has a factor in common with its totient
LONE = prime(512, after=10**6)
#: As far from one another as primes of one length that were drawn.
APART = prime(256), prime(256, after=987_654_321 << 224)


def smooth_prime(bits):
    """Give a prime p that is 3 modulo 4, whose p - 1 has no prime factor above 2**12."""
    small = [k for k in range(3, 1 << 12) if gmpy2.is_prime(k)]
    found, place = mpz(2), 0
    while found.bit_length() < bits - 12:
        found, place = found * small[(7 * place) % len(small)], place + 1
    return next(found * p + 1 for p in small if gmpy2.is_prime(found * p + 1))


def fermat(n, steps=1 << 16):
    """Factor a number by Fermat's method."""
    root = gmpy2.isqrt(n) + 1
    for _ in range(steps):
        if gmpy2.is_square(root * root - n):
            return root - gmpy2.isqrt(root * root - n)
        root += 1
    return None


def pollard(n):
    """Factor a number by Pollard's method of p - 1."""
    base = mpz(2)
    for prime_ in (k for k in range(2, 1 << 12) if gmpy2.is_prime(k)):
        base = gmpy2.powmod(base, prime_**12, n)
    return gmpy2.gcd(base - 1, n)


def test_a_key_and_its_proof_are_taken():
    assert PublicKey.received(int(N), PROOF, bits=512).n == N
    assert len(PROOF) == modulus.ROOTS + modulus.SQUARES == 6 + 16
    assert not modulus.fault(*forged(*APART))


@pytest.mark.parametrize(
    ("n", "proof", "message"),
    [
        (-int(N), PROOF, "512 were agreed"),
        (int(N) >> 8, PROOF, "504 bits, and 512 were agreed"),
        ((1 << 200_000) + 1, PROOF, "200001 bits, and 512"),
        (int(N) + 1, PROOF, "small factors"),
        (int(3 * prime(510)), PROOF, "small factors"),
        (int(65521 * prime(496)), PROOF, "small factors"),
        (int(LONE), PROOF, "a prime or a power"),
        (int(prime(256) ** 2), PROOF, "a prime or a power"),
        (int(prime(128, after=1 << 125) ** 4), PROOF, "a prime or a power"),
        (int(N), PROOF[:5], "proof has another form"),
        (int(N), [*PROOF[:5], PROOF[5] + 1, *PROOF[6:]], "common with its totient"),
        (int(N), [*PROOF[:-1], PROOF[-1] + 1], "many factors"),
        (int(N), [0] * 22, "proof has another form"),
        (int(N), [root + int(N) for root in PROOF], "proof has another form"),
        (int(N), generate(512).public.proof, "is no key"),
    ],
    ids=[
        *("negative", "short", "200,000 bits", "even", "times 3", "times 65521", "prime", "square"),
        *(
            "fourth power",
            "a root too few",
            "a wrong root",
            "a wrong square",
            "zeros",
            "roots too large",
            "another's",
        ),
    ],
)
def test_degenerate_keys_are_refused(n, proof, message):
    with pytest.raises(ChannelError, match=message):
        PublicKey.received(n, proof, bits=512)


@pytest.mark.parametrize(
    ("primes", "attack", "message"),
    [
        ((mpz(65537), prime(496)), lambda n: gmpy2.gcd(n, 65537), "small factors"),
        ((mpz(4194287), prime(490)), lambda n: gmpy2.gcd(n, 4194287), "small factors"),
        ((prime(256), prime(256, after=10**6)), fermat, "near one another"),
        ((prime(256), prime(256, after=600 << 128)), fermat, "near one another"),
        (
            (prime(255), gmpy2.next_prime(7 * prime(255) // 5)),
            lambda n: gmpy2.gcd(n, fermat(4 * 35 * n)),
            "ratio of two small numbers",
        ),
        ((smooth_prime(256), prime(256)), pollard, "less one has small factors"),
    ],
    ids=["17 bits", "22 bits", "neighbours", "within the bound", "five sevenths", "smooth"],
)
def test_a_modulus_that_anybody_factors_in_a_moment_is_refused(primes, attack, message):
    n, proof = forged(*primes)
    assert 1 < gmpy2.gcd(attack(n), n) < n

    with pytest.raises(ChannelError, match=f"{message}.*so that anybody could decrypt"):
        PublicKey.received(int(n), proof, bits=n.bit_length())


def test_a_modulus_just_beyond_what_is_tried_is_taken_as_the_bounds_say():
    # The bounds are stated, and these are the nearest on their other side: no more is promised.
    beyond = [
        (mpz(gmpy2.next_prime(1 << 22)), prime(490, after=1 << 480)),
        (prime(256), prime(256, after=1 << 140)),
    ]
    for primes in beyond:
        assert weakness(primes[0] * primes[1]) == ""


def test_a_modulus_with_a_factor_in_its_totient_is_refused_for_it_would_read_through_the_mask():
    n, proof = forged(SMALL, LINKED)
    with pytest.raises(ChannelError, match="common with its totient"):
        PublicKey.received(int(n), proof, bits=n.bit_length())

    # What it would read: its maker sends a number whose order modulo q is the other factor. No
    # mask and no randomness changes that part of what comes back, and it is the weight.
    taken = PublicKey(n, ())
    secret_weight = 123_456
    marked = gmpy2.powmod(2, (LINKED - 1) // SMALL, LINKED)
    sent = marked + LINKED * ((1 - marked) * gmpy2.invert(LINKED, SMALL**2) % SMALL**2)
    masked = taken.fresh(taken.add_plain(taken.times(sent, secret_weight), 987_654_321))
    seen = gmpy2.powmod(masked % LINKED, (LINKED - 1) // SMALL, LINKED)
    base = gmpy2.powmod(marked, (LINKED - 1) // SMALL, LINKED)
    assert seen == gmpy2.powmod(base, secret_weight, LINKED)


def test_a_modulus_of_many_factors_is_refused_for_no_randomness_would_reach_all_of_its_group():
    primes = []
    while len(primes) < 12:  # none that Pollard's method would find
        found = prime(43, after=int(primes[-1]) - (3 << 41) if primes else 0)
        while found in primes or not gmpy2.is_prime(found // 2):
            found = prime(43, after=int(found) + 4 - (3 << 41))
        primes.append(found)
    n, proof = forged(*primes)

    with pytest.raises(ChannelError, match="it may have many factors"):
        PublicKey.received(int(n), proof, bits=n.bit_length())


def test_a_number_that_is_sent_with_a_mark_comes_back_without_it():
    # 3 divides both p - 1 and q - 1: a maker can mark a ciphertext by a cube root of 1, and look
    # for the mark's power in what comes back. What it finds must not depend on the weight.
    p, q = prime(256, divisor=3), prime(256, divisor=3, after=1 << 250)
    assert p % 3 == q % 3 == 1
    key = PublicKey.received(int(p * q), modulus.prove(p, q), bits=512)
    root = next(r for g in range(2, 99) if (r := gmpy2.powmod(g, p * (p - 1) // 3, p * p)) != 1)
    mark = root + p * p * ((1 - root) * gmpy2.invert(p * p, q * q) % (q * q))
    [sent] = key.received_all([int(mark)])

    def character(weight):
        back = key.fresh(key.times(sent, weight))
        return int(gmpy2.powmod(back, (p - 1) // 3, p))

    kinds = sorted({int(gmpy2.powmod(g, (p - 1) // 3, p)) for g in range(2, 99)})
    for weight in (0, 1):
        drawn = [character(weight) for _ in range(300)]
        assert chisquare([drawn.count(kind) for kind in kinds]).pvalue > 0.001


def test_each_party_draws_randomness_of_its_own_for_the_same_key():
    one, other = (PublicKey.received(int(N), PROOF, bits=512) for _ in range(2))

    assert one._table[0] != other._table[0]
    assert len(one._table) == (512 + 128) // 8
    assert KEY.decrypt(one.encrypt(-5)) == KEY.decrypt(other.encrypt(-5)) == -5


def test_a_key_of_another_length_than_agreed_is_refused_on_the_wire():
    def owner(channel):
        channel.send("ada", "public key", n=int(N), proof=list(PROOF))

    with pytest.raises(ChannelError, match="512 bits, and 2048 were agreed on"):
        play({"owner": owner, "ada": lambda channel: receive_key(channel, "owner", 2048)})


def test_an_opened_number_beyond_the_modulus_is_refused():
    def owner(channel):
        channel.receive("ada", "masked")
        channel.send("ada", "opened", numbers=[int(N) + 5])

    def ada(channel):
        packed = [KEY.public.encrypt(1)]
        return Request(channel, "owner", KEY.public, packed, Allowance(1, 32)).opened()

    with pytest.raises(ChannelError, match="beyond its modulus"):
        play({"owner": owner, "ada": ada})


def test_a_ciphertext_of_another_modulus_is_not_opened():
    def ada(channel):
        channel.send("owner", "masked", numbers=[int(KEY._p)])

    def owner(channel):
        open_for(channel, "ada", KEY, Allowance(1, 32), NoiseStream())

    with pytest.raises(ChannelError, match="no ciphertext"):
        play({"owner": owner, "ada": ada})
