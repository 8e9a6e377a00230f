"""What a settlement is asked to do, and what it did: the order, the receipt.

Amounts are integers of base units throughout; participants stand in one order everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pydantic import with_config

from fedmerit.chain.jsonfile import STRICT, Address, Amount, Count, Hash, dump, load
from fedmerit.chain.tree import MAXIMUM_AMOUNT
from fedmerit.errors import ChainError, suggestion

#: Roles of their own; participants may not take these names.
OFFICES: Final = ("sponsor", "coordinator")
_WORD: Final = len(bytes(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One settlement period, ready to be settled.

    Attributes:
        participants: Names, in index order; the same on the chain.
        payments: Base units of each, cumulative over the job.
        budget: Base units that the sponsor puts in.
        update_roots: 32 bytes a training round, from round 1.
        evidence: 32 bytes: the digest of the evidence's manifest.
        committee: Participants that sign the report.
        threshold: How many of their signatures the contract asks for.
        challenge_window: Seconds between a report and its finality.

    Raises:
        ChainError: It cannot be settled; the message says what does not fit.

    """

    participants: tuple[str, ...]
    payments: tuple[int, ...]
    budget: int
    update_roots: tuple[bytes, ...]
    evidence: bytes
    committee: tuple[str, ...]
    threshold: int
    challenge_window: int

    def __post_init__(self) -> None:
        self._check_people()
        self._check_money()
        if any(len(word) != _WORD for word in (*self.update_roots, self.evidence)):
            raise ChainError("update roots and the evidence digest must be 32 bytes each")
        if self.evidence == bytes(_WORD):
            raise ChainError("the evidence digest is all zeros: nothing would be bound to the pay")
        if not 0 <= self.challenge_window < 2**32:
            raise ChainError(f"a challenge window of {self.challenge_window} seconds")

    @property
    def reserve(self) -> int:
        """Base units of the budget that nobody is paid."""
        return self.budget - sum(self.payments)

    def _check_people(self) -> None:
        if not self.participants or len(set(self.participants)) != len(self.participants):
            raise ChainError(f"participants must be distinct names, got {self.participants}")
        for office in set(OFFICES) & set(self.participants):
            raise ChainError(
                f"a participant is called {office!r}, which is a role of its own",
                hint="Rename the participant.",
            )
        for name in self.committee:
            if name not in self.participants:
                raise ChainError(
                    f"{name!r} is on the committee and no participant",
                    hint=suggestion(name, self.participants),
                )
        if len(set(self.committee)) != len(self.committee):
            raise ChainError(f"the committee names somebody twice: {self.committee}")
        if not 1 <= self.threshold <= len(self.committee):
            raise ChainError(
                f"{self.threshold} of {len(self.committee)} committee members cannot sign",
                hint=f"Set the threshold between 1 and {len(self.committee)}.",
            )

    def _check_money(self) -> None:
        if len(self.payments) != len(self.participants):
            raise ChainError(
                f"{len(self.payments)} payments for {len(self.participants)} participants"
            )
        for name, amount in zip(self.participants, self.payments, strict=True):
            if not 0 <= amount <= MAXIMUM_AMOUNT:
                raise ChainError(
                    f"{name!r} is to be paid {amount} base units; contracts take 0 to 2^128 - 1",
                    hint="Choose a smaller budget, or a token with fewer decimals.",
                )
        if not 0 < self.budget <= MAXIMUM_AMOUNT:
            raise ChainError(
                f"a budget of {self.budget} base units; contracts take 1 to 2^128 - 1",
                hint="Choose another budget, or a token with fewer decimals.",
            )
        if self.reserve < 0:
            raise ChainError(
                f"payments of {sum(self.payments)} base units pass the budget of {self.budget}"
            )


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
        transactions: What was sent, in order. A resumed settlement knows only its own part;
            the ledger has all of it.

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
    transactions: tuple[Step, ...] = field(default=())

    def to_json(self) -> str:
        """Write the receipt as JSON; amounts as decimal strings."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> Receipt:
        """Read what :meth:`to_json` wrote; a ChainError says where it is malformed."""
        return load(cls, text)
