"""Spot checks: a few coalitions of the table, drawn by the auditor and measured again.

Whoever altered a share p of the table is caught by K of them with probability 1 - (1 - p)^K at
least, whatever the size of the table; nobody knows beforehand which are drawn. The seed that
drew them draws the same again, so that what they found can be sent to the contracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.faults import utility_fault
from fedmerit.auditing.parts import cells_part, retraining_part
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.rounds import recorded_cells
from fedmerit.bundle.schemas import FEDERATION, FederationDocument
from fedmerit.coalitions import code_of
from fedmerit.incentives.methods import reads_rounds
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

    Where rounds are valued one by one, their table is drawn from as well: nobody is paid by the
    other. No contract knows a round's game, so what is found there cannot be disputed.

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
    by_round = reads_rounds(bundle.scenario.valuation.method)
    cells = len(recorded_cells(bundle)["rounds"]) if by_round else 0
    whole = len(stored["coalitions"])
    lot = generator(asked.seed, "spot checks").permutation(whole + cells)
    places = np.sort(lot[: asked.count])
    drawn, of_rounds = places[places < whole].tolist(), places[places >= whole] - whole
    coalitions = stored["coalitions"][drawn].astype(np.bool_)
    judged, wrong = [], []
    if drawn:
        ours, judgement = measure(coalitions, stored["gains_micro"][drawn])
        judged.append(judgement)
        wrong = [] if judgement.holds else np.flatnonzero(judgement.outside).tolist()
    if len(of_rounds):
        judged.append(cells_part(bundle.scenario).cells_judged(bundle, of_rounds))
    apart = [judgement for judgement in judged if not judgement.holds]
    beyond = sum(int(judgement.outside.sum()) for judgement in apart)
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
        holds=not apart,
        same=f"{len(places)} of {whole + cells} coalitions{' and coalitions of rounds' * by_round} "
        f"are as recorded; {chances(len(places))}",
        different=f"{beyond} of {len(places)} coalitions, drawn by seed {asked.seed}, are not "
        f"worth what is recorded: {'; '.join(judgement.why for judgement in apart)}",
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
