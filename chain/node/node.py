"""A connection to an EVM node: signs here, sends raw transactions, waits for receipts.

:class:`Node` speaks to any node over HTTP; the in-process chain of
:mod:`fedmerit.chain.node.embedded` is the same thing with its own clock. No key ever leaves
this process, and keys that everybody knows are refused outside local chains.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.types import RPCEndpoint

from fedmerit.chain.node.outbox import Outbox
from fedmerit.chain.node.view import View
from fedmerit.errors import ChainError, Unreachable, WrongChain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from web3 import Web3
    from web3.types import TxParams, TxReceipt

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.transaction import Call, Mined

#: The chain id that eth-tester answers, and the two that local nodes use.
EMBEDDED_CHAIN: Final = 131277322940537
DEVELOPMENT_CHAINS: Final = frozenset({31337, 1337, EMBEDDED_CHAIN})

POLL_SECONDS: Final = 4.0
RETRY_SECONDS: Final = 0.25
#: Blocks on top of the last transaction before a settlement is read back, off local chains.
CONFIRMATIONS: Final = 3


class Node(View):
    """An EVM node, reached over JSON-RPC: what it shows, and what can be done there."""

    def __init__(self, web3: Web3, url: str) -> None:
        super().__init__(web3, url)
        self._outbox = Outbox(self)

    @property
    def development(self) -> bool:
        """Whether this is a local chain, where well-known keys do no harm."""
        return self.chain_id in DEVELOPMENT_CHAINS

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

    def settle_down(self, addresses: Iterable[str]) -> None:
        """Wait until nothing waits that *addresses* sent, and count on from what is mined.

        What a process left waiting when it died is mined meanwhile. If it is not, whatever
        is sent next takes its number: it is taken up or replaced, and never doubled.
        """
        self._outbox.settle_down(map(to_checksum_address, addresses))

    @cached_property
    def mines_at_once(self) -> bool:
        """Whether the node mines every transaction as it comes; asked once."""
        with suppress(ChainError), self.translated():
            return bool(self._request("anvil_getAutomine"))
        return False

    def estimate(self, transaction: TxParams) -> int:
        """Give the gas to send *transaction* with, a quarter to spare; raises what web3 raises.

        A call that would revert does so here, unpaid.
        """
        return self.web3.eth.estimate_gas(_bare(transaction)) * 5 // 4

    def deliver(self, raw: bytes) -> None:
        """Give the node a signed transaction; raises what web3 raises."""
        self.web3.eth.send_raw_transaction(HexBytes(raw))

    def waiting(self, sender: str, nonce: int) -> Mapping[str, Any] | None:
        """Give *sender*'s transaction of this number that is not mined, as the node tells it.

        None if there is none, or the node does not show what waits.
        """
        with suppress(ChainError), self.translated():
            found = self._request("eth_getTransactionBySenderAndNonce", sender, hex(nonce))
            return cast("Mapping[str, Any] | None", found)
        return None

    def explain(self, transaction: TxParams, receipt: TxReceipt) -> None:
        """Call what was mined as failed once more, for the reason that receipts leave out."""
        self.web3.eth.call(_bare(transaction), receipt["blockNumber"])
        raise ChainError(
            f"transaction {receipt['transactionHash'].to_0x_hex()} failed, and no reason is known"
        )

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

    def _request(self, method: str, *parameters: object) -> Any:  # noqa: ANN401 - the node decides
        return self.web3.manager.request_blocking(RPCEndpoint(method), list(parameters))


def _bare(transaction: TxParams) -> TxParams:
    """Leave out gas, fees and nonce, so that a node looks at what the call does alone."""
    wanted = {"from", "to", "data", "value"}
    kept = {key: value for key, value in transaction.items() if key in wanted and value}
    return cast("TxParams", kept)
