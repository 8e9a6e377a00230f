"""Decrypting for others without seeing: who asks adds a mask, who opens learns a random number.

The masks are uniform modulo *n*, so what is opened is independent of what was encrypted; and
every ciphertext that leaves a party gets fresh randomness, since whoever knows the ciphertexts
that it was made of could otherwise divide them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedmerit import csprng
from fedmerit.errors import ChannelError
from fedmerit.federation.protection.packing import pack, slots, unpack_all
from fedmerit.federation.protection.paillier import PublicKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gmpy2 import mpz

    from fedmerit.csprng import NoiseStream
    from fedmerit.federation.protection.paillier import PrivateKey
    from fedmerit.federation.wire.channel import Channel


class Request:
    """A question to the key's owner, sent at once and read later.

    Args:
        channel: To the owner.
        owner: Who can decrypt.
        key: Its key.
        packed: What to open: ciphertexts of several numbers each.
        form: Bits that each number may have, sign included, and how many numbers there are.

    """

    def __init__(
        self,
        channel: Channel,
        owner: str,
        key: PublicKey,
        packed: Sequence[mpz],
        form: tuple[int, int],
    ) -> None:
        width, count = form
        self._masks = [csprng.below(int(key.n)) for _ in packed]
        masked = [
            key.fresh(key.add_plain(cipher, mask))
            for cipher, mask in zip(packed, self._masks, strict=True)
        ]
        channel.send(owner, "masked", numbers=[int(cipher) for cipher in masked])
        self._channel = channel
        self._owner = owner
        self._key = key
        self._form = width, slots(key, width), count

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
        return unpack_all([p - n if 2 * p > n else p for p in plain], *self._form)


@dataclass(frozen=True, slots=True)
class SlotNoise:
    """Noise that whoever opens numbers adds to each of them.

    Attributes:
        stream: Where it comes from.
        width: Bits that each number may have, as :class:`Request` has them.
        scale: Standard deviation, in the numbers' own units.

    """

    stream: NoiseStream
    width: int
    scale: int

    def packed(self, key: PublicKey) -> int:
        """Draw for all numbers of one plaintext."""
        drawn = self.stream.discrete_gaussian(slots(key, self.width), self.scale)
        return pack([int(value) for value in drawn], self.width)


def open_for(
    channel: Channel, asker: str, key: PrivateKey, *, noise: SlotNoise | None = None
) -> None:
    """Answer one request."""
    numbers = channel.receive(asker, "masked").numbers("numbers")
    ciphers = key.public.received_all(numbers)
    n = int(key.public.n)
    opened = [
        (value + (noise.packed(key.public) if noise else 0)) % n
        for value in key.decrypt_all(ciphers)
    ]
    channel.send(asker, "opened", numbers=opened)


def publish(channel: Channel, key: PublicKey) -> None:
    """Send a public key and its proof to everyone."""
    for peer in channel.peers:
        channel.send(peer, "public key", n=int(key.n), proof=list(key.proof))


def receive_key(channel: Channel, owner: str, bits: int) -> PublicKey:
    """Wait for a public key of the length that was agreed on.

    Raises:
        ChannelError: It is none, or of another length.
    """
    message = channel.receive(owner, "public key")
    return PublicKey.received(message.integer("n"), message.numbers("proof"), bits=bits)
