"""Spot checks: a few coalitions of the table, drawn by the auditor and measured again.

Whoever altered a share p of the table is caught by K of them with probability 1 - (1 - p)^K at
least, whatever the size of the table; nobody knows beforehand which are drawn. The seed that
drew them draws the same again, so that what they found can be sent to the contracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.faults import utility_fault
from fedmerit.auditing.parts import retraining_part
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.schemas import FEDERATION, FederationDocument
from fedmerit.coalitions import code_of
from fedmerit.streams import generator
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from fedmerit.auditing.faults import Fault
    from fedmerit.auditing.verdict import Spots
    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Ledger

#: Shares of the table for which a check says how likely it would have been caught.
_SHARES: Final = (0.01, 0.1, 0.5)


def check_spots(bundle: Bundle, ledger: Ledger, asked: Spots) -> tuple[Check, tuple[Fault, ...]]:
    """Measure coalitions of the table again, as many as *asked* for, without replacement.

    Nothing is measured on other data than the bundle's: whatever it gave would be no fault of
    the table.

    Raises:
        AuditImpossible: The data are not here.
    """
    said = bundle.document(FEDERATION, FederationDocument).data_digest
    found, measure = retraining_part(bundle.scenario).measured_again(bundle)
    if found != said:
        detail = f"the rows here hash to {found}, the bundle's to {said}: nothing was measured"
        return Check("data of the spot checks", "differs", detail), ()
    stored = bundle.tensors(COALITIONS)
    everything = len(stored["coalitions"])
    lot = generator(asked.seed, "spot checks").permutation(everything)
    drawn = sorted(lot[: asked.count].tolist())
    coalitions = stored["coalitions"][drawn].astype(np.bool_)
    ours, judgement = measure(coalitions, stored["gains_micro"][drawn])
    wrong = [] if judgement.holds else np.flatnonzero(judgement.outside).tolist()
    faults = tuple(
        utility_fault(
            ledger,
            mask := code_of(coalitions[row]),
            claim := int(np.rint(ours[row] * MICRO).sum()),
            f"coalition {mask:#b} is recorded at {int(stored['gains_micro'][drawn[row]].sum())}, "
            f"measured again it is worth {claim}",
            spotted=True,
        )
        for row in wrong
    )
    check = compared(
        "spot checks",
        holds=judgement.holds,
        same=f"{len(drawn)} of {everything} coalitions are as recorded; {chances(len(drawn))}",
        different=f"{len(wrong)} of {len(drawn)} coalitions, drawn by seed {asked.seed}, are not "
        f"worth what is recorded: {judgement.why}",
    )
    return check, faults


def detection(share: float, count: int) -> float:
    """Give the chance that one of *count* checks meets an altered *share* of the table."""
    return float(1 - (1 - share) ** count)


def chances(count: int) -> str:
    """Say how likely so many checks find what was altered."""
    said = (f"{detection(share, count):.0%} for {share:.0%}" for share in _SHARES)
    return (
        f"whoever altered a share p of the table is caught with probability 1-(1-p)^{count}: "
        + ", ".join(said)
    )
