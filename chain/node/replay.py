"""Build an embedded chain again from its transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN
from fedmerit.errors import ChainError, WrongChain

if TYPE_CHECKING:
    from fedmerit.chain.node.embedded import EmbeddedNode
    from fedmerit.chain.node.transcript import Transcript


def replay(transcript: Transcript) -> EmbeddedNode:
    """Build the chain of *transcript* again, on a fresh embedded node.

    Raises:
        WrongChain: It is not an embedded chain's.
        ChainError: An entry is not what was sent; the message names it, counting from 0.

    """
    # Here, not above: loading the EVM takes a second that reading a file need not wait for.
    from fedmerit.chain.node.embedded import EmbeddedNode  # noqa: PLC0415

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
