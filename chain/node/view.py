"""What an EVM node shows: calls, balances, logs, receipts and blocks, and nothing sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from eth_typing import BlockNumber, HexStr
from eth_utils.address import to_checksum_address

from fedmerit.chain.node.reverts import translated
from fedmerit.chain.node.transaction import Fees, Mined
from fedmerit.contracts import artifact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from web3 import Web3
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import FilterParams, LogReceipt, TxData, TxParams, TxReceipt

#: Blocks whose logs public nodes search at once.
SPAN_BLOCKS: Final = 10_000


class View:
    """An EVM node, read over JSON-RPC.

    Attributes:
        web3: The connection itself, for what this class does not offer.
        chain_id: The chain's number.
        url: Where the node is, without anything secret in it.

    """

    def __init__(self, web3: Web3, url: str) -> None:
        self._kinds: dict[str, type[Contract]] = {}
        self.web3 = web3
        self.url = url
        with self.translated():
            self.chain_id = int(web3.eth.chain_id)

    def translated(self) -> AbstractContextManager[None]:
        """Turn what web3 raises inside a ``with`` into this package's errors."""
        return translated(self.url)

    def contract(self, name: str, address: str) -> Contract:
        """Give web3's handle of contract *name* at *address*."""
        if name not in self._kinds:
            self._kinds[name] = self.web3.eth.contract(abi=list(artifact(name).abi))
        return self._kinds[name](to_checksum_address(address))

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

    def _asking(self) -> TxParams:
        return {}
