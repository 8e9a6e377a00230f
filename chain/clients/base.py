"""What the contract clients share: a node, an address and an ABI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from eth_utils.address import to_checksum_address

from fedmerit.contracts import artifact
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from web3.types import EventData

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined


class Client:
    """A deployed contract, as Python sees it.

    Attributes:
        NAME: The contract's name among the artifacts.
        WIRES: Getters of the other contracts that it was built with.
        address: Where it is, checksummed.

    """

    NAME: ClassVar[str]
    WIRES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, node: Node, address: str) -> None:
        self.address = to_checksum_address(address)
        self._node = node
        self._contract = node.contract(self.NAME, address)
        self._functions = self._contract.functions

    @classmethod
    def _deploy(cls, node: Node, signer: Signer, *arguments: object) -> tuple[Self, Mined]:
        built = artifact(cls.NAME)
        factory = node.web3.eth.contract(abi=list(built.abi), bytecode=built.bytecode)
        mined = node.send(factory.constructor(*arguments), signer)
        if mined.contract is None or not node.has_code(mined.contract):
            raise ChainError(f"{cls.NAME} was not created by transaction {mined.hash}")
        return cls(node, mined.contract), mined

    def wired(self, getter: str) -> str:
        """Give the address of another contract that this one was built with."""
        return str(self._ask(getter))

    def _logged(self, event: str, first_block: int, **arguments: object) -> list[dict[str, Any]]:
        """Give the arguments of every *event* since *first_block* whose own match."""
        source = self._contract.events[event]()

        def shown(first: int, last: int) -> Iterable[EventData]:
            logs: Iterable[EventData] = source.get_logs(arguments, first, last)
            return logs

        return [dict(log["args"]) for log in self._node.search(shown, first_block)]

    def _ask(self, function: str, *arguments: object) -> Any:  # noqa: ANN401 - the ABI decides
        return self._node.call(self._functions[function](*arguments))

    def _send(self, signer: Signer, function: str, *arguments: object) -> Mined:
        return self._node.send(self._functions[function](*arguments), signer)
