"""What was sent to an embedded chain, from which the same chain can be built again.

The chain lives in memory; its transcript travels with the evidence. Every entry names
the block it became, so a transcript that was altered anywhere stops replaying right there.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak
from pydantic import with_config

from fedmerit.chain.jsonfile import STRICT, Bytes, Count, Hash, dump, load


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One transaction, alone in its block.

    Attributes:
        raw: The signed transaction, hex.
        timestamp: Unix seconds of its block.
        block: Hash of its block, hex; it binds everything before it too.

    """

    raw: Bytes
    timestamp: Count
    block: Hash


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Everything that made an embedded chain what it is.

    Attributes:
        chain_id: The embedded chain's number.
        genesis: Unix seconds of the genesis block.
        entries: The transactions, in order.

    """

    chain_id: Count
    genesis: Count
    entries: tuple[Entry, ...]

    @property
    def hashes(self) -> tuple[str, ...]:
        """The transactions' hashes, in order."""
        raws = (bytes.fromhex(entry.raw[2:]) for entry in self.entries)
        return tuple(f"0x{keccak(raw).hex()}" for raw in raws)

    def to_json(self) -> str:
        """Write the transcript as JSON."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> Transcript:
        """Read what :meth:`to_json` wrote.

        Raises:
            ChainError: It is not a transcript; the message says where.

        """
        return load(cls, text)
