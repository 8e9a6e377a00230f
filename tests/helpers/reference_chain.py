"""eth-tester with the clock and dice of the embedded chain, which is held to it block by block."""

from __future__ import annotations

from eth.vm.forks.prague import PragueVM
from eth_tester import EthereumTester, PyEVMBackend
from eth_utils.crypto import keccak

from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node.embedded import FAUCET_WEI


class _Backend(PyEVMBackend):
    """py-evm without the wall clock and the dice that eth-tester's own backend throws."""

    def __init__(self, started):
        faucet = {"balance": FAUCET_WEI, "nonce": 0, "code": b"", "storage": {}}
        super().__init__(
            genesis_parameters=PyEVMBackend.generate_genesis_params({"timestamp": started}),
            genesis_state={bytes.fromhex(FAUCET.address[2:]): faucet},
            vm_configuration=((0, PragueVM),),
        )
        self.move_to(started + 1)

    def move_to(self, timestamp):
        """Give the block that is being built its time and its ``prevrandao``."""
        header = self.chain.header
        drawn = keccak(b"fedmerit block %d" % header.block_number)
        self.chain.header = header.copy(timestamp=timestamp, mix_hash=drawn)

    def mine_blocks(self, num_blocks=1, coinbase=bytes(20)):
        """Mine, and open the next block one second later."""
        hashes = []
        for _ in range(num_blocks):
            block = self.chain.mine_block(coinbase=coinbase)
            self.move_to(block.header.timestamp + 1)
            hashes.append(bytes(block.hash))
        return tuple(hashes)


def replay_on_eth_tester(transcript):
    """Send all that *transcript* sent to eth-tester, and give the hash of each block."""
    backend = _Backend(transcript.genesis)
    tester = EthereumTester(backend)
    for entry in transcript.entries:
        backend.move_to(entry.timestamp)
        tester.send_raw_transaction(entry.raw)
        yield f"0x{backend.chain.get_canonical_head().hash.hex()}"
