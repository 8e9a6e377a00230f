"""A connection to an EVM node: signs here, sends raw transactions, waits for receipts.

:class:`Node` speaks to any node over HTTP; the in-process chain of
:mod:`fedmerit.chain.embedded` is the same thing with its own clock. No key ever leaves
this process, and keys that everybody knows are refused outside local chains.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any, Final, cast

from eth_typing import BlockNumber, HexStr
from eth_utils.address import to_checksum_address
from web3.types import RPCEndpoint, TxParams, Wei

from fedmerit.chain.reverts import translated
from fedmerit.chain.transaction import Fees, Mined
from fedmerit.contracts import artifact
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hexbytes import HexBytes
    from web3 import Web3
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import LogReceipt, TxData, TxReceipt

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.transaction import Call

#: The chain id that eth-tester answers, and the two that local nodes use.
EMBEDDED_CHAIN: Final = 131277322940537
DEVELOPMENT_CHAINS: Final = frozenset({31337, 1337, EMBEDDED_CHAIN})

RECEIPT_SECONDS: Final = 180
POLL_SECONDS: Final = 4.0
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
        self._nonces: dict[str, int] = {}
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
        with self.translated():
            return bool(self.web3.eth.get_code(to_checksum_address(address)))

    def receipt(self, transaction: str) -> TxReceipt:
        """Give web3's receipt of a mined *transaction*."""
        with self.translated():
            return self.web3.eth.get_transaction_receipt(cast("HexStr", transaction))

    def transaction(self, transaction: str) -> TxData:
        """Give a mined *transaction* as it was sent."""
        with self.translated():
            return self.web3.eth.get_transaction(cast("HexStr", transaction))

    def logs(self, addresses: Sequence[str], job: int, first_block: int) -> list[LogReceipt]:
        """Give the logs of *job* that contracts at *addresses* wrote since *first_block*.

        All our events carry the job's number as their first indexed argument.
        """
        topic = cast("HexStr", f"0x{job:064x}")
        found: list[LogReceipt] = []
        for first, last in self.spans(first_block):
            with self.translated():
                found += self.web3.eth.get_logs(
                    {
                        "address": [to_checksum_address(address) for address in addresses],
                        "topics": [None, topic],
                        "fromBlock": BlockNumber(first),
                        "toBlock": BlockNumber(last),
                    }
                )
        return found

    def nonce(self, address: str) -> int:
        """Give the number of the next transaction that *address* sends."""
        if address not in self._nonces:
            checked = to_checksum_address(address)
            with self.translated():
                self._nonces[address] = int(self.web3.eth.get_transaction_count(checked, "pending"))
        return self._nonces[address]

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
            ChainError: The node refused, or *signer*'s key is public and this is no local chain.
            Unreachable: The node went away.

        """
        if signer.development and not self.development:
            raise ChainError(
                f"the key of {signer.role!r} is a development key that anybody can derive, "
                f"and chain {self.chain_id} is not a local one",
                hint="Give real keys: a keystore directory, or environment variables.",
            )
        try:
            with self.translated():
                return self._submit(call, signer)
        except ChainError:
            self._nonces.pop(signer.address, None)  # ask the chain again next time
            raise

    def _submit(self, call: Call, signer: Signer) -> Mined:
        fees = self.fees()
        transaction = call.build_transaction(
            {
                "from": signer.address,
                "chainId": self.chain_id,
                "nonce": cast("Any", self.nonce(signer.address)),
                "maxFeePerGas": Wei(fees.maximum),
                "maxPriorityFeePerGas": Wei(fees.priority),
                "value": Wei(0),
                "gas": 0,
            }
        )
        transaction["gas"] = self._gas(transaction)
        sent = self._deliver(signer.sign_transaction(transaction))
        self._nonces[signer.address] += 1
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, timeout=RECEIPT_SECONDS)
        if receipt["status"] == 0:
            self._explain(transaction, receipt)
        return self.mined(receipt)

    def _gas(self, transaction: TxParams) -> int:
        """Estimate, with a quarter to spare; a call that would revert does so here, unpaid."""
        return self.web3.eth.estimate_gas(_bare(transaction)) * 5 // 4

    def _deliver(self, raw: bytes) -> HexBytes:
        return self.web3.eth.send_raw_transaction(raw)

    def mined(self, receipt: TxReceipt) -> Mined:
        """Give the part of *receipt* that settlements keep."""
        return Mined(
            hash=receipt["transactionHash"].to_0x_hex(),
            sender=str(receipt["from"]),
            block=int(receipt["blockNumber"]),
            timestamp=int(self.web3.eth.get_block(receipt["blockNumber"])["timestamp"]),
            gas=int(receipt["gasUsed"]),
            contract=receipt.get("contractAddress"),
        )

    def _explain(self, transaction: TxParams, receipt: TxReceipt) -> None:
        """Call what was mined as failed once more, for the reason that receipts leave out."""
        self.web3.eth.call(_bare(transaction), receipt["blockNumber"])
        raise ChainError(
            f"transaction {receipt['transactionHash'].to_0x_hex()} failed, and no reason is known"
        )

    def _asking(self) -> TxParams:
        return {}

    # -- time

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

    def _request(self, method: str, *parameters: int) -> None:
        self.web3.manager.request_blocking(RPCEndpoint(method), list(parameters))


def _bare(transaction: TxParams) -> TxParams:
    """Leave out gas, fees and nonce, so that a node looks at what the call does alone."""
    wanted = {"from", "to", "data", "value"}
    kept = {key: value for key, value in transaction.items() if key in wanted and value}
    return cast("TxParams", kept)
