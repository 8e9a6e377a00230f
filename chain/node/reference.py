"""A second opinion on the embedded chain: eth-tester, which makes the same blocks or does not.

Both run py-evm, so what they share is the EVM; transactions, blocks, the pool and the receipts of
eth-tester are its own code, and it knows nothing of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth.vm.forks.prague import PragueVM
from eth_tester import EthereumTester, PyEVMBackend
from eth_utils.crypto import keccak

from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node.embedded import FAUCET_WEI
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.chain.node.transcript import Transcript


class _Backend(PyEVMBackend):  # type: ignore[misc] # eth-tester has no types
    """py-evm without the wall clock and the dice that eth-tester's own backend throws."""

    def __init__(self, started: int) -> None:
        faucet = {"balance": FAUCET_WEI, "nonce": 0, "code": b"", "storage": {}}
        super().__init__(
            genesis_parameters=PyEVMBackend.generate_genesis_params({"timestamp": started}),
            genesis_state={bytes.fromhex(FAUCET.address[2:]): faucet},
            vm_configuration=((0, PragueVM),),
        )
        self.move_to(started + 1)

    def move_to(self, timestamp: int) -> None:
        """Give the block that is being built its time and its ``prevrandao``."""
        header: Any = self.chain.header
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


def replay_on_eth_tester(transcript: Transcript) -> Iterator[str]:
    """Send all that *transcript* sent to eth-tester, and give the hash of each block.

    Raises:
        ChainError: eth-tester does not take a transaction; the message names it, from 0.
    """
    backend = _Backend(transcript.genesis)
    tester = EthereumTester(backend)
    for position, entry in enumerate(transcript.entries):
        backend.move_to(entry.timestamp)
        try:
            tester.send_raw_transaction(entry.raw)
        except Exception as error:  # whichever exception its decoder or py-evm meets
            raise ChainError(
                f"eth-tester does not take transcript entry {position}: {error}",
                hint="The file was altered, or is of another version; the evidence is void.",
            ) from error
        yield f"0x{backend.chain.get_canonical_head().hash.hex()}"
