"""The EVM of the embedded chain: py-evm in this process, a block for every transaction.

It keeps what it has mined in the order in which it was mined. Nothing here is ever taken
back, so a block, a receipt and a log are looked up, and never built a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eth._utils.address import generate_contract_address
from eth.chains.base import MiningChain
from eth.consensus.applier import ConsensusApplier
from eth.consensus.noproof import NoProofConsensus
from eth.constants import (
    BLANK_ROOT_HASH,
    POST_MERGE_DIFFICULTY,
    POST_MERGE_MIX_HASH,
    POST_MERGE_NONCE,
)
from eth.db import get_db_backend
from eth.vm.forks.prague import PragueVM
from eth.vm.message import Message
from eth_utils.crypto import keccak

from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN
from fedmerit.chain.recursion import bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth.abc import (
        BlockHeaderAPI,
        ComputationAPI,
        LogAPI,
        ReceiptAPI,
        SignedTransactionAPI,
        StateAPI,
    )
    from eth_typing import Address

bound()  # py-evm raised it

#: Gas that a block takes, and that a call may use.
BLOCK_GAS: Final = 30_029_122
NOBODY: Final = bytes(20)


@dataclass(frozen=True, slots=True)
class Block:
    """A mined transaction, and the block that holds nothing else.

    Attributes:
        header: The block's.
        transaction: What was sent; None in the genesis block.
        receipt: What became of it; None in the genesis block.
        sender: Who signed it.
        contract: What it deployed, if it did.

    """

    header: BlockHeaderAPI
    transaction: SignedTransactionAPI | None = None
    receipt: ReceiptAPI | None = None
    sender: Address | None = None
    contract: Address | None = None

    @property
    def logs(self) -> Sequence[LogAPI]:
        """What the transaction's contracts told."""
        return () if self.receipt is None else self.receipt.logs


class _Chain(MiningChain):
    """py-evm's chain after the merge, on one fork for ever: another has other block hashes."""

    chain_id = EMBEDDED_CHAIN
    vm_configuration = ConsensusApplier(NoProofConsensus).amend_vm_configuration(((0, PragueVM),))

    def create_header_from_parent(
        self,
        parent_header: BlockHeaderAPI,
        **header_params: Any,  # noqa: ANN401 - py-evm's
    ) -> BlockHeaderAPI:
        # The gas of a block never changes.
        return super().create_header_from_parent(
            parent_header, **{**header_params, "gas_limit": parent_header.gas_limit}
        )


class Engine:
    """A chain that depends on nothing but what it is sent and when.

    Args:
        started: Unix seconds of the genesis block.
        wealth: Wei that accounts hold there.

    Attributes:
        blocks: All that was mined, by number.

    """

    def __init__(self, started: int, wealth: dict[bytes, int]) -> None:
        genesis = {
            "coinbase": NOBODY,
            "difficulty": POST_MERGE_DIFFICULTY,
            "extra_data": b"",
            "gas_limit": BLOCK_GAS,
            "mix_hash": POST_MERGE_MIX_HASH,
            "nonce": POST_MERGE_NONCE,
            "receipt_root": BLANK_ROOT_HASH,
            "timestamp": started,
            "transaction_root": BLANK_ROOT_HASH,
        }
        accounts = {
            address: {"balance": wei, "nonce": 0, "code": b"", "storage": {}}
            for address, wei in wealth.items()
        }
        self._chain: Any = _Chain.from_genesis(get_db_backend(), genesis, accounts)  # type: ignore[arg-type] # addresses are bytes
        self.blocks = [Block(self._chain.get_canonical_head())]
        self._numbers: dict[bytes, int] = {}
        self._states: dict[int, StateAPI] = {}
        self.move_to(started + 1)

    @property
    def next_timestamp(self) -> int:
        """Unix seconds of the block that is being built."""
        return int(self._chain.header.timestamp)

    def move_to(self, timestamp: int) -> None:
        """Give the block that is being built its time and its ``prevrandao``."""
        header = self._chain.header
        drawn = keccak(b"fedmerit block %d" % header.block_number)
        self._chain.header = header.copy(timestamp=timestamp, mix_hash=drawn)

    def mine(self, raw: bytes) -> Block:
        """Mine a signed transaction, and open the next block one second later.

        Whatever it is not raises what py-evm raises, and nothing is mined.
        """
        transaction = self._chain.get_vm().get_transaction_builder().decode(raw)
        result, (receipt,), (computation,) = self._chain.mine_all([transaction])
        header = result.imported_block.header
        self._numbers[transaction.hash] = header.block_number
        message = computation.msg
        contract = message.storage_address if message.is_create else None
        block = Block(header, transaction, receipt, message.sender, contract)
        self.blocks.append(block)
        self._states.clear()
        self.move_to(header.timestamp + 1)
        return block

    def find(self, transaction: bytes) -> Block | None:
        """Give the block of the transaction of this hash."""
        number = self._numbers.get(transaction)
        return None if number is None else self.blocks[number]

    def state(self, number: int) -> StateAPI:
        """Give the accounts as they were after block *number*; nobody may write into it."""
        if number not in self._states:
            self._states[number] = self._chain.get_vm(self.blocks[number].header).state
        return self._states[number]

    def call(
        self, sender: Address, to: Address, data: bytes, value: int, number: int
    ) -> ComputationAPI:
        """Do what a transaction would after block *number*, for nothing, and forget it.

        Args:
            sender: Who asks.
            to: A contract; empty to deploy *data*.
            data: The call, or the code.
            value: Wei that go with it.
            number: Of a mined block.

        """
        state = self.state(number)
        before = state.snapshot()
        fields: dict[str, Any] = {"gas": BLOCK_GAS, "to": to, "sender": sender, "value": value}
        context = state.transaction_context_class(gas_price=0, origin=sender)
        kind = state.computation_class
        try:
            if to:
                message = Message(**fields, data=data, code=state.get_code(to))
                return kind.apply_message(state, message, context)
            made = generate_contract_address(sender, state.get_nonce(sender))
            message = Message(**fields, data=b"", code=data, create_address=made)
            return kind.apply_create_message(state, message, context)
        finally:
            state.revert(before)
            state.clear_transient_storage()
