"""What anyone can check of a job with its ledger alone, trusting neither side.

The contracts enforce all of this as well; an auditor recomputes it all the same, because
a node can lie, and because the list and the signatures exist only in a transaction's input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fedmerit.chain.proofs.signing import Domain, report_signers
from fedmerit.chain.proofs.tree import SumTree, round_history

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fedmerit.chain.ledger.ledger import Ledger, SignedReport


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: What should hold.
        holds: Whether it does.
        detail: The values that say so.

    """

    name: str
    holds: bool
    detail: str


def check_ledger(ledger: Ledger, *, final: bool = True) -> tuple[Check, ...]:
    """Recompute the last report of *ledger*.

    Args:
        ledger: What a chain holds of a job.
        final: Hold it against what was paid, too; a report that waits has paid nobody.
    """
    if not ledger.reports:
        return (Check("a report was posted", holds=False, detail="none was"),)
    report = ledger.reports[-1]
    paid = _paid(ledger, report) if final else iter(())
    return (*_listed(ledger, report, final=final), *paid, *_signed_about(ledger, report))


def _listed(ledger: Ledger, report: SignedReport, *, final: bool) -> Iterator[Check]:
    everyone = report.accounts == ledger.members
    yield Check("the list names every member, in order", everyone, f"{len(ledger.members)} members")

    built = SumTree(ledger.job, report.accounts, report.amounts).root
    root = f"0x{built.hash.hex()}"
    same = root == report.root and built.sum == report.total
    same = same and (not final or (root, built.sum) == (ledger.root, ledger.allocated))
    yield Check("the list builds the settled root and total", same, f"{root}, {built.sum}")


def _paid(ledger: Ledger, report: SignedReport) -> Iterator[Check]:
    vault = ledger.addresses["JobVault"]
    budget = _moved(ledger, to=(vault,)) - _moved(ledger, to=(ledger.sponsor,), out_of=(vault,))
    balanced = sum(report.amounts) + ledger.reserve == budget == ledger.funded - ledger.refunded
    detail = f"{sum(report.amounts)} + {ledger.reserve} = {budget}"
    yield Check("payments and reserve are what the sponsor put in", balanced, detail)

    moved = _moved(ledger, to=ledger.members, out_of=(vault,))
    waiting = _amounts(ledger, "Credited") - _amounts(ledger, "Withdrawn")
    paid = ledger.claimed == report.amounts and moved + waiting == ledger.paid == report.total
    credit = f", and {waiting} to withdraw" if waiting else ""
    yield Check("every member was paid its amount, once", paid, f"{moved} in all{credit}")


def _signed_about(ledger: Ledger, report: SignedReport) -> Iterator[Check]:
    yield _staked(ledger)
    yield _signed(ledger, report)

    committed = (event for event in ledger.events if event.name == "UpdatesCommitted")
    roots = [bytes.fromhex(event.arguments["updatesRoot"][2:]) for event in committed]
    known = round_history(roots) == report.statement.updates_root
    yield Check("the report is about the committed updates", known, f"{len(roots)} rounds")


def _moved(ledger: Ledger, *, to: Sequence[str], out_of: Sequence[str] = ()) -> int:
    """Add up what the token says it moved in this job's transactions, from anyone if unsaid."""
    transfers = (e.arguments for e in ledger.events if e.name == "Transfer")
    return sum(
        int(moved["value"])
        for moved in transfers
        if moved["to"] in to and (not out_of or moved["from"] in out_of)
    )


def _staked(ledger: Ledger) -> Check:
    """Follow the members' stakes: what they put down is held, was taken back, or was slashed."""
    put, back, lost = (_amounts(ledger, name) for name in ("Staked", "Unstaked", "Slashed"))
    detail = f"{put} put down = {back} taken back + {lost} slashed + {sum(ledger.staked)} held"
    holds = put == back + lost + sum(ledger.staked)
    return Check("stakes are where the events say", holds, detail)


def _amounts(ledger: Ledger, name: str) -> int:
    found = (event.arguments for event in ledger.events if event.name == name)
    return sum(int(told["amount"]) for told in found if told["account"] in ledger.members)


def _signed(ledger: Ledger, report: SignedReport) -> Check:
    domain = Domain(chain_id=ledger.chain_id, reports=ledger.addresses["Reports"])
    signatures = [bytes.fromhex(signature[2:]) for signature in report.signatures]
    signers = set(report_signers(report.statement, signatures, domain))
    enough = signers <= set(ledger.committee) and len(signers) >= ledger.threshold
    detail = f"{len(signers)} of {len(ledger.committee)}, {ledger.threshold} needed"
    return Check("enough of the committee signed", enough, detail)
