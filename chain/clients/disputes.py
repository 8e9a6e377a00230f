"""Disputes of pending reports: whoever audits sends the proofs, or asks the arbiter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from fedmerit.chain.clients.base import Client
from fedmerit.chain.proofs.signing import Challenge

if TYPE_CHECKING:
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined
    from fedmerit.chain.proofs.signing import Report


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

    def dispute(self, function: str, *arguments: object, signer: Signer) -> Mined:
        """Send a proof, or open a challenge; *arguments* are as the contract names them."""
        return self._send(signer, function, *arguments)

    def settle(self, report: Report, seats: int, challenge: int, *, signer: Signer) -> Mined:
        """Settle a challenge by what its arbiter found; anyone may send it."""
        fields = tuple(report.fields().values())
        return self._send(signer, "settle", fields, seats, challenge)

    def challenges(self) -> int:
        """How many challenges there have been, over all jobs."""
        return int(self._ask("challenges"))

    def challenge_of(self, number: int) -> Challenge:
        """The challenge of this number."""
        job, signed, question, challenger, deadline, fault, is_open = self._ask(
            "challengeOf", number
        )
        return Challenge(
            int(job),
            bytes(signed),
            bytes(question),
            str(challenger),
            int(deadline),
            int(fault),
            bool(is_open),
        )

    def summed(self, signed: bytes, prover: str, member: int) -> int:
        """How many coalitions *prover* has sent of the table that *signed* commits to.

        See ``IDisputes.proveShapley``; *signed* is as ``IReports.hashSigned`` gives it.
        """
        return int(self._ask("summed", signed, prover, member)[0])

    def proven(self, job: int, *, first_block: int) -> tuple[str, ...]:
        """Who proved a report of *job* false, in the order of the chain."""
        logs = self._logged("FaultProven", first_block, job=job)
        return tuple(str(arguments["prover"]) for arguments in logs)
