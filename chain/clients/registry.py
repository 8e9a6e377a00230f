"""Jobs, their terms and their members."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from fedmerit.chain.clients.base import Client
from fedmerit.chain.proofs.committed import Form
from fedmerit.errors import ChainError, Reverted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined

#: Where nobody is.
ZERO_ADDRESS: Final = f"0x{bytes(20).hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguards:
    """What a job adds to signatures; all zero is a job without draws, stakes and arbiter.

    Attributes:
        commit_window: Seconds in which members commit to their updates; 0 draws no seeds.
        reveal_window: Seconds in which they reveal what they committed to.
        ruling_window: Seconds that the arbiter has to rule on a challenge.
        unbonding: Seconds from asking for a stake to taking it; more than all other windows.
        stake: Base units that every member and signing evaluator puts down.
        slash: Base units taken of it for a proven fault.
        bond: Base units that a challenger puts down.
        arbiter: Who rules on what the chain cannot compute.

    """

    commit_window: int = 0
    reveal_window: int = 0
    ruling_window: int = 0
    unbonding: int = 0
    stake: int = 0
    slash: int = 0
    bond: int = 0
    arbiter: str = ZERO_ADDRESS

    @classmethod
    def of(cls, *found: Any) -> Self:  # noqa: ANN401 - the ABI decides
        """Take up the struct as the contract gives it."""
        return cls(**{name.name: value for name, value in zip(fields(cls), found, strict=True)})

    def fields(self) -> tuple[object, ...]:
        """Give the struct in the contract's order."""
        return astuple(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a job's sponsor lays down once and for all.

    Attributes:
        coordinator: Who closes registration and commits update roots.
        token: The ERC-20 that is paid out.
        round_budget: Base units that one settlement period may add to the total.
        challenge_window: Seconds between a report and its finality.
        ends_at: Unix seconds after which nothing is reported, and the rest is refunded.
        threshold: How many committee signatures a report needs.
        form: In which form every report commits to its valuation.
        permutations: In how many joining orders of the seed, for :attr:`Form.ORDERS`; else 0.
        rules: Digest of what the members are valued and paid by; zeros name nothing.
        allow_root: Root of the allow-list of accounts that may join.
        committee: Who signs reports, addresses in ascending order.
        safeguards: What the job adds to their signatures.

    """

    coordinator: str
    token: str
    round_budget: int
    challenge_window: int
    ends_at: int
    threshold: int
    allow_root: bytes
    committee: tuple[str, ...]
    form: Form = Form.OPEN
    permutations: int = 0
    rules: bytes = bytes(32)
    safeguards: Safeguards = Safeguards()

    def fields(self) -> tuple[object, ...]:
        """Give the struct in the contract's order."""
        return (
            self.coordinator,
            self.token,
            self.round_budget,
            self.challenge_window,
            self.ends_at,
            self.threshold,
            int(self.form),
            self.permutations,
            self.rules,
            self.allow_root,
            self.committee,
            self.safeguards.fields(),
        )


class Registry(Client):
    """The ``Registry`` contract."""

    NAME: ClassVar[str] = "Registry"
    WIRES: ClassVar[tuple[str, ...]] = ("STAKES",)

    @classmethod
    def deploy(cls, node: Node, signer: Signer, *, stakes: str) -> tuple[Self, Mined]:
        """Deploy an empty registry; *stakes* may not exist yet."""
        return cls._deploy(node, signer, stakes)

    def open(self, terms: Terms, *, signer: Signer) -> tuple[int, Mined]:
        """Open a job as its sponsor; give its number."""
        mined = self._send(signer, "open", terms.fields())
        receipt = self._node.receipt(mined.hash)
        opened = self._contract.events.JobOpened()
        with self._node.translated():
            for log in receipt["logs"]:
                if log["address"] == self.address:
                    return int(opened.process_log(log)["args"]["job"]), mined
        raise ChainError(f"transaction {mined.hash} opened no job")

    def join(self, job: int, proof: Sequence[bytes], *, signer: Signer) -> Mined:
        """Join as *signer*; *proof* shows that the account is on the allow-list."""
        return self._send(signer, "join", job, list(proof))

    def close(self, job: int, *, signer: Signer) -> Mined:
        """End registration; the coordinator only."""
        return self._send(signer, "close", job)

    def terms(self, job: int) -> Terms:
        """The terms of *job*; reverts with ``UnknownJob`` where there is none."""
        (
            coordinator,
            token,
            budget,
            window,
            ends_at,
            threshold,
            form,
            permutations,
            rules,
            allow_root,
            committee,
            safeguards,
        ) = self._ask("terms", job)
        return Terms(
            coordinator=str(coordinator),
            token=str(token),
            round_budget=int(budget),
            challenge_window=int(window),
            ends_at=int(ends_at),
            threshold=int(threshold),
            form=Form(form),
            permutations=int(permutations),
            rules=bytes(rules),
            allow_root=bytes(allow_root),
            committee=tuple(map(str, committee)),
            safeguards=Safeguards.of(*safeguards),
        )

    def opened_by(self, sponsor: str, *, first_block: int) -> tuple[int, ...]:
        """The jobs that *sponsor* opened since *first_block*."""
        logs = self._logged("JobOpened", first_block, sponsor=sponsor)
        return tuple(int(arguments["job"]) for arguments in logs)

    def sponsor(self, job: int) -> str:
        """Who opened *job*."""
        return str(self._ask("sponsor", job))

    def member_count(self, job: int) -> int:
        """How many have joined."""
        return int(self._ask("memberCount", job))

    def index_of(self, job: int, account: str) -> int | None:
        """The participant index of *account*; None if it has not joined."""
        try:
            return int(self._ask("indexOf", job, account))
        except Reverted as error:
            if error.error == "NotMember":
                return None
            raise

    def members_digest(self, job: int) -> bytes:
        """The chained accounts; see :func:`fedmerit.chain.proofs.tree.members_digest`."""
        return bytes(self._ask("membersDigest", job))

    def closed(self, job: int) -> bool:
        """Whether registration has ended."""
        return bool(self._ask("closed", job))
