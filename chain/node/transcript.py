"""What was sent to an embedded chain, and how to build the same chain again.

The chain lives in memory; its transcript travels with the evidence. Every entry names
the block it became, so a transcript that was altered anywhere stops replaying right there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak
from pydantic import with_config

from fedmerit.chain.jsonfile import STRICT, Bytes, Count, Hash, dump, load
from fedmerit.errors import ChainError, WrongChain

if TYPE_CHECKING:
    from fedmerit.chain.node.embedded import EmbeddedNode


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


def replay(transcript: Transcript) -> EmbeddedNode:
    """Build the chain of *transcript* again, on a fresh embedded node.

    Raises:
        WrongChain: It is not an embedded chain's.
        ChainError: An entry is not what was sent; the message names it, counting from 0.

    """
    # Here, not above: loading the EVM takes a second that reading a file need not wait for.
    from fedmerit.chain.node.embedded import EmbeddedNode  # noqa: PLC0415
    from fedmerit.chain.node.node import EMBEDDED_CHAIN  # noqa: PLC0415

    if transcript.chain_id != EMBEDDED_CHAIN:
        raise WrongChain(expected=transcript.chain_id, found=EMBEDDED_CHAIN)
    node = EmbeddedNode(transcript.genesis)
    for position, entry in enumerate(transcript.entries):
        try:
            node.redo(entry)
        except Exception as error:
            # Bytes that are no transaction end in whichever exception the decoder met first.
            raise ChainError(
                f"transcript entry {position} is not what was sent: {error}",
                hint="The file was altered, or is of another version; the evidence is void.",
            ) from error
    return node
