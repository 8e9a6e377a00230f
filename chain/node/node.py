"""A connection to an EVM node: signs here, sends raw transactions, waits for receipts.

:class:`Node` speaks to any node over HTTP; the in-process chain of
:mod:`fedmerit.chain.node.embedded` is the same thing with its own clock. No key ever leaves
this process, and keys that everybody knows are refused outside local chains.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from eth_utils.address import to_checksum_address

from fedmerit.chain.node.endpoint import Endpoint
from fedmerit.chain.node.outbox import Outbox
from fedmerit.errors import BadAnswer, NoBlocks, NodeError, NodeRefused, WrongChain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from web3 import Web3

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.transaction import Call, Mined

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 4.0
RETRY_SECONDS: Final = 0.25
#: How long a node may be away while something is waited for, and a chain make no block.
OUTAGE_SECONDS: Final = 60.0
STILL_SECONDS: Final = 300.0
#: How often a local clock is moved by what is missing: answers may get lost.
_MOVES: Final = 8
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
        with suppress(NodeRefused, BadAnswer), self.translated():
            return bool(self._request("anvil_getAutomine"))
        return False

    # -- patience

    def await_answer(self, seconds: float) -> None:
        """Return when the node answers, which it may take so many *seconds* to do.

        Raises:
            NodeError: It does not.
            WrongChain: A node of another chain answers in its place.

        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                with self.translated():
                    found = int(self.web3.eth.chain_id)
                break
            except NodeError as error:
                if not error.passing or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
        if found != self.chain_id:
            raise WrongChain(expected=self.chain_id, found=found)

    def await_burial(self, block: int) -> None:
        """Return when *block* lies deep enough that it will hardly be replaced any more."""
        if not self.development:
            deep = block + CONFIRMATIONS
            self._await(lambda: self.height() >= deep, f"block {deep}")

    def advance(self, seconds: int) -> None:
        """Let *seconds* pass on the chain; see :meth:`wait_until`."""
        self.wait_until(self.now() + seconds)

    def wait_until(self, timestamp: int) -> None:
        """Return when the chain's time is *timestamp* or later.

        A local node is moved there (``evm_increaseTime``); on any other chain this waits
        as long as it takes, block by block.

        Raises:
            NoBlocks: Our clock has passed it, and the chain's stands still.

        """
        if self.now() < timestamp and not (self.development and self._moved_to(timestamp)):
            clock = datetime.fromtimestamp(timestamp, UTC)
            what = f"{clock:%Y-%m-%d %H:%M:%S} UTC on the chain's clock"
            self._await(lambda: self.now() >= timestamp, what, until=timestamp)

    def _moved_to(self, timestamp: int) -> bool:
        """Move a local node's clock; say whether it is of a kind that can be moved."""
        for _ in range(_MOVES):
            try:
                with self.translated():
                    # Its clock has run on since its latest block, however long ago that was.
                    self._request("evm_mine")
                    if (missing := timestamp - self.now()) > 0:
                        self._request("evm_increaseTime", missing)
                        self._request("evm_mine")
            except NodeRefused:
                return False
            except NodeError as error:  # what of it was done is found out by the clock
                log.debug("%s: looking at the clock again", error)
                self.await_answer(OUTAGE_SECONDS)
            if self.now() >= timestamp:
                return True
        return False

    def _await(self, reached: Callable[[], bool], what: str, *, until: float = 0) -> None:
        """Return when *reached* says so, however often the node goes away for a minute.

        Args:
            reached: Asks the node.
            what: What is waited for.
            until: Unix seconds before which the chain may stand still.

        Raises:
            NodeError: The node stays away.
            NoBlocks: The chain makes no blocks in which it could happen.

        """
        height, seen = -1, time.time()
        while True:
            try:
                if reached():
                    return
                now, latest = time.time(), self.height()
            except NodeError as error:
                log.info("%s: waiting for it to come back", error)
                self.await_answer(OUTAGE_SECONDS)
                continue
            if height < 0:
                left = f", {until - now:.0f} seconds from now" if until > now else ""
                log.info("waiting for %s%s", what, left)
            if latest != height:
                height, seen = latest, now
            elif now - max(seen, until) > STILL_SECONDS:
                raise NoBlocks(self.url, height=height, seconds=now - seen, what=what)
            time.sleep(POLL_SECONDS)
