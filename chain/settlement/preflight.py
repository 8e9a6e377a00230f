"""What would stop a settlement on a node, found out before anything is trained or paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.chain.node.funding import LISTED_GAS, top_ups
from fedmerit.contracts import artifact, names
from fedmerit.errors import ChainError, Reverted, UnfitChain

if TYPE_CHECKING:
    from web3.types import TxParams

    from fedmerit.chain.keys import Signers
    from fedmerit.chain.node.node import Node

#: The contracts are compiled for it: a guard against calling back is held in transient storage
#: (EIP-1153), which is new in it, and would cost gas in every claim before it.
OLDEST_EVM: Final = "Cancun"
#: What is new in it: copies memory (EIP-5656), and reads transient storage.
_CANCUN: Final = bytes.fromhex("5f5f5f5e5f5c5000")
#: Does nothing, on any EVM.
_STOP: Final = bytes.fromhex("00")
#: Gas of a creation: of any transaction and of this kind, and a byte of data and of code.
_CREATION: Final = 21_000 + 32_000
_DATA_BYTE: Final = 16
_CODE_BYTE: Final = 200
#: What the longest constructor does.
_CONSTRUCTOR: Final = 400_000
#: What posting a list takes besides its members.
_POSTING: Final = 500_000


def preflight(node: Node, signers: Signers, *, rounds: int) -> None:
    """See that *signers* can settle on *node*; who lacks money is said last.

    Args:
        node: The chain.
        signers: Who will sign and pay.
        rounds: Training rounds that will be committed.

    Raises:
        ChainError: A key is public, and this is no local chain.
        UnfitChain: The chain's EVM is too old for the contracts, or its blocks too small.
        InsufficientFunds: The sponsor cannot pay for all the gas.

    """
    for signer in (signers.sponsor, signers.coordinator, *signers.members):
        node.check_key(signer)
    _check_evm(node, signers.sponsor.address)
    _check_blocks(node, len(signers.members))
    top_ups(node, signers, rounds=rounds, deployed=False)


def creation_gas() -> dict[str, int]:
    """Give an upper bound of the gas that it takes to create each contract, by its name."""
    sizes = {name: len(artifact(name).bytecode) // 2 for name in names()}
    return {
        name: _CREATION + size * (_DATA_BYTE + _CODE_BYTE) + _CONSTRUCTOR
        for name, size in sizes.items()
    }


def _check_evm(node: Node, sender: str) -> None:
    if not _runs(node, sender, _CANCUN) and _runs(node, sender, _STOP):
        raise UnfitChain(
            f"the EVM of chain {node.chain_id} is older than {OLDEST_EVM}, which the contracts "
            "are compiled for",
            hint=f"Choose a chain that has had the {OLDEST_EVM} upgrade (March 2024 on Ethereum).",
        )


def _runs(node: Node, sender: str, code: bytes) -> bool:
    """Say whether the chain's EVM runs *code*, as what would create a contract."""
    call: TxParams = {"from": sender, "data": code}
    try:
        with node.translated():
            node.web3.eth.call(call)
    except Reverted:
        return False
    except ChainError as error:
        if isinstance(error, UnfitChain) or getattr(error, "passing", False):
            raise
        return False
    return True


def _check_blocks(node: Node, members: int) -> None:
    with node.translated():
        limit = int(node.web3.eth.get_block("latest")["gasLimit"])
    largest = max(creation_gas(), key=lambda name: creation_gas()[name])
    needs = {
        f"creating {largest}": creation_gas()[largest],
        f"posting a list of {members} members": _POSTING + LISTED_GAS * members // 2,
    }
    for what, gas in needs.items():
        # What is sent has a quarter to spare.
        if (needed := gas * 5 // 4) > limit:
            raise UnfitChain(
                f"a block of chain {node.chain_id} takes {limit:,} gas, and {what} may need "
                f"{needed:,}",
                hint="Choose a chain with larger blocks (Ethereum's take 30,000,000 and more).",
            )
