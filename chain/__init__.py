"""Settle on an EVM chain, and read back what it holds.

May import `contracts` and the ground.

Importing this package is light: web3 and the EVM are loaded by the first name that needs
them. :func:`connect`, :func:`settle` and :func:`read_ledger` are the way through.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fedmerit.chain.keys import Keyring, Signer
    from fedmerit.chain.ledger.checks import Check, check_ledger
    from fedmerit.chain.ledger.ledger import Event, Ledger, SignedReport
    from fedmerit.chain.ledger.reading import as_of, read_ledger
    from fedmerit.chain.node.connection import connect
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.replay import replay
    from fedmerit.chain.node.transcript import Transcript
    from fedmerit.chain.proofs.committed import Commitment
    from fedmerit.chain.proofs.signing import Domain, Report, report_signers
    from fedmerit.chain.proofs.tree import SumTree, members_digest, round_history, update_root
    from fedmerit.chain.settlement.journal import STEPS
    from fedmerit.chain.settlement.receipt import Deployment, Drawn, Receipt, Step
    from fedmerit.chain.settlement.request import JobTerms, SettlementRequest
    from fedmerit.chain.settlement.settlement import draw, settle

__all__ = [
    "STEPS",
    "Check",
    "Commitment",
    "Deployment",
    "Domain",
    "Drawn",
    "Event",
    "JobTerms",
    "Keyring",
    "Ledger",
    "Node",
    "Receipt",
    "Report",
    "SettlementRequest",
    "SignedReport",
    "Signer",
    "Step",
    "SumTree",
    "Transcript",
    "as_of",
    "check_ledger",
    "connect",
    "draw",
    "members_digest",
    "read_ledger",
    "replay",
    "report_signers",
    "round_history",
    "settle",
    "update_root",
]

_HOMES = {
    "STEPS": "settlement.journal",
    "Check": "ledger.checks",
    "Commitment": "proofs.committed",
    "Deployment": "settlement.receipt",
    "Domain": "proofs.signing",
    "Event": "ledger.ledger",
    "Keyring": "keys",
    "Ledger": "ledger.ledger",
    "Node": "node.node",
    "JobTerms": "settlement.request",
    "SettlementRequest": "settlement.request",
    "Drawn": "settlement.receipt",
    "Receipt": "settlement.receipt",
    "Report": "proofs.signing",
    "SignedReport": "ledger.ledger",
    "Signer": "keys",
    "Step": "settlement.receipt",
    "SumTree": "proofs.tree",
    "Transcript": "node.transcript",
    "as_of": "ledger.reading",
    "check_ledger": "ledger.checks",
    "connect": "node.connection",
    "draw": "settlement.settlement",
    "members_digest": "proofs.tree",
    "read_ledger": "ledger.reading",
    "replay": "node.replay",
    "report_signers": "proofs.signing",
    "round_history": "proofs.tree",
    "settle": "settlement.settlement",
    "update_root": "proofs.tree",
}

#: What these were called before.
_ALIASES = {"Agreement": "JobTerms", "Order": "SettlementRequest"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the names above have their types there
    name = _ALIASES.get(name, name)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
