"""An EVM node as transactions reach it: what one costs, what waits, and why one failed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from hexbytes import HexBytes
from web3.types import RPCEndpoint

from fedmerit.chain.node.fees import suggested
from fedmerit.chain.node.view import View
from fedmerit.errors import BadAnswer, ChainError, NodeRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from web3.types import TxParams, TxReceipt

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.fees import Fees

#: The embedded chain's id, and the two that local nodes use.
EMBEDDED_CHAIN: Final = 131277322940537
DEVELOPMENT_CHAINS: Final = frozenset({31337, 1337, EMBEDDED_CHAIN})


class Endpoint(View):
    """An EVM node, to read and to give signed transactions to."""

    @property
    def development(self) -> bool:
        """Whether this is a local chain, where well-known keys do no harm."""
        return self.chain_id in DEVELOPMENT_CHAINS

    def check_key(self, signer: Signer) -> None:
        """Refuse to sign or pay as *signer* here if everybody can; raises ChainError."""
        if signer.development and not self.development:
            raise ChainError(
                f"the key of {signer.role!r} is a development key that anybody can derive, "
                f"and chain {self.chain_id} is not a local one",
                hint="Give real keys: a keystore directory, or environment variables.",
            )

    def fees(self) -> Fees:
        """Give what a transaction should offer now."""
        with self.translated():
            return suggested(self.web3.eth)

    def estimate(self, transaction: TxParams) -> int:
        """Give the gas to send *transaction* with, a quarter to spare; raises what web3 raises.

        A call that would revert does so here, unpaid.
        """
        return self.web3.eth.estimate_gas(_bare(transaction)) * 5 // 4

    def deliver(self, raw: bytes) -> None:
        """Give the node a signed transaction; raises what web3 raises."""
        self.web3.eth.send_raw_transaction(HexBytes(raw))

    def waiting(self, sender: str, nonce: int) -> Mapping[str, Any] | None:
        """Give *sender*'s transaction of this number that is not mined, as the node tells it.

        None if there is none, or the node does not show what waits.
        """
        with suppress(NodeRefused, BadAnswer), self.translated():
            found = self._request("eth_getTransactionBySenderAndNonce", sender, hex(nonce))
            return cast("Mapping[str, Any] | None", found)
        return None

    def explain(self, transaction: TxParams, receipt: TxReceipt) -> None:
        """Call what was mined as failed once more, for the reason that receipts leave out."""
        self.web3.eth.call(_bare(transaction), receipt["blockNumber"])
        raise ChainError(
            f"transaction {receipt['transactionHash'].to_0x_hex()} failed, and no reason is known"
        )

    def _request(self, method: str, *parameters: object) -> Any:  # noqa: ANN401 - the node decides
        return self.web3.manager.request_blocking(RPCEndpoint(method), list(parameters))


def _bare(transaction: TxParams) -> TxParams:
    """Leave out gas, fees and nonce, so that a node looks at what the call does alone."""
    wanted = {"from", "to", "data", "value"}
    kept = {key: value for key, value in transaction.items() if key in wanted and value}
    return cast("TxParams", kept)
