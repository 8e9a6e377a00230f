"""What a unit of gas may cost (EIP-1559)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from warnings import catch_warnings, simplefilter

if TYPE_CHECKING:
    from web3.eth import Eth


class Fees(NamedTuple):
    """What a unit of gas may cost (EIP-1559), in wei."""

    maximum: int
    priority: int

    def raised(self, market: Fees) -> Fees:
        """Give the offer that replaces one at these fees, when *market* is what others offer.

        Nodes take a replacement only if both fees are a tenth higher; an eighth leaves room
        for rounding.
        """
        return Fees(*(max(-(-own * 9 // 8), fair) for own, fair in zip(self, market, strict=True)))


def suggested(eth: Eth) -> Fees:
    """Give what a transaction should offer now: room for the base fee to double."""
    base = int(eth.get_block("latest").get("baseFeePerGas", 0))
    with catch_warnings():
        simplefilter("ignore")  # of nodes that suggest no tip: web3 takes it from recent blocks
        priority = int(eth.max_priority_fee)
    return Fees(2 * base + priority, priority)
