"""The update commitments of each training round."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node import Node
    from fedmerit.chain.transaction import Mined


class Rounds(Client):
    """The ``Rounds`` contract: one update root a training round, chained."""

    NAME: ClassVar[str] = "Rounds"
    WIRES: ClassVar[tuple[str, ...]] = ("REGISTRY", "REPORTS", "STAKES")

    @classmethod
    def deploy(
        cls, node: Node, signer: Signer, *, registry: str, reports: str, stakes: str
    ) -> tuple[Self, Mined]:
        """Deploy the commitments of the jobs in *registry*; *reports* may not exist yet."""
        return cls._deploy(node, signer, registry, reports, stakes)

    def commit(
        self, job: int, training_round: int, updates_root: bytes, *, signer: Signer
    ) -> Mined:
        """Commit the root of round *training_round*, from 1; the coordinator only."""
        return self._send(signer, "commit", job, training_round, updates_root)

    def commit_each(
        self, job: int, first: int, roots: Iterable[bytes], *, signer: Signer
    ) -> Iterator[Mined]:
        """Commit the *roots* of the rounds from *first* on; the coordinator only."""
        commit = self._functions.commit
        calls = (commit(job, number, root) for number, root in enumerate(roots, start=first))
        return self._node.send_each((call, signer) for call in calls)

    def committed(self, job: int) -> int:
        """How many rounds are committed."""
        return int(self._ask("committed", job))

    def history(self, job: int) -> bytes:
        """The chained roots; see :func:`fedmerit.chain.tree.round_history`."""
        return bytes(self._ask("history", job))
