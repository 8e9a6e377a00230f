"""Disputes of pending reports: deployed and wired; the proofs are sent by whoever audits."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node import Node
    from fedmerit.chain.transaction import Mined


class Disputes(Client):
    """The ``Disputes`` contract."""

    NAME: ClassVar[str] = "Disputes"
    WIRES: ClassVar[tuple[str, ...]] = ("REGISTRY", "ROUNDS", "REPORTS", "VAULT", "STAKES")

    @classmethod
    def deploy(
        cls,
        node: Node,
        signer: Signer,
        *,
        registry: str,
        rounds: str,
        reports: str,
        vault: str,
        stakes: str,
    ) -> tuple[Self, Mined]:
        """Deploy the disputes of the jobs in *registry*."""
        return cls._deploy(node, signer, registry, rounds, reports, vault, stakes)

    def order_of(self, seed: bytes, permutation: int, count: int) -> tuple[int, ...]:
        """The joining order of *count* members; see :mod:`fedmerit.shuffles`."""
        return tuple(map(int, self._ask("orderOf", seed, permutation, count)))
