"""An exact sigmoid of a sum that nobody knows, by multiplicative masks.

With u_1 + ... + u_k the linear predictor, the odds exp(-u_1) * ... * exp(-u_k) are made under
encryption, each party multiplying its own factor in. The label holder blinds 1 + odds by a
random factor, in an order of rows of its own; who decrypts divides 1 by what it sees, encrypts
the quotient, and the label holder multiplies its factor in again: encrypted sigmoids.

A factor hides a magnitude only up to the ends of its range. It is drawn evenly over the
orders of 2**512, so that two rows whose odds differ by a factor of 2**b are told apart with
an advantage of at most (b + 1) / 512; a random remainder hides divisors.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Final

from fedmerit.errors import ChannelError, TrainingError
from fedmerit.federation.protection.packing import trained

if TYPE_CHECKING:
    from gmpy2 import mpz

    from fedmerit.csprng import SecretStream
    from fedmerit.federation.protection.paillier import PrivateKey, PublicKey
    from fedmerit.federation.vertical.task import Matrix
    from fedmerit.federation.wire.channel import Channel

#: One party's part of a linear predictor may reach this; a factor is then above 1e-7.
MOST: Final = 16.0

_FRACTION: Final = 48
_FACTOR_BITS: Final = _FRACTION + 24  # exp(16) is below 2**24
_ORDERS: Final = 512
_LEAST_ORDER: Final = 64
_PRECISION: Final = 40


def quotient_bits(parties: int) -> int:
    """Give the binary places of the quotient that *parties* parties need."""
    return _FACTOR_BITS * parties + _LEAST_ORDER + _ORDERS + 1 + _PRECISION


def fraction_bits(parties: int) -> int:
    """Give the binary places of the encrypted sigmoids."""
    return quotient_bits(parties) - _FRACTION * parties


def check_room(key: PublicKey, parties: int) -> None:
    """Refuse a key whose plaintexts do not hold the quotients.

    Raises:
        TrainingError: With the bits that it would need.
    """
    if key.bits <= quotient_bits(parties) + 2:
        raise TrainingError(
            f"an exact sigmoid of {parties} parties needs keys of more than "
            f"{quotient_bits(parties) + 2} bits, not {key.bits}",
            hint="Use keys of 2048 bits, or sigmoid = 'taylor'.",
        )


def pass_odds(
    channel: Channel, key: PublicKey, own: Matrix, *, before: str | None, after: str
) -> None:
    """Multiply a party's own factors into the odds, and hand them on.

    Args:
        channel: To the neighbours.
        key: Of who decrypts, who comes first if it is a party itself.
        own: The party's part of the linear predictor, shape ``(rows,)``.
        before: Whom to take the odds from; None for the first.
        after: Whom to hand them to.

    """
    factors = _factors(own)
    if before is None:
        odds = key.encrypt_all(factors)
    else:
        odds = _multiplied(channel, key, factors, before)
    channel.send(after, "odds", numbers=[int(cipher) for cipher in odds])


def encrypted_sigmoids(
    channel: Channel, key: PublicKey, own: Matrix, *, before: str, owner: str, parties: int
) -> list[mpz]:
    """Play the label holder: give each row's encrypted sigmoid of the whole linear predictor."""
    one = 1 << (_FRACTION * parties)
    odds = [key.add_plain(c, one) for c in _multiplied(channel, key, _factors(own), before)]
    order = key.draws.permutation(len(odds))
    blinds = [_blind(key.draws) for _ in odds]
    blinded = []
    for row in order:
        product = key.times(odds[row], blinds[row])
        blinded.append(int(key.fresh(key.add_plain(product, key.draws.below(blinds[row])))))
    channel.send(owner, "blinded odds", numbers=blinded)
    answer = channel.receive(owner, "quotients").numbers("numbers", count=len(odds))
    quotients = key.received_all(answer)
    found: list[mpz] = [None] * len(odds)
    for row, quotient in zip(order, quotients, strict=True):
        found[row] = key.times(quotient, blinds[row])
    return found


def divide(channel: Channel, asker: str, key: PrivateKey, *, rows: int, parties: int) -> None:
    """Play who decrypts: divide 1 by blinded numbers, and encrypt the quotients."""
    numbers = channel.receive(asker, "blinded odds").numbers("numbers", count=rows)
    blinded = key.decrypt_all(key.public.received_all(numbers))
    if min(blinded, default=1) < 1:
        raise ChannelError(f"{asker} sent odds that are not positive")
    quotients = [(1 << quotient_bits(parties)) // value for value in blinded]
    encrypted = key.public.encrypt_all(quotients)
    channel.send(asker, "quotients", numbers=[int(cipher) for cipher in encrypted])


def _multiplied(channel: Channel, key: PublicKey, factors: list[int], before: str) -> list[mpz]:
    numbers = channel.receive(before, "odds").numbers("numbers", count=len(factors))
    taken = zip(key.received_all(numbers), factors, strict=True)
    return [key.fresh(key.times(cipher, factor)) for cipher, factor in taken]


def _factors(own: Matrix) -> list[int]:
    trained(own, fraction=0, bound=MOST, what="a party's linear predictors")
    return [max(1, round(exp(-value) * 2.0**_FRACTION)) for value in own.tolist()]


def _blind(draws: SecretStream) -> int:
    """Draw a factor, evenly over the orders of its magnitude."""
    order = _LEAST_ORDER + draws.below(_ORDERS)
    return (1 << order) + draws.below(1 << order)
