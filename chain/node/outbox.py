"""What this process sends, account by account: numbers, fees, gas, and whether it can be paid."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, cast

from web3.types import Wei

from fedmerit.chain.node import dispatch as under_way
from fedmerit.chain.node.dispatch import Dispatch
from fedmerit.errors import ChainError, InsufficientFunds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eth_typing import ChecksumAddress
    from web3.types import TxParams

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.endpoint import Endpoint
    from fedmerit.chain.node.fees import Fees
    from fedmerit.chain.node.transaction import Call, Mined


class Outbox:
    """Numbers, signs and sends for one :class:`~fedmerit.chain.node.node.Node`.

    It counts for itself once it knows an account's next number. So a transaction that
    somebody else sends as the same account is noticed, and not queued behind.
    """

    def __init__(self, node: Endpoint) -> None:
        self._node = node
        self._nonces: dict[str, int] = {}

    def nonce(self, address: ChecksumAddress) -> int:
        """Give the number of the next transaction that *address* sends."""
        if address not in self._nonces:
            self._nonces[address] = self._counted(address, "pending")
        return self._nonces[address]

    def await_pending(self, addresses: Iterable[ChecksumAddress]) -> None:
        """See :meth:`fedmerit.chain.node.node.Node.await_pending`."""
        deadline = time.monotonic() + under_way.STUCK_SECONDS
        for address in addresses:
            mined = self._counted(address, "latest")
            while mined < self._counted(address, "pending") and time.monotonic() < deadline:
                time.sleep(under_way.FIRST_LOOK_SECONDS)
                mined = self._counted(address, "latest")
            self._nonces[address] = mined

    def send(self, calls: Sequence[tuple[Call, Signer]]) -> Iterator[Mined]:
        """Send all *calls*, then give each as it is mined."""
        try:
            with self._node.translated():
                for sent in self._sent(calls):
                    yield self._concluded(sent)
        except ChainError:
            self._nonces.clear()  # ask the chain again next time
            raise

    def _sent(self, calls: Iterable[tuple[Call, Signer]]) -> Sequence[Dispatch]:
        fees = self._node.fees()
        purses: dict[str, _Purse] = {}
        prepared = []
        for call, signer in calls:
            self._node.check_key(signer)
            transaction = self._built(call, signer, fees)
            if signer.address not in purses:
                gas = self._node.estimate(transaction)
                purses[signer.address] = _Purse(signer, self._node.balance(signer.address), gas)
            transaction["gas"] = purses[signer.address].gas
            purses[signer.address].spend(transaction, fees)
            prepared.append(Dispatch(self._node, transaction, signer))
        for dispatch in prepared:
            dispatch.offer()
        return prepared

    def _built(self, call: Call, signer: Signer, fees: Fees) -> TxParams:
        number = self.nonce(signer.address)
        self._nonces[signer.address] = number + 1
        return call.build_transaction(
            {
                "from": signer.address,
                "chainId": self._node.chain_id,
                "nonce": cast("Any", number),
                "maxFeePerGas": Wei(fees.maximum),
                "maxPriorityFeePerGas": Wei(fees.priority),
                "value": Wei(0),
                "gas": 0,
            }
        )

    def _concluded(self, sent: Dispatch) -> Mined:
        receipt = sent.wait()
        if receipt["status"] == 0:
            self._node.explain(sent.transaction, receipt)
        return self._node.mined(receipt)

    def _counted(self, address: ChecksumAddress, when: Literal["latest", "pending"]) -> int:
        with self._node.translated():
            return int(self._node.web3.eth.get_transaction_count(address, when))


class _Purse:
    """What one account can still spend in a batch, and the gas that each of its calls takes."""

    def __init__(self, signer: Signer, held: int, gas: int) -> None:
        self.gas = gas
        self._signer = signer
        self._held = held
        self._needed = 0

    def spend(self, transaction: TxParams, fees: Fees) -> None:
        self._needed += int(transaction["value"]) + self.gas * fees.maximum
        if self._needed > self._held:
            who = self._signer
            raise InsufficientFunds(who.role, who.address, held=self._held, needed=self._needed)
