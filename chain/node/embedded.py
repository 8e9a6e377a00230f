"""The embedded chain: eth-tester on py-evm, in this process, with a clock of its own.

Nothing in it depends on when or where it runs: genesis has the given time, every block
is a second after the last unless moved, and ``prevrandao`` is derived from the block's
number. The same signed transactions at the same times therefore give the same blocks,
hash for hash, which is what makes a :class:`~fedmerit.chain.node.transcript.Transcript` proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eth.exceptions import TransactionNotFound as UnknownTransaction
from eth.vm.forks.prague import PragueVM
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.backends.pyevm.serializers import (
    serialize_transaction,
    serialize_transaction_receipt,
)
from eth_tester.exceptions import TransactionNotFound
from eth_utils.crypto import keccak
from web3 import EthereumTesterProvider, Web3

from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN
from fedmerit.chain.node.fees import Fees
from fedmerit.chain.node.node import Node
from fedmerit.chain.node.transcript import Entry, Transcript
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from web3.types import TxParams

#: Wei in the faucet at genesis; a billion ether.
FAUCET_WEI: Final = 10**27
#: Given to every transaction, since estimating one costs as much as running it.
GAS: Final = 16_000_000
#: Above the base fee for ever: it starts at one gwei, and half-empty blocks only lower it.
FEES: Final = Fees(2 * 10**9, 10**9)


class _Backend(PyEVMBackend):  # type: ignore[misc] # eth-tester has no types
    """py-evm without the wall clock and the dice that eth-tester's own backend throws."""

    def __init__(self, started: int) -> None:
        super().__init__(
            genesis_parameters=PyEVMBackend.generate_genesis_params({"timestamp": started}),
            genesis_state={
                bytes.fromhex(FAUCET.address[2:]): {
                    "balance": FAUCET_WEI,
                    "nonce": 0,
                    "code": b"",
                    "storage": {},
                }
            },
            vm_configuration=((0, PragueVM),),  # pinned: another fork has other block hashes
        )
        # By block, which never changes: reading logs asks for every block and receipt each time.
        self._serialised: dict[tuple[bytes, object], Any] = {}
        self.move_to(started + 1)

    @property
    def next_timestamp(self) -> int:
        """Unix seconds of the block that is being built."""
        return int(self.chain.header.timestamp)

    def move_to(self, timestamp: int) -> None:
        """Give the block that is being built its time and its ``prevrandao``."""
        header = self.chain.header
        drawn = keccak(b"fedmerit block %d" % header.block_number)
        self.chain.header = header.copy(timestamp=timestamp, mix_hash=drawn)

    def mine_blocks(self, num_blocks: int = 1, coinbase: bytes = bytes(20)) -> tuple[bytes, ...]:
        """Mine, and open the next block one second later."""
        hashes = []
        for _ in range(num_blocks):
            block = self.chain.mine_block(coinbase=coinbase)
            self.move_to(block.header.timestamp + 1)
            hashes.append(bytes(block.hash))
        return tuple(hashes)

    def get_block_by_number(self, block_number: Any, full_transaction: bool = True) -> Any:  # noqa: ANN401, FBT002 - eth-tester's
        """Serialise a mined block once."""
        give = super().get_block_by_number
        pending = self.chain.header.block_number
        if not isinstance(block_number, int) or block_number >= pending:
            return give(block_number, full_transaction)
        block = self.chain.chaindb.get_canonical_block_hash(block_number)
        return self._once(block, full_transaction, lambda: give(block_number, full_transaction))

    def get_transaction_by_hash(self, transaction_hash: bytes) -> Any:  # noqa: ANN401
        """Look the transaction up by index; eth-tester's own scans every block."""
        block, index = self._mined(transaction_hash)
        return serialize_transaction(block, block.transactions[index], index, False)  # noqa: FBT003

    def get_transaction_receipt(self, transaction_hash: bytes) -> Any:  # noqa: ANN401
        """Look the receipt up by index, as above."""
        block, index = self._mined(transaction_hash)

        def give() -> Any:  # noqa: ANN401 - eth-tester's
            receipts, vm = block.get_receipts(self.chain.chaindb), self.chain.get_vm()
            transaction = block.transactions[index]
            return serialize_transaction_receipt(block, receipts, transaction, index, False, vm)  # noqa: FBT003

        return self._once(block.hash, transaction_hash, give)

    def _once(self, block: bytes, what: object, give: Callable[[], Any]) -> Any:  # noqa: ANN401 - eth-tester's
        key = (block, what)
        if key not in self._serialised:
            self._serialised[key] = give()
        return self._serialised[key]

    def _mined(self, transaction_hash: bytes) -> tuple[Any, int]:
        try:
            number, index = self.chain.get_canonical_transaction_index(transaction_hash)
        except UnknownTransaction as error:
            raise TransactionNotFound(str(error)) from error
        return self.chain.get_canonical_block_by_number(number), index


class EmbeddedNode(Node):
    """An EVM of our own; every transaction is mined at once, in a block of its own.

    Args:
        started: Unix seconds of the genesis block.

    """

    remote = False

    def __init__(self, started: int) -> None:
        self._backend = _Backend(started)
        self._started = started
        self._entries: list[Entry] = []
        provider = EthereumTesterProvider(EthereumTester(self._backend))
        super().__init__(Web3(provider), "the embedded chain")

    @property
    def transcript(self) -> Transcript:
        """Everything that was sent so far, from which the same chain can be built again."""
        return Transcript(
            chain_id=EMBEDDED_CHAIN, genesis=self._started, entries=tuple(self._entries)
        )

    def now(self) -> int:
        """Give the time of the block that is being built."""
        return self._backend.next_timestamp

    def fees(self) -> Fees:
        """Give what every transaction here offers."""
        return FEES

    def wait_until(self, timestamp: int) -> None:
        """Move the clock; it never goes back."""
        self._backend.move_to(max(timestamp, self.now()))

    def redo(self, entry: Entry) -> None:
        """Send what *entry* of a transcript sent, at its time.

        Raises:
            ChainError: The chain does not take it, or makes another block of it.

        """
        if entry.timestamp < self.now():
            raise ChainError(f"time goes back, from {self.now()} to {entry.timestamp}")
        self.wait_until(entry.timestamp)
        with self.translated():
            self.deliver(bytes.fromhex(entry.raw[2:]))
        if self._entries[-1] != entry:
            raise ChainError(f"it gives block {self._entries[-1].block}, not {entry.block}")

    mines_at_once = True

    def estimate(self, transaction: TxParams) -> int:  # noqa: ARG002 - estimating is the base's way
        """Give what every transaction here may use."""
        return GAS

    def deliver(self, raw: bytes) -> None:
        """Mine a signed transaction, and write it down; raises what web3 raises."""
        timestamp = self.now()
        super().deliver(raw)
        block = self._backend.chain.get_canonical_head().hash
        self._entries.append(
            Entry(raw=f"0x{raw.hex()}", timestamp=timestamp, block=f"0x{block.hex()}")
        )

    def _asking(self) -> TxParams:
        return {"from": FAUCET.address}  # py-evm charges the asker for gas, and gives it back
