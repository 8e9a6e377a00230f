"""Send what an audit found to the contracts, while the report still waits.

A finished bundle's report is final, and nothing can be done about it on its own chain. Where
that chain was the embedded one, it is built again up to the moment before: to see what the
dispute would have done.

A stranger's bundle names the contracts, and the challenger's money goes to them. So nothing is
sent before they are known to be ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from fedmerit.auditing.code import nothing_imported_from, require_allowed
from fedmerit.auditing.files import check_files
from fedmerit.auditing.provable import faults_of
from fedmerit.auditing.settled import check_place
from fedmerit.auditing.site import Site, deployment_of
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import TRANSCRIPT
from fedmerit.chain import Transcript, replay
from fedmerit.chain.ledger.shipped import other_code
from fedmerit.chain.node.funding import DISPUTE_GAS, SUMMED_GAS, ensure_gas
from fedmerit.chain.settlement.deployment import Contracts
from fedmerit.chain.settlement.terms import bond_of
from fedmerit.errors import BundleError, ChainError
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.auditing.faults import Fault
    from fedmerit.auditing.verdict import Spots
    from fedmerit.chain import Deployment, Keyring, Ledger, Node, Signer
    from fedmerit.stages.chains import ChainChoice

#: Whose key signs a dispute.
CHALLENGER: Final = "challenger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """What a dispute did.

    Attributes:
        fault: What was disputed.
        transaction: The hash of the transaction, the last of those that it took.
        gas: What all of them used.
        cancelled: Whether the report is cancelled, and its signers slashed.
        challenge: The challenge's number, where an arbiter has to rule first; else None.
        owed: Base units that the challenger can collect now.
        node: The chain as the dispute left it.
    """

    fault: Fault
    transaction: str
    gas: int
    cancelled: bool
    challenge: int | None
    owed: int
    node: Node

    @property
    def sentence(self) -> str:
        """What happened, in one sentence."""
        if self.challenge is None:
            return (
                f"{self.fault.function} is proven: the report is cancelled, its signers are "
                f"slashed, and the challenger is owed {self.owed} base units."
            )
        return (
            f"Challenge {self.challenge} is open: the report is not final before the arbiter has "
            "ruled, or its time is over."
        )

    def as_json(self) -> dict[str, object]:
        """Give it as plain values."""
        return {
            "fault": self.fault.detail,
            "kind": self.fault.kind,
            "function": self.fault.function,
            "transaction": self.transaction,
            "gas": self.gas,
            "cancelled": self.cancelled,
            "challenge": self.challenge,
            "owed": str(self.owed),
        }


def dispute(
    bundle: Bundle | Path | str,
    number: int,
    chain: ChainChoice,
    *,
    faults: tuple[Fault, ...] | None = None,
    spots: Spots | None = None,
    allow_model: str | None = None,
    allow_metric: str | None = None,
) -> Disputed:
    """Send the transaction that proves fault *number* of *bundle*, counted from 1.

    Args:
        bundle: The bundle or its directory, finished or not.
        number: The fault's, as the audit numbers them.
        chain: Its node, and whose key signs; the bundle's own transactions are replayed up to
            the end of the challenge window if it names none.
        faults: What an audit found; found again if None.
        spots: The spot checks to find them by, too, as the audit drew them.
        allow_model: The model whose code those may run, where the scenario names one.
        allow_metric: The metric, likewise.

    Raises:
        AuditImpossible: Nothing was reported yet, or the chain is a node and none is named.
        BundleError: Its files are not those that it lists, or tell of two settlements.
        ChainError: There is no such fault, no key or money to dispute it with, or the contracts
            or the bond are not those that this version and the scenario ask for.
        Reverted: The contract refuses, for instance since the window is over.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    there, site = deployment_of(opened), Site(opened, chain.rpc)
    ledger = site.ledger
    allowed = allow_model, allow_metric
    found = _found(opened, ledger, spots, allowed) if faults is None else faults
    if not 1 <= number <= len(found):
        raise ChainError(
            f"there is no fault {number}: {len(found)} were found in {opened.path}",
            hint=f"List them: fedmerit audit {argument(opened.path)}",
        )
    fault = found[number - 1]
    node = site.node if chain.rpc else _while_it_waited(opened, ledger, fault)
    _check_files(opened)
    contracts = _checked(node, there, opened.scenario.reward.budget)
    return _send(contracts, node, ledger, fault, chain.keys(opened.scenario))


