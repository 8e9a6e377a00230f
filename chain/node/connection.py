"""Find a node: the one at an address, or the embedded chain."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit

from web3 import HTTPProvider, Web3

from fedmerit.chain.node.node import Node
from fedmerit.errors import Unreachable, WrongChain

REQUEST_SECONDS: Final = 20


def connect(
    rpc: str | None = None, *, chain_id: int | None = None, started: int | None = None
) -> Node:
    """Connect to the node at *rpc*, or start an embedded chain where there is none.

    Args:
        rpc: An http(s) address; None for the embedded chain.
        chain_id: The chain it must be; None accepts any.
        started: Unix seconds of the embedded chain's genesis; now if None.

    Raises:
        Unreachable: Nobody answers at *rpc*.
        WrongChain: The node is of another chain than *chain_id*.

    """
    node = _embedded(started) if rpc is None else _remote(rpc)
    if chain_id is not None and node.chain_id != chain_id:
        raise WrongChain(expected=chain_id, found=node.chain_id)
    return node


def _embedded(started: int | None) -> Node:
    from fedmerit.chain.node.embedded import EmbeddedNode  # noqa: PLC0415 - the EVM loads slowly

    return EmbeddedNode(int(time.time()) if started is None else started)


def _remote(rpc: str) -> Node:
    parts = urlsplit(rpc)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unreachable(rpc, why="it is not an http(s) address")
    # Providers put access keys into the path: an error shows the host alone.
    shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    provider = HTTPProvider(rpc, request_kwargs={"timeout": REQUEST_SECONDS})
    return Node(Web3(provider), shown)
