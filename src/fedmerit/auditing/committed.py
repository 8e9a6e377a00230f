"""Checks of the valuation that the report commits to: table, steps and values, all integers."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from fedmerit.auditing.faults import valued_report
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.schemas import COMMITMENT
from fedmerit.stages.committing import commitment_of, read_commitment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.auditing.faults import Fault
    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Ledger


def check_commitment(bundle: Bundle, ledger: Ledger) -> Iterator[Check]:
    """Recompute the committed integers from the recorded table, and their roots from those."""
    said, found = read_commitment(bundle), commitment_of(bundle)
    names = [field.name for field in fields(found)]
    wrong = [name for name in names if getattr(said, name) != getattr(found, name)]
    form = f"in {found.permutations} joining orders of the seed" if found.permutations else ""
    form = form or ("with their exact values" if found.values else "without their values")
    yield compared(
        "committed integers",
        holds=not wrong,
        same=f"{len(found.coalitions)} utilities {form}, as the coalition table gives them",
        different=f"{COMMITMENT} and the coalition table differ in {', '.join(wrong)}",
    )
    place = valued_report(ledger)
    if place is None:
        return
    report = ledger.reports[place]
    roots = said.roots(report.job, report.round)
    ours = (roots.permutations, *(f"0x{root.hex()}" for root in roots[1:]))
    theirs = (report.permutations, report.table_root, report.steps_root, report.values_root)
    yield compared(
        "committed roots",
        holds=ours == theirs,
        same=f"the report's table root {report.table_root} is of these integers",
        different=f"{COMMITMENT} gives {ours}, the report commits to {theirs}",
    )


def check_provable(faults: tuple[Fault, ...]) -> Check:
    """Say whether anything was found that the chain, or its arbiter, would act on."""
    kinds = sorted({fault.kind for fault in faults})
    return compared(
        "provable faults",
        holds=not faults,
        same="no report says what the contracts could be shown to be false",
        different=f"{len(faults)} of {', '.join(kinds)}; first: {faults[0].detail}"
        if faults
        else "",
    )