def _found(
    bundle: Bundle, ledger: Ledger, spots: Spots | None, allowed: tuple[str | None, str | None]
) -> tuple[Fault, ...]:
    """Find again what an audit found, in its order."""
    faults = faults_of(bundle, ledger)
    if spots is None or not spots.count:
        return faults
    _check_files(bundle)
    require_allowed(bundle, *allowed)
    with nothing_imported_from(bundle.path):
        from fedmerit.auditing.spots import check_spots  # noqa: PLC0415 - imports torch

        return faults + check_spots(bundle, ledger, spots)[1]


def _check_files(bundle: Bundle) -> None:
    checks = (*check_files(bundle), *((check_place(bundle),) if bundle.sealed else ()))
    for check in checks:
        if check.status == "differs":
            raise BundleError(
                f"nothing is sent on this bundle's word: {check.name}: {check.detail}",
                hint="Ask whoever ran it for an undamaged copy of the bundle.",
            )


def _checked(node: Node, there: Deployment, budget: int) -> Contracts:
    """Take up the contracts, and see that they and the job's bond are what they have to be."""
    contracts = Contracts.attach(node, there)
    if other := other_code(node, contracts):
        raise ChainError(
            f"{', '.join(other)} run other code than this version ships, so nothing is sent",
            hint="Dispute with the version of fedmerit that settled the bundle.",
        )
    terms = contracts.registry.terms(there.job or 0)
    asked = terms.token, terms.safeguards.arbiter, terms.safeguards.bond
    implied = contracts.token.address, contracts.arbiter.address, bond_of(budget)
    if asked != implied:
        raise ChainError(
            f"job {there.job} asks for another token, arbiter or bond {asked} than the scenario "
            f"implies, {implied}: nothing is sent",
            hint="The scenario in the bundle is not the one that the job was opened for.",
        )
    return contracts


def _while_it_waited(bundle: Bundle, ledger: Ledger, fault: Fault) -> Node:
    """Build the embedded chain again as it was before the report became final."""
    kept, period = Transcript.from_json(bundle.text(TRANSCRIPT)), ledger.reports[fault.report].round
    ends = {
        event.transaction
        for event in ledger.events
        if event.name == "ReportFinalised" and event.arguments["round"] == period
    }
    hashes = kept.hashes
    until = next((at for at, sent in enumerate(hashes) if sent in ends), len(hashes))
    return replay(replace(kept, entries=kept.entries[:until]))


def _send(
    contracts: Contracts, node: Node, ledger: Ledger, fault: Fault, keys: Keyring
) -> Disputed:
    signer = keys.signer(CHALLENGER)
    calls = fault.calls(ledger.reports[fault.report])
    if fault.earlier:
        calls = calls[_summed(contracts, ledger, fault, signer) :]
    ensure_gas(node, signer, sum(_gas(fault, call) for call in calls))
    job, asks = ledger.job, fault.function == "challenge"
    if asks:
        _bond(node, contracts, job, keys, signer)
    before = contracts.disputes.challenges()
    sent = [contracts.disputes.dispute(fault.function, *call, signer=signer) for call in calls]
    return Disputed(
        fault=fault,
        transaction=sent[-1].hash,
        gas=sum(mined.gas for mined in sent),
        cancelled=contracts.reports.pending(job) is None,
        challenge=before + 1 if asks else None,
        owed=contracts.stakes.owed(job, signer.address),
        node=node,
    )


def _gas(fault: Fault, call: tuple[Any, ...]) -> int:
    """Bound the gas of one of the fault's calls: what a whole table takes grows with it."""
    if fault.function != "proveShapley":
        return DISPUTE_GAS
    width, utilities, _ = call[-1]
    return DISPUTE_GAS + SUMMED_GAS * int(len(utilities) // width)


def _summed(contracts: Contracts, ledger: Ledger, fault: Fault, challenger: Signer) -> int:
    """Say how many parts of a table *challenger* has sent already, as if interrupted."""
    report = ledger.reports[fault.report]
    signed = contracts.reports.hash_signed(report.statement, report.seats)
    (member, *_), (width, utilities, _) = fault.arguments
    done = contracts.disputes.summed(signed, challenger.address, member)
    return int(done * width // len(utilities))


def _bond(node: Node, contracts: Contracts, job: int, keys: Keyring, challenger: Signer) -> None:
    """See that *challenger* can put the bond down; on a local chain the sponsor mints it."""
    token, bond = contracts.token, contracts.registry.terms(job).safeguards.bond
    lacking = bond - token.balance_of(challenger.address)
    if lacking > 0 and not node.development:
        raise ChainError(
            f"the challenger {challenger.address} lacks {lacking} base units of its bond",
            hint=f"Send it {lacking} base units of the token {token.address}.",
        )
    if lacking > 0:
        token.mint(challenger.address, lacking, signer=keys.signer("sponsor"))
    token.approve(contracts.stakes.address, bond, signer=challenger)
