"""One job's history and balances as plain values; what the audit and the report read.

:func:`fedmerit.chain.ledger.reading.read_ledger` makes one from a chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, with_config

from fedmerit.chain.jsonfile import STRICT, Address, Amount, Bytes, Count, Hash, dump, load
from fedmerit.chain.proofs.signing import Report
from fedmerit.chain.settlement.receipt import Step  # noqa: TC001 - pydantic reads it at run time

#: From here on, JSON readers round.
_INEXACT: Final = 2**53


def _exact(value: object) -> object:
    """Write numbers that JSON readers round as decimal strings."""
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return str(value) if isinstance(value, int) and value >= _INEXACT else value


def _numbers(value: object) -> object:
    """Read :func:`_exact` back: no event of ours holds a text that is all digits."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return int(value) if isinstance(value, str) and value.isdecimal() else value


_Arguments = Annotated[dict[str, Any], BeforeValidator(_numbers), PlainSerializer(_exact)]


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, decoded.

    Attributes:
        block: Number of its block.
        timestamp: Unix seconds of its block.
        transaction: Hash of its transaction.
        contract: Name of the contract that emitted it.
        name: The event's name.
        arguments: By name: integers, booleans, hex strings, and lists and dicts of them.

    """

    block: Count
    timestamp: Count
    transaction: Hash
    contract: str
    name: str
    arguments: _Arguments


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReport:
    """A report as it was posted: all that an auditor needs, out of the transaction itself.

    Attributes:
        job: The job's number.
        round: The settlement period.
        attempt: How many reports of the job were cancelled before it was signed.
        prev_root: Root of the report before.
        root: Hash of the payment tree's root.
        total: Cumulative base units.
        updates_root: The chained update roots.
        evidence: Digest of the manifest.
        permutations: How many joining orders of the seed it values in; 0 if in none.
        table_root: Root of the utilities; zeros if the valuation is not committed.
        steps_root: Root of what each member adds in each order; zeros without orders.
        values_root: Root of the members' values; zeros if they cannot be checked on chain.
        seats: Who of the committee signed, as the contract found it: bit i is member i.
        accounts: Everyone in the list, in index order.
        amounts: Cumulative base units of each.
        signatures: The committee's.

    """

    job: Count
    round: Count
    attempt: Count
    prev_root: Hash
    root: Hash
    total: Amount
    updates_root: Hash
    evidence: Hash
    permutations: Count
    table_root: Hash
    steps_root: Hash
    values_root: Hash
    seats: Amount
    accounts: tuple[Address, ...]
    amounts: tuple[Amount, ...]
    signatures: tuple[Bytes, ...]

    @property
    def statement(self) -> Report:
        """What the committee signed; see :func:`fedmerit.chain.proofs.signing.report_signers`."""
        return Report(
            job=self.job,
            round=self.round,
            attempt=self.attempt,
            prev_root=bytes.fromhex(self.prev_root[2:]),
            root=bytes.fromhex(self.root[2:]),
            total=self.total,
            updates_root=bytes.fromhex(self.updates_root[2:]),
            evidence=bytes.fromhex(self.evidence[2:]),
            permutations=self.permutations,
            table_root=bytes.fromhex(self.table_root[2:]),
            steps_root=bytes.fromhex(self.steps_root[2:]),
            values_root=bytes.fromhex(self.values_root[2:]),
        )


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One job, as the chain tells it.

    Attributes:
        chain_id: The chain's number.
        job: The job's number.
        addresses: Address of each contract, by its name.
        sponsor: Who opened the job.
        members: Accounts in index order.
        committee: Who may sign reports.
        threshold: How many of them must.
        root: Hash of the final payment tree's root; zeros if no report is final.
        funded: Base units put in.
        allocated: Base units of final reports.
        paid: Base units claimed.
        refunded: Base units given back to the sponsor.
        reserve: Base units that are neither allocated nor refunded.
        claimed: Base units that each member claimed, in index order.
        staked: Base units that each member has at stake now, in index order.
        burned: Base units of stakes and bonds that nobody can have any more.
        balances: Base units of the token that each account of this job holds now.
        events: The job's events in the order of the chain, the token's in the same
            transactions included.
        transactions: The transactions they come from, each with its gas.
        reports: What was posted, decoded from the transactions.

    """

    chain_id: Count
    job: Count
    addresses: dict[str, Address]
    sponsor: Address
    members: tuple[Address, ...]
    committee: tuple[Address, ...]
    threshold: Count
    root: Hash
    funded: Amount
    allocated: Amount
    paid: Amount
    refunded: Amount
    reserve: Amount
    claimed: tuple[Amount, ...]
    staked: tuple[Amount, ...]
    burned: Amount
    balances: dict[Address, Amount]
    events: tuple[Event, ...]
    transactions: tuple[Step, ...]
    reports: tuple[SignedReport, ...]

    def to_json(self) -> str:
        """Write the ledger as JSON; large numbers as decimal strings."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> Ledger:
        """Read what :meth:`to_json` wrote; a ChainError says where it is malformed."""
        return load(cls, text)
