"""The default arbiter: the committee's own quorum."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined


#: What an arbiter says of a challenge; 0 is that it has not ruled.
UPHELD: Final = 1
REJECTED: Final = 2


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

    def rule(
        self, challenge: int, verdict: int, signatures: Sequence[bytes], *, signer: Signer
    ) -> Mined:
        """Record the committee's *verdict*, with its signatures in ascending order of signer."""
        return self._send(signer, "rule", challenge, verdict, list(signatures))

    def verdict(self, challenge: int) -> int:
        """What was ruled: :data:`UPHELD`, :data:`REJECTED`, or 0."""
        return int(self._ask("verdict", challenge))
