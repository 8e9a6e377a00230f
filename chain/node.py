"""A connection to an EVM node: signs here, sends raw transactions, waits for receipts.

:class:`Node` speaks to any node over HTTP; the in-process chain of
:mod:`fedmerit.chain.embedded` is the same thing with its own clock. No key ever leaves
this process, and keys that everybody knows are refused outside local chains.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from eth_typing import BlockNumber, HexStr
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.types import RPCEndpoint, TxParams

from fedmerit.chain.outbox import Outbox
from fedmerit.chain.reverts import translated
from fedmerit.chain.transaction import Fees, Mined
from fedmerit.contracts import artifact
from fedmerit.errors import ChainError, Unreachable, WrongChain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from web3 import Web3
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import FilterParams, LogReceipt, TxData, TxReceipt

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.transaction import Call

#: The chain id that eth-tester answers, and the two that local nodes use.
EMBEDDED_CHAIN: Final = 131277322940537
DEVELOPMENT_CHAINS: Final = frozenset({31337, 1337, EMBEDDED_CHAIN})

POLL_SECONDS: Final = 4.0
RETRY_SECONDS: Final = 0.25
#: Blocks on top of the last transaction before a settlement is read back, off local chains.
CONFIRMATIONS: Final = 3
SPAN_BLOCKS: Final = 10_000


class Node:
    """An EVM node, reached over JSON-RPC.

    Attributes:
        web3: The connection itself, for what this class does not offer.
        chain_id: The chain's number.
        url: Where the node is, without anything secret in it.

    """

    def __init__(self, web3: Web3, url: str) -> None:
        self.web3 = web3
        self.url = url
        self._outbox = Outbox(self)
        with self.translated():
            self.chain_id = int(web3.eth.chain_id)

    @property
    def development(self) -> bool:
        """Whether this is a local chain, where well-known keys do no harm."""
        return self.chain_id in DEVELOPMENT_CHAINS

    def translated(self) -> AbstractContextManager[None]:
        """Turn what web3 raises inside a ``with`` into this package's errors."""
        return translated(self.url)

    # -- reading

    def contract(self, name: str, address: str) -> Contract:
        """Give web3's handle of contract *name* at *address*."""
        return self.web3.eth.contract(to_checksum_address(address), abi=list(artifact(name).abi))

    def call(self, function: ContractFunction) -> Any:  # noqa: ANN401 - the ABI decides
        """Ask a view *function*; a revert becomes a :class:`~fedmerit.errors.Reverted`."""
        with self.translated():
            return function.call(self._asking())

    def balance(self, address: str) -> int:
        """Wei that *address* holds."""
        with self.translated():
            return int(self.web3.eth.get_balance(to_checksum_address(address)))

    def has_code(self, address: str) -> bool:
        """Say whether there is a contract at *address*."""
        return bool(self.code(address))

    def code(self, address: str) -> bytes:
        """Give what runs at *address*; nothing if that is no contract."""
        with self.translated():
            return bytes(self.web3.eth.get_code(to_checksum_address(address)))

    def receipt(self, transaction: str) -> TxReceipt:
        """Give web3's receipt of a mined *transaction*."""
        with self.translated():
            return self.web3.eth.get_transaction_receipt(cast("HexStr", transaction))

    def transaction(self, transaction: str) -> TxData:
        """Give a mined *transaction* as it was sent."""
        with self.translated():
            return self.web3.eth.get_transaction(cast("HexStr", transaction))

    def logs(
        self, addresses: Sequence[str] | None, job: int | None, first_block: int
    ) -> list[LogReceipt]:
        """Give the logs of *job* that contracts at *addresses* wrote since *first_block*.

        All our events carry the job's number as their first indexed argument. None stands
        for any address, or for any job.
        """
        wanted: FilterParams = {}
        if addresses is not None:
            wanted["address"] = [to_checksum_address(address) for address in addresses]
        if job is not None:
            wanted["topics"] = [None, cast("HexStr", f"0x{job:064x}")]
        found: list[LogReceipt] = []
        for first, last in self.spans(first_block):
            span: FilterParams = {"fromBlock": BlockNumber(first), "toBlock": BlockNumber(last)}
            with self.translated():
                found += self.web3.eth.get_logs({**wanted, **span})
        return found

    def nonce(self, address: str) -> int:
        """Give the number of the next transaction that *address* sends."""
        return self._outbox.nonce(to_checksum_address(address))

    def look_up(self, transaction: str) -> tuple[Mined, bytes]:
        """Give what became of the transaction of this hash, and the data that it sent."""
        with self.translated():
            receipt = self.web3.eth.get_transaction_receipt(HexStr(transaction))
            sent = self.web3.eth.get_transaction(HexStr(transaction))
        return self.mined(receipt), bytes(sent["input"])

    def now(self) -> int:
        """Give the chain's time, in Unix seconds."""
        with self.translated():
            return int(self.web3.eth.get_block("latest")["timestamp"])

    def fees(self) -> Fees:
        """Give what a transaction should offer now: room for the base fee to double."""
        with self.translated():
            base = int(self.web3.eth.get_block("latest").get("baseFeePerGas", 0))
            priority = int(self.web3.eth.max_priority_fee)
        return Fees(2 * base + priority, priority)

    def height(self) -> int:
        """Give the number of the latest block."""
        with self.translated():
            return int(self.web3.eth.block_number)

    def spans(self, first: int) -> Iterator[tuple[int, int]]:
        """Give the blocks from *first* on in ranges that public nodes search for logs."""
        last = self.height()
        for start in range(first, last + 1, SPAN_BLOCKS):
            yield start, min(start + SPAN_BLOCKS - 1, last)

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

    def mined(self, receipt: TxReceipt) -> Mined:
        """Give the part of *receipt* that settlements keep."""
        with self.translated():
            block = self.web3.eth.get_block(receipt["blockNumber"])
        return Mined(
            hash=receipt["transactionHash"].to_0x_hex(),
            sender=str(receipt["from"]),
            block=int(receipt["blockNumber"]),
            timestamp=int(block["timestamp"]),
            gas=int(receipt["gasUsed"]),
            contract=receipt.get("contractAddress"),
        )

    def explain(self, transaction: TxParams, receipt: TxReceipt) -> None:
        """Call what was mined as failed once more, for the reason that receipts leave out."""
        self.web3.eth.call(_bare(transaction), receipt["blockNumber"])
        raise ChainError(
            f"transaction {receipt['transactionHash'].to_0x_hex()} failed, and no reason is known"
        )

    def _asking(self) -> TxParams:
        return {}

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
        missing = timestamp - self.now()
        if missing > 0 and self.development:
            # A local node of a kind that cannot travel refuses: then wait.
            with suppress(ChainError), self.translated():
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
