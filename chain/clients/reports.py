"""Settlement reports: posted, challenged, final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined
    from fedmerit.chain.proofs.signing import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A report in its challenge window.

    Attributes:
        round: Its settlement period, from 1.
        deadline: Unix seconds from which it may be finalised.
        root: Hash of its payment tree's root.
        total: Cumulative base units.

    """

    round: int
    deadline: int
    root: bytes
    total: int


class Posted(NamedTuple):
    """A report as it was posted: its period, root, cumulative total and evidence."""

    round: int
    root: bytes
    total: int
    evidence: bytes


class Reports(Client):
    """The ``Reports`` contract."""

    NAME: ClassVar[str] = "Reports"
    WIRES: ClassVar[tuple[str, ...]] = ("REGISTRY", "ROUNDS", "VAULT", "STAKES", "DISPUTES")

    @classmethod
    def deploy(
        cls,
        node: Node,
        signer: Signer,
        *,
        registry: str,
        rounds: str,
        vault: str,
        stakes: str,
        disputes: str,
    ) -> tuple[Self, Mined]:
        """Deploy the reports of the jobs in *registry*, which *vault* pays out."""
        return cls._deploy(node, signer, registry, rounds, vault, stakes, disputes)

    def post_list(
        self,
        report: Report,
        accounts: Sequence[str],
        amounts: Sequence[int],
        signatures: Sequence[bytes],
        *,
        signer: Signer,
    ) -> Mined:
        """Post *report* with the list it is about, so that the contract builds the root.

        Args:
            report: What the committee signed.
            accounts: All members, in index order.
            amounts: Cumulative base units of each.
            signatures: The committee's, in ascending order of signer.
            signer: Who sends it; anyone may.

        """
        fields = tuple(report.fields().values())
        return self._send(
            signer, "postList", fields, list(accounts), list(amounts), list(signatures)
        )

    def finalise(self, job: int, *, signer: Signer) -> Mined:
        """Make the pending report final; anyone may, from its deadline on."""
        return self._send(signer, "finalise", job)

    def pending(self, job: int) -> Pending | None:
        """The report that waits for its deadline; None if none does."""
        round_, root, total, deadline = self._ask("pending", job)
        if not deadline:
            return None
        return Pending(
            round=int(round_), root=bytes(root), total=int(total), deadline=int(deadline)
        )

    def posted(self, job: int, *, first_block: int) -> tuple[Posted, ...]:
        """Every report of *job* that was posted since *first_block*."""
        logs = self._logged("ReportPosted", first_block, job=job)
        return tuple(
            Posted(int(a["round"]), bytes(a["root"]), int(a["total"]), bytes(a["evidence"]))
            for a in logs
        )

    def posting(self, transaction: str) -> dict[str, Any] | None:
        """Give the arguments of a ``postList`` *transaction*.

        None if it reached this contract through another one, whose input says nothing.
        """
        sent = self._node.transaction(transaction)
        if sent.get("to") != self.address:
            return None
        function, arguments = self._contract.decode_function_input(sent["input"])
        return arguments if function.fn_name == "postList" else None

    def attempt(self, job: int) -> int:
        """How many reports of *job* were cancelled: what the next one is signed for."""
        return int(self._ask("attempt", job))

    def hash_signed(self, report: Report, seats: int) -> bytes:
        """What a dispute is of: *report* and who of the committee signed it, as a bitmask."""
        return bytes(self._ask("hashSigned", tuple(report.fields().values()), seats))

    def final_round(self, job: int) -> int:
        """The last final settlement period; 0 before the first."""
        return int(self._ask("finalRound", job))

    def hash_report(self, report: Report) -> bytes:
        """The EIP-712 digest of *report*, as the contract computes it."""
        return bytes(self._ask("hashReport", tuple(report.fields().values())))
