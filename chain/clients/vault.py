"""The money: funded, allocated, claimed, refunded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined
    from fedmerit.chain.proofs.tree import SumNode


@dataclass(frozen=True, slots=True)
class Claim:
    """One participant's claim.

    Attributes:
        index: The participant's index.
        account: Its account, which is paid whoever sends the claim.
        amount: Cumulative base units that the final report owes it.
        proof: Siblings from its leaf up.

    """

    index: int
    account: str
    amount: int
    proof: Sequence[SumNode]

    def fields(self) -> tuple[object, ...]:
        """Give the struct in the contract's order."""
        siblings = [(node.hash, node.sum) for node in self.proof]
        return (self.index, self.account, self.amount, siblings)


class JobVault(Client):
    """The ``JobVault`` contract."""

    NAME: ClassVar[str] = "JobVault"
    WIRES: ClassVar[tuple[str, ...]] = ("REGISTRY", "REPORTS")

    @classmethod
    def deploy(
        cls, node: Node, signer: Signer, *, registry: str, reports: str, guardian: str
    ) -> tuple[Self, Mined]:
        """Deploy the vault of the jobs in *registry*; *guardian* may pause new reports."""
        return cls._deploy(node, signer, registry, reports, guardian)

    def fund(self, job: int, amount: int, *, signer: Signer) -> Mined:
        """Put *amount* base units of the job's token in; they must be approved before."""
        return self._send(signer, "fund", job, amount)

    def claim(self, job: int, claim: Claim, *, signer: Signer) -> Mined:
        """Pay a participant what it is still owed; anyone may send it."""
        return self._send(signer, "claim", job, *claim.fields())

    def claim_each(self, job: int, claims: Iterable[tuple[Claim, Signer]]) -> Iterator[Mined]:
        """Send every claim in a transaction of its own signer's."""
        claim = self._functions.claim
        return self._node.send_each((claim(job, *c.fields()), signer) for c, signer in claims)

    def claim_many(self, job: int, claims: Iterable[Claim], *, signer: Signer) -> Mined:
        """Pay many at once; one that is paid already is passed over."""
        return self._send(signer, "claimMany", job, [claim.fields() for claim in claims])

    def push(self, job: int, claims: Iterable[Claim], *, signer: Signer) -> Mined:
        """Pay many at once, and credit whoever's account does not take it, instead of failing."""
        return self._send(signer, "push", job, [claim.fields() for claim in claims])

    def withdraw(self, job: int, account: str, *, signer: Signer) -> Mined:
        """Send *account* what it was credited; anyone may send it."""
        return self._send(signer, "withdraw", job, account)

    def owed(self, job: int, account: str) -> int:
        """Base units that *account* was credited and has not withdrawn."""
        return int(self._ask("owed", job, account))

    def refund(self, job: int, *, signer: Signer) -> Mined:
        """Give what is not allocated back, once the job has ended; the sponsor only."""
        return self._send(signer, "refund", job)

    def funded(self, job: int) -> int:
        """Base units put in so far."""
        return int(self._ask("funded", job))

    def allocated(self, job: int) -> int:
        """Base units of all final reports."""
        return int(self._ask("allocated", job))

    def paid(self, job: int) -> int:
        """Base units claimed so far."""
        return int(self._ask("paid", job))

    def refunded(self, job: int) -> int:
        """Base units given back to the sponsor."""
        return int(self._ask("refunded", job))

    def reserve(self, job: int) -> int:
        """Base units that are neither allocated nor refunded."""
        return int(self._ask("reserve", job))

    def claimed(self, job: int, index: int) -> int:
        """Base units that participant *index* has claimed."""
        return int(self._ask("claimed", job, index))

    def root(self, job: int) -> bytes:
        """Hash of the final payment tree's root; zeros before the first."""
        return bytes(self._ask("root", job))
