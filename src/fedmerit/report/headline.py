"""The figures that a reader sees first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fedmerit.report.units import (
    adding_up,
    count,
    exact_tokens,
    short_tokens,
)

if TYPE_CHECKING:
    from fedmerit.report.findings import Findings

_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of the figures that a reader sees first.

    Attributes:
        label: What it is.
        value: The number.
        unit: Its unit, or none.
        note: What to hold it against.
    """

    label: str
    value: str
    unit: str
    note: str


def key_figures(findings: Findings, model: KeyFigure, yardstick: KeyFigure) -> list[KeyFigure]:
    """Give the strip at the top, the figures of the model and of its yardstick among them."""
    outcome, ledger = findings.outcome, findings.ledger
    paid, kept = adding_up([sum(outcome.payments), outcome.reserve])
    final = ledger.allocated == ledger.paid == sum(outcome.payments)
    return [
        model,
        yardstick,
        KeyFigure(
            "Paid out",
            paid,
            "tokens",
            f"of {exact_tokens(outcome.budget)}; {kept} kept back, in reserve",
        ),
        KeyFigure(
            "Settled on the chain",
            "Yes" if final else "In part",
            "to the last unit" if final else f"{short_tokens(ledger.paid)} tokens claimed",
            f"{'embedded chain' if findings.embedded else f'chain {ledger.chain_id}'}, "
            f"{count(len(findings.transactions), 'transaction')}",
        ),
    ]
