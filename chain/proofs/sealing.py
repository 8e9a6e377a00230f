"""Sealed bids: committed before anyone shows one, opened when all are in.

The draws of ``Rounds`` bind a member to 32 bytes under a salt, take no second commitment, and
slash whoever does not open. Those bytes are meant for the digest of a member's updates; here
they bind its bid beside it. The chain then holds the digest and the salt, and whoever is shown
a bid can tell that it is the one that was sealed: nobody bids after seeing others, and nobody
can copy a commitment, since the account is in it
(:func:`fedmerit.chain.settlement.drawing.commitment`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from fedmerit.chain.proofs.tree import MAXIMUM_AMOUNT
from fedmerit.errors import ChainError

#: Keeps a bid's digest from being any other record's.
_PURPOSE: Final = keccak(text="fedmerit sealed bid")
_WORD: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBid:
    """An offer that is bound to, and shown only later.

    Attributes:
        cost: Base units asked for all of it.
        units: On offer, rows for instance.
        updates: Digest of the updates that the same draw binds the member to, 32 bytes.

    Raises:
        ChainError: It cannot be sealed.
    """

    cost: int
    units: int
    updates: bytes

    def __post_init__(self) -> None:
        numbers = (self.cost, self.units)
        if not all(0 <= number <= MAXIMUM_AMOUNT for number in numbers):
            raise ChainError(
                f"a bid of {self.cost} base units for {self.units} units cannot be sealed",
                hint="Bid in whole base units, from 0 to 2**128 - 1.",
            )
        if len(self.updates) != _WORD:
            raise ChainError(
                f"a bid is sealed with a digest of 32 bytes beside it, not of {len(self.updates)}",
                hint="Pass 32 zero bytes where nothing was trained yet.",
            )

    @property
    def digest(self) -> bytes:
        """What ``Rounds`` is told to be the digest of the updates, 32 bytes."""
        kinds = ["bytes32", "uint128", "uint128", "bytes32"]
        return keccak(encode(kinds, [_PURPOSE, self.cost, self.units, self.updates]))
