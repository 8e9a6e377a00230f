"""What an EVM node shows: calls, balances, logs, receipts and blocks, and nothing sent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from eth_typing import BlockNumber, HexStr
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from fedmerit.chain.node.reverts import translated
from fedmerit.chain.node.spans import Span
from fedmerit.chain.node.transaction import Mined
from fedmerit.contracts import artifact
from fedmerit.errors import BadAnswer, NodeRefused, TooSlow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from web3 import Web3
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import FilterParams, LogReceipt, TxData, TxParams, TxReceipt

#: What a search finds.
T = TypeVar("T")


class View:
    """An EVM node, read over JSON-RPC.

    Attributes:
        web3: The connection itself, for what this class does not offer.
        chain_id: The chain's number.
        url: Where the node is, without anything secret in it.

    """

    #: Whether the node is another program, which may answer anything at all.
    remote = True

    def __init__(self, web3: Web3, url: str) -> None:
        self._kinds: dict[str, type[Contract]] = {}
        self.web3 = web3
        self.url = url
        self._span = Span()
        self._at: int | None = None
        with self.translated():
            self.chain_id = int(web3.eth.chain_id)

    def translated(self) -> AbstractContextManager[None]:
        """Turn what web3 raises inside a ``with`` into this package's errors."""
        return translated(self.url, remote=self.remote)

    def contract(self, name: str, address: str) -> Contract:
        """Give web3's handle of contract *name* at *address*."""
        if name not in self._kinds:
            self._kinds[name] = self.web3.eth.contract(abi=list(artifact(name).abi))
        return self._kinds[name](to_checksum_address(address))

    def call(self, function: ContractFunction) -> Any:  # noqa: ANN401 - the ABI decides
        """Ask a view *function*; a revert becomes a :class:`~fedmerit.errors.Reverted`."""
        with self.translated():
            if self._at is None:
                return function.call(self._asking())
            return function.call(self._asking(), block_identifier=BlockNumber(self._at))

    @contextmanager
    def looking_back(self, block: int) -> Iterator[None]:
        """Let every :meth:`call` be answered as of *block*; few nodes keep what is long past."""
        before, self._at = self._at, block
        try:
            yield
        finally:
            self._at = before

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

        def shown(first: int, last: int) -> list[LogReceipt]:
            span: FilterParams = {"fromBlock": BlockNumber(first), "toBlock": BlockNumber(last)}
            return self.web3.eth.get_logs({**wanted, **span})

        return self.search(shown, first_block)

    def search(self, shown: Callable[[int, int], Iterable[T]], first_block: int) -> list[T]:
        """Give what *shown* finds from *first_block* to the latest, in ranges that the node takes.

        Args:
            shown: Searches the blocks from one number up to another; raises what web3 raises.
            first_block: Where to begin.

        Raises:
            SearchCutShort: The node shows nothing of a block, so the search is not complete.

        """
        found: list[T] = []
        first, last = first_block, self.height()
        while first <= last:
            end = min(first + self._span.blocks - 1, last)
            try:
                with self.translated():
                    found += shown(first, end)
            except (NodeRefused, BadAnswer, TooSlow) as error:
                if isinstance(error, BadAnswer) and error.passing:
                    raise  # the range is not what it minds
                self._span.narrow(error, self.url, begun=first_block, first=first, last=end)
            else:
                self._span.widen()
                first = end + 1
        return found

    def look_up(self, transaction: str) -> tuple[Mined, bytes]:
        """Give what became of the transaction of this hash, and the data that it sent."""
        with self.translated():
            receipt = self.web3.eth.get_transaction_receipt(HexStr(transaction))
            sent = self.web3.eth.get_transaction(HexStr(transaction))
            return self.mined(receipt), bytes(sent["input"])

    def lists(self, block: int, transaction: str) -> bool:
        """Say whether the block of this number has a *transaction* of this hash."""
        with self.translated():
            hashes = self.web3.eth.get_block(block)["transactions"]
            return transaction in {HexBytes(cast("bytes", sent)).to_0x_hex() for sent in hashes}

    def now(self) -> int:
        """Give the chain's time, in Unix seconds."""
        with self.translated():
            return int(self.web3.eth.get_block("latest")["timestamp"])

    def height(self) -> int:
        """Give the number of the latest block."""
        with self.translated():
            return int(self.web3.eth.block_number)

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
