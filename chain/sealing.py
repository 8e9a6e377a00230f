"""Sealed bids: committed before anyone shows one, opened when all are in.

The draws of ``Rounds`` bind a member to 32 bytes under a salt, take no second commitment, and
slash whoever does not open. Those bytes are meant for the digest of a member's updates; here
they bind its bid beside it. The chain then holds the digest and the salt, and whoever is shown
a bid can tell that it is the one that was sealed: nobody bids after seeing others, and nobody
can copy a commitment, since the account is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from fedmerit.chain.tree import MAXIMUM_AMOUNT
from fedmerit.errors import ChainError

#: Keeps a bid's digest from being any other record's.
_PURPOSE: Final = keccak(text="fedmerit sealed bid")
#: Draws of members that send no updates yet bind to these.
NO_UPDATES: Final = bytes(32)
_WORD: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBid:
    """An offer that is bound to, and shown only later.

    Attributes:
        cost: Base units asked for all of it.
        capacity: Units on offer.
        quality: Points of quality of all of it.
        salt: 32 bytes that nobody can guess; the small numbers of a bid alone could be.
        updates: Digest of the updates that the same draw binds the member to.
    """

    cost: int
    capacity: int
    quality: int
    salt: bytes
    updates: bytes = NO_UPDATES

    def __post_init__(self) -> None:
        numbers = (self.cost, self.capacity, self.quality)
        if not all(0 <= number <= MAXIMUM_AMOUNT for number in numbers):
            raise ChainError(
                f"a bid of cost, capacity and quality {numbers} cannot be sealed",
                hint="Bid in whole base units, from 0 to 2**128 - 1.",
            )
        if len(self.salt) != _WORD or not any(self.salt) or len(self.updates) != _WORD:
            raise ChainError(
                "a bid is sealed with 32 bytes of salt, not all zero, and a digest of 32 bytes",
                hint="Draw the salt with secrets.token_bytes(32), and keep it.",
            )

    @property
    def digest(self) -> bytes:
        """What ``Rounds`` is told to be the digest of the updates, 32 bytes."""
        kinds = ["bytes32", "uint128", "uint128", "uint128", "bytes32"]
        values = [_PURPOSE, self.cost, self.capacity, self.quality, self.updates]
        return keccak(encode(kinds, values))

    def commitment(self, *, job: int, period: int, draw: int, account: str) -> bytes:
        """Give what *account* commits to in a draw: the twin of ``Rounds.hashCommitment``."""
        kinds = ["uint256", "uint256", "uint256", "address", "bytes32", "bytes32"]
        return keccak(encode(kinds, [job, period, draw, account, self.digest, self.salt]))

    def opens(self, digest: bytes, salt: bytes) -> bool:
        """Say whether this is the bid behind what an account revealed."""
        return (digest, salt) == (self.digest, self.salt)
