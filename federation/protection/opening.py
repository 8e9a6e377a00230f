"""Decrypting for others without seeing: who asks adds a mask, who opens learns a random number.

The masks are uniform modulo *n*, so what is opened is independent of what was encrypted; and
every ciphertext that leaves a party gets fresh randomness, since whoever knows the ciphertexts
that it was made of could otherwise divide them out.

Who opens cannot see what is asked. So it holds itself to the plan that all agreed on: how many
numbers of how many bits a request may have opened. It takes no more ciphertexts than they need,
and what lies above them in a plaintext it makes random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedmerit.errors import ChannelError
from fedmerit.federation.protection.packing import pack, slots, unpack_all
from fedmerit.federation.protection.paillier import PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gmpy2 import mpz

    from fedmerit.csprng import NoiseStream, SecretStream
    from fedmerit.federation.protection.paillier import PrivateKey
    from fedmerit.federation.wire.channel import Channel


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one request may have opened, as all parties agreed.

    Attributes:
        count: How many numbers.
        width: Bits of each, sign included.
        noise: Standard deviation of what whoever opens adds to each, in the numbers' own units.

    """

    count: int
    width: int
    noise: int = 0

    def parts(self, key: PublicKey) -> Iterator[int]:
        """Give how many numbers each plaintext holds: all but the last are full."""
        many = slots(key, self.width)
        for at in range(0, self.count, many):
            yield min(many, self.count - at)


class Request:
    """A question to the key's owner, sent at once and read later.

    Args:
        channel: To the owner.
        owner: Who can decrypt.
        key: Its key.
        packed: What to open: ciphertexts of several numbers each.
        allowed: What all agreed that may be asked.

    """

    def __init__(
        self,
        channel: Channel,
        owner: str,
        key: PublicKey,
        packed: Sequence[mpz],
        allowed: Allowance,
    ) -> None:
        self._masks = [key.draws.below(int(key.n)) for _ in packed]
        masked = [
            key.fresh(key.add_plain(cipher, mask))
            for cipher, mask in zip(packed, self._masks, strict=True)
        ]
        channel.send(owner, "masked", numbers=[int(cipher) for cipher in masked])
        self._channel = channel
        self._owner = owner
        self._key = key
        self._form = allowed.width, slots(key, allowed.width), allowed.count

    def opened(self) -> list[int]:
        """Wait for the answer, and take the masks off again.

        Raises:
            ChannelError: What came is nothing that a ciphertext decrypts to.
        """
        answer = self._channel.receive(self._owner, "opened")
        numbers = answer.numbers("numbers", count=len(self._masks))
        n = int(self._key.n)
        if any(number >= n for number in numbers):
            raise ChannelError(f"{self._owner} opened a number beyond its modulus")
        plain = [(number - mask) % n for number, mask in zip(numbers, self._masks, strict=True)]
        return unpack_all(plain, *self._form)


def open_for(
    channel: Channel, asker: str, key: PrivateKey, allowed: Allowance, draws: NoiseStream
) -> None:
    """Answer one request.

    Args:
        channel: To who asks.
        asker: Who asks.
        key: What decrypts.
        allowed: What all agreed that it may ask.
        draws: Where noise comes from, and what hides the rest.

    Raises:
        ChannelError: It asks for more.
    """
    parts = list(allowed.parts(key.public))
    numbers = channel.receive(asker, "masked").numbers("numbers")
    if len(numbers) != len(parts):
        raise ChannelError(
            f"{asker} asks to have {len(numbers)} ciphertexts opened, and {len(parts)} were "
            f"agreed on for {allowed.count} numbers",
            hint="Whoever asks for more could read what it shall not. Go on without that party.",
        )
    n = int(key.public.n)
    values = key.decrypt_all(key.public.received_all(numbers))
    hidden = [_hiding(n, count, allowed, draws) for count in parts]
    opened = [(value + above) % n for value, above in zip(values, hidden, strict=True)]
    channel.send(asker, "opened", numbers=opened)


def _hiding(n: int, count: int, allowed: Allowance, draws: NoiseStream) -> int:
    """Give noise for the first numbers of a plaintext, and something random above them."""
    used = allowed.width * count
    # From 1, so that it stays above what is negative; and below n with what it is added to.
    above = (1 + draws.below((n >> used) - 1)) << used
    if not allowed.noise:
        return above
    noise = draws.discrete_gaussian(count, allowed.noise)
    return above + pack([int(value) for value in noise], allowed.width)


def publish(channel: Channel, key: PublicKey) -> None:
    """Send a public key and its proof to everyone."""
    for peer in channel.peers:
        channel.send(peer, "public key", n=int(key.n), proof=list(key.proof))


def receive_key(
    channel: Channel, owner: str, bits: int, draws: SecretStream | None = None
) -> PublicKey:
    """Wait for a public key of the length that was agreed on.

    Args:
        channel: To its owner.
        owner: Whose.
        bits: The length.
        draws: What shall make this party's ciphertexts random.

    Raises:
        ChannelError: It is none, or of another length.
    """
    message = channel.receive(owner, "public key")
    return PublicKey.received(
        message.integer("n"), message.numbers("proof"), bits=bits, draws=draws
    )
