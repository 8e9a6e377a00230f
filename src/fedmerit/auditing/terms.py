"""Checks of the terms that a job was opened on: they bind everyone who joins it."""

from __future__ import annotations

from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.auditing.verdict import Check, compared
from fedmerit.chain import JobTerms
from fedmerit.chain.proofs.committed import Form
from fedmerit.chain.proofs.tree import AllowList
from fedmerit.chain.settlement.terms import safeguards_of
from fedmerit.stages.draw import agreed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Ledger

_FORMS: Final[Mapping[Form, str]] = MappingProxyType(
    {
        Form.TABLE: "fixed by the terms: the utilities alone, so the chain follows no value",
        Form.EXACT: "fixed by the terms: all utilities and the exact values",
        Form.ORDERS: "fixed by the terms: {orders} joining orders of the seed",
    }
)


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
        "form": int(asked.form),
        "permutations": asked.permutations,
        "rules": f"0x{asked.rules.hex()}",
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
        same="budget, windows, stake, bond, form and rules of the job are what the scenario gives",
        different=f"the job was opened on other terms than the scenario's: {', '.join(wrong)}",
    )


def check_form(ledger: Ledger) -> Check:
    """Say what the terms fix of the valuation before the seed, and whether they leave it open."""
    told = opened_on(ledger)
    form, orders = Form(int(told["form"])), int(told["permutations"])
    return compared(
        "form of the valuation",
        holds=form is not Form.OPEN,
        same=_FORMS.get(form, "").format(orders=orders),
        different="the terms leave it open: whoever signs chooses what can be shown to be false",
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
