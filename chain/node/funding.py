"""Gas money: who needs how much ether, and who has it to give.

On a local chain the faucet pays. Elsewhere the sponsor does, out of an account that
somebody has to fill first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node.transaction import Transfer
from fedmerit.errors import InsufficientFunds

if TYPE_CHECKING:
    from fedmerit.chain.keys import Signer, Signers
    from fedmerit.chain.node.node import Node

# Twice what was measured, in units of gas, since fees move while a settlement runs.
_DEPLOYMENT: Final = 30_000_000
_SPONSOR: Final = 2_000_000  # opens, mints, approves, funds
_MINTED: Final = 120_000  # one member's stake
_COORDINATOR: Final = 2_000_000  # closes, begins, draws, posts, finalises
_COMMITMENT: Final = 150_000  # one training round
LISTED_GAS: Final = 130_000  # one participant: in the posted list, or expelled
_MEMBER: Final = 1_200_000  # stakes, joins, commits, reveals, claims, takes its stake
DISPUTE_GAS: Final = 1_000_000  # a proof, or a bond and a challenge
SUMMED_GAS: Final = 1_250  # one utility of a whole table, in the parts that it is sent in

#: Wei that is nothing on a local chain, and enough for anything there.
_PLENTY: Final = 10**18


def top_ups(
    node: Node, cast: Signers, *, rounds: int, deployed: bool
) -> tuple[Signer, dict[str, int]]:
    """Say who pays the gas money, and the wei that each account lacks.

    Accounts that hold half of what they may need are left alone.

    Args:
        node: The chain.
        cast: Whose accounts.
        rounds: Training rounds that the coordinator commits.
        deployed: Whether the contracts are there already.

    Raises:
        InsufficientFunds: The sponsor has to pay and cannot.
        ChainError: A key is public, and this is no local chain; nobody is asked for money then.

    """
    for signer in (cast.sponsor, cast.coordinator, *cast.members):
        node.check_key(signer)
    lacking = _lacking(node, cast, rounds, 0 if deployed else _DEPLOYMENT)
    if node.development and node.balance(FAUCET.address) > sum(lacking.values()) + _PLENTY:
        return FAUCET, lacking
    held = node.balance(cast.sponsor.address)
    own = lacking.pop(cast.sponsor.address, 0)
    needed = sum(lacking.values()) + (held + own if own else 0)
    if needed > held:
        sponsor = cast.sponsor
        raise InsufficientFunds(sponsor.role, sponsor.address, held=held, needed=needed)
    return cast.sponsor, lacking


def ensure_gas(node: Node, signer: Signer, gas: int) -> None:
    """See that *signer* has ether for so much *gas*, from the faucet of a local chain.

    Raises:
        InsufficientFunds: It has not, and this is no local chain; nothing was sent.
        ChainError: Its key is public, and this is no local chain.

    """
    node.check_key(signer)
    held, needed = node.balance(signer.address), gas * node.fees().maximum
    if not node.development:
        if held < needed:
            raise InsufficientFunds(signer.role, signer.address, held=held, needed=needed)
        return
    if held < max(needed, _PLENTY):
        node.send(Transfer(signer.address, max(needed, _PLENTY)), FAUCET)


def _lacking(node: Node, cast: Signers, rounds: int, deployment: int) -> dict[str, int]:
    listed = LISTED_GAS * len(cast.members)
    units: dict[str, int] = {
        cast.sponsor.address: _SPONSOR + deployment + _MINTED * len(cast.members),
        cast.coordinator.address: _COORDINATOR + _COMMITMENT * rounds + listed,
        **dict.fromkeys((member.address for member in cast.members), _MEMBER),
    }
    price = node.fees().maximum
    least = _PLENTY if node.development else 0
    lacking = {}
    for address, gas in units.items():
        wanted = max(gas * price, least)
        held = node.balance(address)
        if held < wanted // 2:
            lacking[address] = wanted - held
    return lacking
