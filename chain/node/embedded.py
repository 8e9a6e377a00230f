"""The embedded chain: an EVM in this process, with a clock of its own.

Nothing in it depends on when or where it runs: genesis has the given time, every block
is a second after the last unless moved, and ``prevrandao`` is derived from the block's
number. The same signed transactions at the same times therefore give the same blocks,
hash for hash, which is what makes a :class:`~fedmerit.chain.node.transcript.Transcript` proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from web3 import Web3

from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN
from fedmerit.chain.node.engine import Engine
from fedmerit.chain.node.fees import Fees
from fedmerit.chain.node.local_rpc import LocalProvider
from fedmerit.chain.node.node import Node
from fedmerit.chain.node.transcript import Entry, Transcript
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from web3.types import TxParams

#: Wei in the faucet at genesis; a billion ether.
FAUCET_WEI: Final = 10**27
#: Given to every transaction, since estimating one costs as much as running it.
GAS: Final = 16_000_000
#: Above the base fee for ever: it starts at one gwei, and half-empty blocks only lower it.
FEES: Final = Fees(2 * 10**9, 10**9)


class EmbeddedNode(Node):
    """An EVM of our own; every transaction is mined at once, in a block of its own.

    Args:
        started: Unix seconds of the genesis block.

    """

    remote = False

    def __init__(self, started: int) -> None:
        self._engine = Engine(started, {bytes.fromhex(FAUCET.address[2:]): FAUCET_WEI})
        self._started = started
        self._entries: list[Entry] = []
        # What web3 does to requests by default is for nodes that are somebody else's.
        web3 = Web3(LocalProvider(self._engine), middleware=[])
        super().__init__(web3, "the embedded chain")

    @property
    def transcript(self) -> Transcript:
        """Everything that was sent so far, from which the same chain can be built again."""
        return Transcript(
            chain_id=EMBEDDED_CHAIN, genesis=self._started, entries=tuple(self._entries)
        )

    def now(self) -> int:
        """Give the time of the block that is being built."""
        return self._engine.next_timestamp

    def fees(self) -> Fees:
        """Give what every transaction here offers."""
        return FEES

    def wait_until(self, timestamp: int) -> None:
        """Move the clock; it never goes back."""
        self._engine.move_to(max(timestamp, self.now()))

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
        """Mine a signed transaction, and write it down; raises what py-evm raises."""
        timestamp = self.now()
        block = self._engine.mine(raw).header.hash
        self._entries.append(
            Entry(raw=f"0x{raw.hex()}", timestamp=timestamp, block=f"0x{block.hex()}")
        )

    def _asking(self) -> TxParams:
        return {"from": FAUCET.address}  # py-evm charges the asker for gas, and gives it back
