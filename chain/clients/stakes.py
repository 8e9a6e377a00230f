"""What members, evaluators and challengers can lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined


class Stake(NamedTuple):
    """Base units at stake, and the Unix second from which they can be taken; 0 if unasked."""

    amount: int
    released_at: int


class Stakes(Client):
    """The ``Stakes`` contract."""

    NAME: ClassVar[str] = "Stakes"
    WIRES: ClassVar[tuple[str, ...]] = ("REGISTRY", "ROUNDS", "DISPUTES")

    @classmethod
    def deploy(
        cls, node: Node, signer: Signer, *, registry: str, rounds: str, disputes: str
    ) -> tuple[Self, Mined]:
        """Deploy the stakes of the jobs in *registry*; the others may not exist yet."""
        return cls._deploy(node, signer, registry, rounds, disputes)

    def put(self, job: int, *, signer: Signer) -> Mined:
        """Put the job's stake down; it must be approved before."""
        return self._send(signer, "put", job)

    def put_each(self, job: int, signers: Iterable[Signer]) -> Iterator[Mined]:
        """Let each of *signers* put the job's stake down; it must be approved before."""
        return self._node.send_each((self._functions.put(job), signer) for signer in signers)

    def exit_each(self, job: int, signers: Iterable[Signer]) -> Iterator[Mined]:
        """Let each ask for its stake; it is released when the job's unbonding is over."""
        return self._node.send_each((self._functions.exit(job), signer) for signer in signers)

    def withdraw_each(self, job: int, signers: Iterable[Signer]) -> Iterator[Mined]:
        """Let each take its stake, once it is released."""
        return self._node.send_each((self._functions.withdraw(job), signer) for signer in signers)

    def collect(self, job: int, account: str, *, signer: Signer) -> Mined:
        """Pay *account* the rewards and bonds it is owed; anyone may send it."""
        return self._send(signer, "collect", job, account)

    def stake_of(self, job: int, account: str) -> Stake:
        """What *account* has at stake."""
        amount, released_at = self._ask("stakeOf", job, account)
        return Stake(int(amount), int(released_at))

    def active(self, job: int, account: str) -> bool:
        """Whether all that the job asks for is at stake, and not asked for."""
        return bool(self._ask("active", job, account))

    def owed(self, job: int, account: str) -> int:
        """Base units that :meth:`collect` would pay."""
        return int(self._ask("owed", job, account))

    def burned(self, job: int) -> int:
        """Base units that nobody can have any more."""
        return int(self._ask("burned", job))

    def slashed(self, job: int, *, first_block: int) -> dict[str, int]:
        """Base units taken of each account's stake since *first_block*."""
        return _sums(self._logged("Slashed", first_block, job=job))

    def returned(self, job: int, *, first_block: int) -> dict[str, int]:
        """Base units of its stake that each account took back since *first_block*."""
        return _sums(self._logged("Unstaked", first_block, job=job))


def _sums(logs: Iterable[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for arguments in logs:
        account = str(arguments["account"])
        found[account] = found.get(account, 0) + int(arguments["amount"])
    return found
