"""The update commitments of each training round, and the draw of each settlement period."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined


#: What a member's commitment gives way to once it has revealed, or was expelled.
REVEALED: Final = bytes(31) + b"\1"
EXPELLED: Final = bytes(31) + b"\2"
#: What nobody committed to.
NOTHING: Final = bytes(32)


class Draw(NamedTuple):
    """A draw as it stands: see ``IRounds.Draw``; no deadline means that none is under way."""

    number: int
    commit_deadline: int
    reveal_deadline: int
    committed: int
    revealed: int
    expelled: int
    trained: int
    repeated: bool


class Revealed(NamedTuple):
    """What an account showed in a draw: the digest of its updates, and its salt."""

    account: str
    digest: bytes
    salt: bytes


class Rounds(Client):
    """The ``Rounds`` contract: one update root a training round, chained, and the draws."""

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
        """The chained roots; see :func:`fedmerit.chain.proofs.tree.round_history`."""
        return bytes(self._ask("history", job))

    def begin(self, job: int, *, signer: Signer) -> Mined:
        """Begin the draw of the period that is next to be reported; the coordinator only."""
        return self._send(signer, "begin", job)

    def bind_each(self, job: int, bound: Iterable[tuple[bytes, Signer]]) -> Iterator[Mined]:
        """Send every member's commitment to its updates, each signed by itself."""
        call = self._functions.commitUpdate
        return self._node.send_each((call(job, what), signer) for what, signer in bound)

    def reveal_each(self, job: int, shown: Iterable[tuple[Revealed, Signer]]) -> Iterator[Mined]:
        """Reveal what members committed to, each sent by the signer beside it."""
        call = self._functions.reveal
        return self._node.send_each((call(job, *what), signer) for what, signer in shown)

    def expel(self, job: int, accounts: Sequence[str], *, signer: Signer) -> Mined:
        """Slash those of *accounts* that did not reveal; anyone may, once the time is over."""
        return self._send(signer, "expel", job, list(accounts))

    def draw(self, job: int, *, signer: Signer) -> Mined:
        """End the draw with a seed, or begin it again without those who were expelled."""
        return self._send(signer, "draw", job)

    def draw_of(self, job: int) -> Draw:
        """The draw of *job* that is under way, or the last one."""
        return Draw(*self._ask("drawOf", job))

    def commitment_of(self, job: int, draw: int, account: str) -> bytes:
        """What *account* committed to, :data:`REVEALED`, :data:`EXPELLED` or :data:`NOTHING`."""
        return bytes(self._ask("commitmentOf", job, draw, account))

    def seed(self, job: int, period: int) -> bytes:
        """The seed of a settlement period; zeros before it is drawn."""
        return bytes(self._ask("drawn", job, period)[0])

    def revealed(self, job: int, draw: int, *, first_block: int) -> tuple[Revealed, ...]:
        """What was revealed in a draw, in the order of the chain."""
        logs = self._logged("Revealed", first_block, job=job)
        return tuple(
            Revealed(str(a["account"]), bytes(a["updateDigest"]), bytes(a["salt"]))
            for a in logs
            if int(a["draw"]) == draw
        )
