"""A connection to an EVM node: signs here, sends raw transactions, waits for receipts.

:class:`Node` speaks to any node over HTTP; the in-process chain of
:mod:`fedmerit.chain.node.embedded` is the same thing with its own clock. No key ever leaves
this process, and keys that everybody knows are refused outside local chains.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from eth_utils.address import to_checksum_address

from fedmerit.chain.node.endpoint import Endpoint
from fedmerit.chain.node.outbox import Outbox
from fedmerit.errors import ChainError, Unreachable, WrongChain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from web3 import Web3

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.transaction import Call, Mined

POLL_SECONDS: Final = 4.0
RETRY_SECONDS: Final = 0.25
#: Blocks on top of the last transaction before a settlement is read back, off local chains.
CONFIRMATIONS: Final = 3


class Node(Endpoint):
    """An EVM node, reached over JSON-RPC: what it shows, and what can be done there."""

    def __init__(self, web3: Web3, url: str) -> None:
        super().__init__(web3, url)
        self._outbox = Outbox(self)

    def nonce(self, address: str) -> int:
        """Give the number of the next transaction that *address* sends."""
        return self._outbox.nonce(to_checksum_address(address))

    # -- acting

    def send(self, call: Call, signer: Signer) -> Mined:
        """Sign *call* as *signer*, send it and wait until it is mined.

        Raises:
            Reverted: The contract refused.
            InsufficientFunds: *signer* cannot pay for it; nothing was sent.
            NotMined: It waits, whatever was offered for it.
            ChainMoved: Another transaction took its place.
            ChainError: The node refused, or *signer*'s key is public and this is no local chain.
            Unreachable: The node went away.

        """
        return next(self.send_each([(call, signer)]))

    def send_each(self, calls: Iterable[tuple[Call, Signer]]) -> Iterator[Mined]:
        """Send every call as its signer, and give each as it is mined; raises as :meth:`send`.

        Where blocks take their time, all are on their way before the first is waited for.
        One signer's calls are mined in their order; they must need the same gas, since the
        first is estimated for all: the later ones may depend on it. Calls of different
        signers may be mined in any order.
        """
        every = tuple(calls)
        # Anvil loses receipts and hangs when it is sent many while it mines each at once.
        together = len(every) > 1 and not self.mines_at_once
        for batch in [every] if together else [(one,) for one in every]:
            yield from self._outbox.send(batch)

    def await_pending(self, addresses: Iterable[str]) -> None:
        """Wait until nothing waits that *addresses* sent, and count on from what is mined.

        What a process left waiting when it died is mined meanwhile. If it is not, whatever
        is sent next takes its number: it is taken up or replaced, and never doubled.
        """
        self._outbox.await_pending(map(to_checksum_address, addresses))

    @cached_property
    def mines_at_once(self) -> bool:
        """Whether the node mines every transaction as it comes; asked once."""
        with suppress(ChainError), self.translated():
            return bool(self._request("anvil_getAutomine"))
        return False

    # -- patience

    def await_answer(self, seconds: float) -> None:
        """Return when the node answers, which it may take so many *seconds* to do.

        Raises:
            Unreachable: It does not.
            WrongChain: A node of another chain answers in its place.

        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                with self.translated():
                    found = int(self.web3.eth.chain_id)
                break
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
        if found != self.chain_id:
            raise WrongChain(expected=self.chain_id, found=found)

    def await_burial(self, block: int) -> None:
        """Return when *block* lies deep enough that it will hardly be replaced any more."""
        if not self.development:
            while self.height() < block + CONFIRMATIONS:
                time.sleep(POLL_SECONDS)

    def advance(self, seconds: int) -> None:
        """Let *seconds* pass on the chain; see :meth:`wait_until`."""
        self.wait_until(self.now() + seconds)

    def wait_until(self, timestamp: int) -> None:
        """Return when the chain's time is *timestamp* or later.

        A local node is moved there (``evm_increaseTime``); on any other chain this waits
        as long as it takes, block by block.
        """
        if self.now() < timestamp and self.development:
            # A local node of a kind that cannot travel refuses: then wait.
            with suppress(ChainError), self.translated():
                # Its clock has run on since its latest block, however long ago that was.
                self._request("evm_mine")
                if (missing := timestamp - self.now()) > 0:
                    self._request("evm_increaseTime", missing)
                    self._request("evm_mine")
        while self.now() < timestamp:
            time.sleep(POLL_SECONDS)
