"""What a settlement left on a chain: where its contracts are, what it sent, the receipt.

Amounts are integers of base units throughout; participants stand in one order everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import with_config

from fedmerit.chain.jsonfile import STRICT, Address, Amount, Count, Hash, dump, load

if TYPE_CHECKING:
    from collections.abc import Iterable


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Contracts on a chain, and the job opened there; what a resumed settlement needs.

    Attributes:
        chain_id: The chain's number.
        addresses: Address of each contract, by its name.
        block: A block before which these contracts did not exist.
        job: The job's number; None until it is opened.

    """

    chain_id: Count
    addresses: dict[str, Address]
    block: Count
    job: Count | None = None

    def to_json(self) -> str:
        """Write the deployment as JSON."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> Deployment:
        """Read what :meth:`to_json` wrote; a ChainError says where it is malformed."""
        return load(cls, text)


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transaction of a settlement.

    Attributes:
        step: Which part of the settlement it belongs to, a key of ``STEPS``.
        hash: The transaction's hash.
        sender: Who signed it.
        block: Number of its block.
        timestamp: Unix seconds of its block.
        gas: Gas it used.

    """

    step: str
    hash: Hash
    sender: Address
    block: Count
    timestamp: Count
    gas: Count


def merged(*parts: Iterable[Step]) -> tuple[Step, ...]:
    """Give the transactions of all *parts*, each once, by block."""
    known = {step.hash: step for part in parts for step in part}
    return tuple(sorted(known.values(), key=lambda step: step.block))


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """An opened job and its seed, as read back from the chain.

    Attributes:
        chain_id: The chain's number.
        job: The job's number.
        seed: The settlement period's seed; zeros in a job that draws none.
        draws: How many draws it took; each after the first has somebody expelled before it.
        revealed: Who revealed in the last draw, by name: what it had bound itself to.
        slashed: Base units taken of each who did not reveal, by name.
        transactions: What was sent, in order. A draw that was resumed knows only its own
            part; a bundle adds what the chain shows of the job.

    """

    chain_id: Count
    job: Count
    seed: Hash
    draws: Count
    revealed: dict[str, Hash]
    slashed: dict[str, Amount]
    transactions: tuple[Step, ...] = field(default=())

    def to_json(self) -> str:
        """Write it as JSON."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> Drawn:
        """Read what :meth:`to_json` wrote; a ChainError says where it is malformed."""
        return load(cls, text)


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a settlement did, as read back from the chain.

    Attributes:
        chain_id: The chain's number.
        addresses: Address of each contract, by its name.
        block: A block before which these contracts did not exist.
        job: The job's number.
        accounts: Address of each participant, in index order.
        sponsor: The sponsor's address.
        coordinator: The coordinator's address.
        root: Hash of the settled payment tree's root.
        total: Base units allocated to the participants.
        reserve: Base units of the budget that nobody is paid.
        paid: Base units that each participant has claimed.
        stakes: Base units of its stake that each participant has back.
        transactions: What was sent, in order. A resumed settlement knows only its own part;
            a bundle adds what the ledger shows of the job.

    """

    chain_id: Count
    addresses: dict[str, Address]
    block: Count
    job: Count
    accounts: dict[str, Address]
    sponsor: Address
    coordinator: Address
    root: Hash
    total: Amount
    reserve: Amount
    paid: dict[str, Amount]
    stakes: dict[str, Amount]
    transactions: tuple[Step, ...] = field(default=())

    def to_json(self) -> str:
        """Write the receipt as JSON; amounts as decimal strings."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> Receipt:
        """Read what :meth:`to_json` wrote; a ChainError says where it is malformed."""
        return load(cls, text)
