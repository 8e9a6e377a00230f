"""Find a node: the one at an address, or the embedded chain."""

from __future__ import annotations

import time

from web3 import Web3
from web3.middleware import ExtraDataToPOAMiddleware

from fedmerit.chain.node.address import Address
from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN
from fedmerit.chain.node.node import Node
from fedmerit.chain.node.provider import PatientProvider
from fedmerit.errors import WrongChain


def connect(
    rpc: str | None = None, *, chain_id: int | None = None, started: int | None = None
) -> Node:
    """Connect to the node at *rpc*, or start an embedded chain where there is none.

    Args:
        rpc: An http(s) address; None for the embedded chain.
        chain_id: The chain it must be; None accepts any.
        started: Unix seconds of the embedded chain's genesis; now if None.

    Raises:
        NodeError: No node answers at *rpc*, or not as nodes do.
        WrongChain: The node is of another chain than *chain_id*.

    """
    node = _embedded(started) if rpc is None else _remote(rpc)
    if chain_id is not None and node.chain_id != chain_id:
        # That chain is in no node: whoever asks for it holds the transactions that build it.
        hint = "Leave --rpc out: that is the embedded chain." if chain_id == EMBEDDED_CHAIN else ""
        raise WrongChain(expected=chain_id, found=node.chain_id, hint=hint)
    return node


def _embedded(started: int | None) -> Node:
    from fedmerit.chain.node.embedded import EmbeddedNode  # noqa: PLC0415 - the EVM loads slowly

    return EmbeddedNode(int(time.time()) if started is None else started)


def _remote(rpc: str) -> Node:
    address = Address.of(rpc)
    provider = PatientProvider(address)
    web3 = Web3(provider)
    # Chains whose validators sign their blocks (Clique, BSC, Polygon) have long extra data.
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    node = Node(web3, address.shown)
    provider.chain_id = node.chain_id  # from here on it is asked with more patience
    return node
