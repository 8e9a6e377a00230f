"""Settlement reports as EIP-712 typed data: hashing, signing, and who signed.

Needs no node: an audit holds the committee's signatures against a report offline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedmerit.chain.keys import Signer

_TYPES: Final = {
    "Report": [
        {"name": "job", "type": "uint256"},
        {"name": "round", "type": "uint256"},
        {"name": "attempt", "type": "uint256"},
        {"name": "prevRoot", "type": "bytes32"},
        {"name": "root", "type": "bytes32"},
        {"name": "total", "type": "uint256"},
        {"name": "updatesRoot", "type": "bytes32"},
        {"name": "evidence", "type": "bytes32"},
        {"name": "permutations", "type": "uint256"},
        {"name": "tableRoot", "type": "bytes32"},
        {"name": "stepsRoot", "type": "bytes32"},
        {"name": "valuesRoot", "type": "bytes32"},
    ]
}

_RULING: Final = {
    "Ruling": [
        {"name": "challenge", "type": "uint256"},
        {"name": "signed", "type": "bytes32"},
        {"name": "question", "type": "bytes32"},
        {"name": "verdict", "type": "uint8"},
    ]
}


class Challenge(NamedTuple):
    """A challenge as it stands: see ``IDisputes.Challenge``; no job means that there is none."""

    job: int
    signed: bytes
    question: bytes
    challenger: str
    deadline: int
    fault: int
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Where a signature is valid: one Reports contract on one chain.

    Attributes:
        chain_id: The chain's number.
        reports: Address of the Reports contract.

    """

    chain_id: int
    reports: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One settlement period, as the committee signs it.

    Attributes:
        job: The job's number.
        round: The settlement period, from 1.
        attempt: How many reports of the job were cancelled before: a signature is good for one.
        prev_root: Root of the last final report; zeros before the first.
        root: Hash of the payment tree's root.
        total: Cumulative base units of all participants.
        updates_root: ``Rounds.history``: the chained update roots so far.
        evidence: Digest of the manifest of the evidence.
        permutations: How many joining orders of the round's seed it values in; 0 if exactly.
        table_root: Root of the utilities; zeros if the valuation is not committed.
        steps_root: Root of what each member adds in each order; zeros if valued exactly.
        values_root: Root of the members' values.

    """

    job: int
    round: int
    prev_root: bytes
    root: bytes
    total: int
    updates_root: bytes
    evidence: bytes
    attempt: int = 0
    permutations: int = 0
    table_root: bytes = bytes(32)
    steps_root: bytes = bytes(32)
    values_root: bytes = bytes(32)

    def fields(self) -> dict[str, Any]:
        """Give the struct under the contract's field names."""
        return {
            "job": self.job,
            "round": self.round,
            "attempt": self.attempt,
            "prevRoot": self.prev_root,
            "root": self.root,
            "total": self.total,
            "updatesRoot": self.updates_root,
            "evidence": self.evidence,
            "permutations": self.permutations,
            "tableRoot": self.table_root,
            "stepsRoot": self.steps_root,
            "valuesRoot": self.values_root,
        }

    def message(self, domain: Domain) -> SignableMessage:
        """Give the EIP-712 message that the committee signs."""
        where = {
            "name": "fedmerit",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.reports,
        }
        return encode_typed_data(where, _TYPES, self.fields())

    def digest(self, domain: Domain) -> bytes:
        """Give the 32 bytes under the signatures; ``Reports.hashReport`` gives the same."""
        message = self.message(domain)
        return keccak(b"\x19" + message.version + message.header + message.body)


def sign_report(report: Report, signers: Iterable[Signer], domain: Domain) -> list[bytes]:
    """Sign as every one of *signers*, in ascending order of address as the contract asks."""
    message = report.message(domain)
    ordered = sorted(signers, key=lambda signer: int(signer.address, 16))
    return [signer.sign(message) for signer in ordered]


def sign_ruling(
    challenge: int,
    asked: Challenge,
    verdict: int,
    signers: Iterable[Signer],
    *,
    chain_id: int,
    arbiter: str,
) -> list[bytes]:
    """Sign a verdict on a challenge as *signers*, in ascending order of address.

    What is signed names the report and the question, and not the challenge's number alone: a
    chain that takes blocks back gives the number to another challenge.

    Args:
        challenge: The challenge's number.
        asked: What is asked under it.
        verdict: See :mod:`fedmerit.chain.clients.arbiter`.
        signers: Members of the job's committee.
        chain_id: The chain's number.
        arbiter: Address of the CommitteeArbiter contract.
    """
    where = {
        "name": "fedmerit arbiter",
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": arbiter,
    }
    told = {"signed": asked.signed, "question": asked.question, "verdict": verdict}
    message = encode_typed_data(where, _RULING, {"challenge": challenge, **told})
    ordered = sorted(signers, key=lambda signer: int(signer.address, 16))
    return [signer.sign(message) for signer in ordered]


def report_signers(report: Report, signatures: Sequence[bytes], domain: Domain) -> list[str]:
    """Recover the address behind each signature of *report*.

    Raises:
        ChainError: A signature is malformed.

    """
    message = report.message(domain)
    return [_signer(message, *numbered) for numbered in enumerate(signatures)]


def _signer(message: SignableMessage, position: int, signature: bytes) -> str:
    try:
        return str(Account.recover_message(message, signature=signature))
    except (BadSignature, ValidationError, ValueError, IndexError) as error:
        raise ChainError(f"signature {position} of the report is malformed: {error}") from error
