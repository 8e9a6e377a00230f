"""One transaction on its way: offered, offered more for where it is stuck, awaited.

Its nonce is what makes this safe. Whatever is sent under one nonce, at most one version of
it is mined; so a version may be replaced by a better paid one, and what a process left
behind when it died is taken up instead of sent a second time.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.types import Wei

from fedmerit.chain.node.fees import Fees
from fedmerit.chain.node.reverts import node_words
from fedmerit.errors import ChainMoved, NotMined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from web3.types import TxParams, TxReceipt

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.endpoint import Endpoint

log = logging.getLogger(__name__)

#: How long one transaction is waited for in all, and before more is offered for it.
RECEIPT_SECONDS: Final = 180.0
STUCK_SECONDS: Final = 40.0
#: How long a receipt may be behind the count of what its account has sent.
LAG_SECONDS: Final = 2.0
#: Between two looks: the first soon, since local chains mine at once, then ever rarer.
FIRST_LOOK_SECONDS: Final = 0.05
LAST_LOOK_SECONDS: Final = 4.0

_KNOWN: Final = ("already known", "already imported", "known transaction")
_TOO_LATE: Final = ("nonce too low",)
_TAKEN: Final = ("underpriced",)
_FEES: Final = ("maxFeePerGas", "maxPriorityFeePerGas")


class Dispatch:
    """A transaction under way.

    Args:
        node: The chain.
        transaction: All of it, signed by nobody yet.
        signer: Whose account it is of.

    Attributes:
        transaction: What was sent, under the fees of its last version.

    """

    def __init__(self, node: Endpoint, transaction: TxParams, signer: Signer) -> None:
        self.transaction = transaction
        self._node = node
        self._eth = node.web3.eth
        self._signer = signer
        self._nonce = int(transaction["nonce"])
        self._hashes: list[HexBytes] = []

    def offer(self) -> None:
        """Give the transaction to the node.

        Raises:
            ChainMoved: Another transaction waits under its nonce.

        """
        raw = self._signer.sign_transaction(self.transaction)
        try:
            self._node.deliver(raw)
        except Web3RPCError as error:
            if not self._hashes and _says(error, _TAKEN):
                return self._adopt()
            # Known, or too late: a version is mined already, and waiting finds out whose.
            if not _says(error, _KNOWN + _TOO_LATE):
                raise
        return self._follow(keccak(raw))

    def wait(self) -> TxReceipt:
        """Return the receipt of whichever version is mined.

        Raises:
            NotMined: None was, in :data:`RECEIPT_SECONDS`.
            ChainMoved: Another transaction took the nonce, or one before it vanished.

        """
        began = offered = time.monotonic()
        height, pause = -1, FIRST_LOOK_SECONDS
        while (receipt := self._receipt() or self._looked_after()) is None:
            now, height = time.monotonic(), self._node.height() if height < 0 else height
            if now - began > RECEIPT_SECONDS:
                raise self._not_mined(now - began, self._node.height() - height)
            if now - offered > STUCK_SECONDS:
                log.info(
                    "waiting for transaction %s, number %d of %r, to be mined: offering more",
                    self._hashes[-1].to_0x_hex(),
                    self._nonce,
                    self._signer.role,
                )
                self._offer_more()
                offered = now
            time.sleep(pause)
            pause = min(2 * pause, LAST_LOOK_SECONDS)
        return receipt

    def _not_mined(self, seconds: float, blocks: int) -> NotMined:
        shown = self._hashes[-1].to_0x_hex()
        return NotMined(self._signer.role, shown, nonce=self._nonce, seconds=seconds, blocks=blocks)

    def _receipt(self) -> TxReceipt | None:
        for sent in reversed(self._hashes):
            with suppress(TransactionNotFound):
                return self._eth.get_transaction_receipt(sent)
        return None

    def _looked_after(self) -> TxReceipt | None:
        """See that a version still waits; give the receipt if one was mined meanwhile."""
        sender = self._signer.address
        if int(self._eth.get_transaction_count(sender, "latest")) > self._nonce:
            return self._published()
        waiting = int(self._eth.get_transaction_count(sender, "pending"))
        if waiting < self._nonce:
            raise self._moved(f"is not the next one any more, {waiting} is")
        if waiting == self._nonce:  # a node that was restarted has forgotten what waited
            self.offer()
        return None

    def _published(self) -> TxReceipt:
        """Give the receipt of what is mined under this nonce, if a version of ours is.

        Nodes count a transaction before they show its receipt: Anvil by up to 40 ms, and
        where several answer in turn, one may be blocks behind.
        """
        deadline = time.monotonic() + LAG_SECONDS
        while (receipt := self._receipt()) is None:
            if time.monotonic() > deadline:
                raise self._moved("was used by another transaction")
            time.sleep(FIRST_LOOK_SECONDS)
        return receipt

    def _offer_more(self) -> None:
        offer = cast("Mapping[str, int]", self.transaction)
        standing = Fees(*(offer[fee] for fee in _FEES))
        self._offered(standing.raised(self._node.fees()))
        with suppress(Web3RPCError):  # whatever it says, the last version still stands
            self.offer()

    def _adopt(self) -> None:
        """Take up what waits under this nonce, if it is this very call: we died after it."""
        pending = self._node.waiting(self._signer.address, self._nonce)
        if pending is None or not _same_call(pending, self.transaction):
            raise self._moved("is taken by a transaction that waits and is not ours")
        self._offered(Fees(*(int(pending[fee], 16) for fee in _FEES)))
        self._follow(bytes.fromhex(pending["hash"][2:]))

    def _follow(self, sent: bytes) -> None:
        if (version := HexBytes(sent)) not in self._hashes:
            self._hashes.append(version)

    def _offered(self, fees: Fees) -> None:
        self.transaction["maxFeePerGas"] = Wei(fees.maximum)
        self.transaction["maxPriorityFeePerGas"] = Wei(fees.priority)

    def _moved(self, what: str) -> ChainMoved:
        return ChainMoved(
            f"number {self._nonce} of the account {self._signer.address} of "
            f"{self._signer.role!r} {what}"
        )


def _says(error: Web3RPCError, phrases: tuple[str, ...]) -> bool:
    words = node_words(error).lower()
    return any(phrase in words for phrase in phrases)


def _same_call(pending: Mapping[str, Any], ours: TxParams) -> bool:
    """Say whether *pending*, as a node's pool tells it, does what *ours* does."""
    theirs = (pending.get("to"), pending["input"], int(pending["value"], 16))
    data = HexBytes(ours.get("data", b"")).to_0x_hex()
    return theirs == (str(ours["to"]).lower() if ours.get("to") else None, data, ours["value"])
