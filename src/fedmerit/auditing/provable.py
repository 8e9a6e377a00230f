"""Find what an audit can prove to the contracts, out of the ledger and what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.auditing.arithmetic import faults_of_valuation
from fedmerit.auditing.drawn import expelled
from fedmerit.auditing.faults import PAYMENT, Fault, valued_report
from fedmerit.chain import SumTree
from fedmerit.stages.reward import decided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Ledger


def faults_of(bundle: Bundle, ledger: Ledger) -> tuple[Fault, ...]:
    """Find what of the reports in *ledger* can be proven false with what is published."""
    return (
        *_lowered(ledger),
        *_forfeited(ledger),
        *faults_of_valuation(bundle, ledger),
        *_of_payments(bundle, ledger),
    )


def _lowered(ledger: Ledger) -> Iterator[Fault]:
    """D1: a later report is of less than an earlier one, to somebody."""
    for place, now in enumerate(ledger.reports):
        # Of one period's reports the last alone is not cancelled, and may have become final.
        earlier = [report for report in ledger.reports[:place] if report.round == now.round - 1]
        if not earlier:
            continue
        before = earlier[-1]
        trees = [SumTree(r.job, r.accounts, r.amounts) for r in (before, now)]
        for index, (had, has) in enumerate(zip(before.amounts, now.amounts, strict=True)):
            if has < had:
                yield Fault(
                    kind="D1",
                    detail=f"report {now.round} lowers member {index} from {had} to {has}",
                    report=place,
                    function="proveLowered",
                    arguments=(
                        index,
                        *(
                            (r.accounts[index], r.amounts[index], _sums(tree, index))
                            for r, tree in zip((before, now), trees, strict=True)
                        ),
                    ),
                )


def _forfeited(ledger: Ledger) -> Iterator[Fault]:
    """D1: a member is paid for a period in which it kept its secret from the draw."""
    place = valued_report(ledger)
    if place is None:
        return
    report = ledger.reports[place]
    tree = SumTree(report.job, report.accounts, report.amounts)
    for index, (account, amount) in enumerate(zip(report.accounts, report.amounts, strict=True)):
        if amount and account in expelled(ledger):
            yield Fault(
                kind="D1",
                detail=f"member {index} is paid {amount} in the period in which it kept its secret",
                report=place,
                function="proveForfeited",
                # Before the first report nothing was final, and the contract looks at nothing.
                arguments=(index, (account, 0, []), (account, amount, _sums(tree, index))),
            )


def _sums(tree: SumTree, index: int) -> list[tuple[bytes, int]]:
    return [(node.hash, node.sum) for node in tree.proof(index)]


def _of_payments(bundle: Bundle, ledger: Ledger) -> Iterator[Fault]:
    """D3: an amount that the scenario's mechanism does not give for the recorded values.

    Where nothing follows from what is recorded, that hides no other fault.
    """
    place = valued_report(ledger)
    if place is None:
        return
    amounts = ledger.reports[place].amounts
    try:
        rows = tuple(zip(amounts, decided(bundle).payments, strict=True))
    except Exception:  # noqa: BLE001 - forged evidence may break anything; the audit says how
        return
    for index, (amount, due) in enumerate(rows):
        if amount != due:
            yield Fault(
                kind="D3",
                detail=f"member {index} is paid {amount}, and the values give it {due}",
                report=place,
                function="challenge",
                arguments=(PAYMENT, index, due),
            )
