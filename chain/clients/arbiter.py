"""The default arbiter: the committee's own quorum."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node import Node
    from fedmerit.chain.transaction import Mined


class Arbiter(Client):
    """The ``CommitteeArbiter`` contract."""

    NAME: ClassVar[str] = "CommitteeArbiter"
    WIRES: ClassVar[tuple[str, ...]] = ("REGISTRY", "DISPUTES")

    @classmethod
    def deploy(
        cls, node: Node, signer: Signer, *, registry: str, disputes: str
    ) -> tuple[Self, Mined]:
        """Deploy the arbiter of the challenges at *disputes*."""
        return cls._deploy(node, signer, registry, disputes)
