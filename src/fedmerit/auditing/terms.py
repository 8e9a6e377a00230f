"""Checks of the terms that a job was opened on: they bind everyone who joins it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fedmerit.auditing.verdict import Check, compared
from fedmerit.chain import JobTerms
from fedmerit.chain.proofs.tree import AllowList
from fedmerit.chain.settlement.terms import safeguards_of
from fedmerit.stages.draw import agreed

if TYPE_CHECKING:
    from typing import Any

    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Ledger


def opened_on(ledger: Ledger) -> dict[str, Any]:
    """Give the terms that the job was opened on, by the contract's names."""
    opened = next(event for event in ledger.events if event.name == "JobOpened")
    return dict(opened.arguments["terms"])


def check_terms(bundle: Bundle, ledger: Ledger) -> Check:
    """Hold the terms of the job against the scenario's; its end alone moves with the clock."""
    asked, told = JobTerms(**agreed(bundle)), opened_on(ledger)
    ours = asdict(safeguards_of(asked, ledger.addresses["CommitteeArbiter"]))
    safeguards = {_camel(name): value for name, value in ours.items()}
    due = {
        "token": ledger.addresses["CreditToken"],
        "roundBudget": asked.budget,
        "challengeWindow": asked.challenge_window,
        "allowRoot": f"0x{AllowList(ledger.members).root.hex()}",
        **safeguards,
    }
    found = {**told, **told["safeguards"]}
    wrong = [
        f"{name} ({found.get(name)}, not {value})"
        for name, value in due.items()
        if found.get(name) != value
    ]
    return compared(
        "terms",
        holds=not wrong,
        same="budget, windows, stake and bond of the job are what the scenario asks for",
        different=f"the job was opened on other terms than the scenario's: {', '.join(wrong)}",
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
