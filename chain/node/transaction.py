"""Transactions: what is sent, what it may cost, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from web3.types import TxParams, Wei

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress


class Call(Protocol):
    """Anything that builds a transaction: a contract's function or constructor, a transfer."""

    def build_transaction(self, transaction: TxParams | None = None) -> TxParams:
        """Fill *transaction* in."""


class Transfer(NamedTuple):
    """Sends ether, in wei."""

    to: str
    wei: int

    def build_transaction(self, transaction: TxParams | None = None) -> TxParams:
        """Fill *transaction* in."""
        filled = {**(transaction or {}), "to": self.to, "value": Wei(self.wei), "data": b""}
        return cast("TxParams", filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A transaction as the chain took it.

    Attributes:
        hash: The transaction's hash, hex.
        sender: Who signed it.
        block: Number of its block.
        timestamp: Unix seconds of its block.
        gas: Gas it used.
        contract: Address of the contract it created, if it did.

    """

    hash: str
    sender: str
    block: int
    timestamp: int
    gas: int
    contract: ChecksumAddress | None = None
