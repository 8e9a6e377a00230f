"""Whether contracts on a chain run the code that this version ships.

What runs is the end of what created it, but for the words that the constructor filled in. Each
of these is a contract that it was built with, or belongs to its signed messages (EIP-712); so a
look at the chain suffices, whoever created it and however.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from fedmerit.chain.clients import Arbiter, CreditToken, JobVault, Reports
from fedmerit.contracts import artifact

if TYPE_CHECKING:
    from fedmerit.chain.clients.base import Client
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.settlement.deployment import Contracts

#: How contracts name themselves in what is signed for them; all are of version 1.
_SIGNED_FOR: Final = {
    Arbiter.NAME: b"fedmerit arbiter",
    CreditToken.NAME: b"fedmerit credit",
    Reports.NAME: b"fedmerit",
}
_VERSION: Final = b"1"
_DOMAIN: Final = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_PUSH: Final = 0x7F  # puts the 32 bytes that follow on the stack
_EMPTY: Final = bytes(32)


def other_code(node: Node, contracts: Contracts) -> tuple[str, ...]:
    """Name those of *contracts* that run other code than ours, or were built with others."""
    return tuple(c.NAME for c in contracts if not _words(node, c) <= _expected(node, contracts, c))


def _words(node: Node, client: Client) -> set[bytes]:
    """Give the words that the constructor filled in; all the code, as one, if it is not ours."""
    code, sent = node.code(client.address), bytes.fromhex(artifact(client.NAME).bytecode[2:])
    ours, place, found = sent[-len(code) :] if code else b"", 0, set()
    if len(ours) != len(code) or not code:
        return {code}
    while place < len(code):
        if code[place] != ours[place]:
            return {code}
        place += 1
        if code[place - 1] == _PUSH and ours[place : place + 32] == _EMPTY:
            found.add(code[place : place + 32])
            place += 32
    return found


def _expected(node: Node, contracts: Contracts, client: Client) -> set[bytes]:
    known = contracts.known
    built: set[str] = {known[getter].address for getter in client.WIRES}
    if client.NAME == JobVault.NAME:
        built.add(client.wired("GUARDIAN"))  # whoever deployed it; may stop it, and takes nothing
    words = {encode(("address",), (address,)) for address in built}
    if (name := _SIGNED_FOR.get(client.NAME)) is not None:
        words |= _signing(name, node.chain_id, client.address)
    return words


def _signing(name: bytes, chain_id: int, address: str) -> set[bytes]:
    """Give what EIP-712 keeps of a contract: its names, digests, chain, address and domain."""
    digests = keccak(name), keccak(_VERSION)
    domain = ("bytes32", "bytes32", "bytes32", "uint256", "address")
    return {
        *digests,
        *(text.ljust(31, b"\0") + bytes([len(text)]) for text in (name, _VERSION)),
        encode(("uint256",), (chain_id,)),
        encode(("address",), (address,)),
        keccak(encode(domain, (_DOMAIN, *digests, chain_id, address))),
    }
