"""Settle on an EVM chain, and read back what it holds.

Importing this package is light: web3 and the EVM are loaded by the first name that needs
them. :func:`connect`, :func:`settle` and :func:`read_ledger` are the way through.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fedmerit.chain.checks import Check, check_ledger
    from fedmerit.chain.committed import Commitment
    from fedmerit.chain.connection import connect
    from fedmerit.chain.journal import STEPS
    from fedmerit.chain.keys import Keyring, Signer
    from fedmerit.chain.ledger import Event, Ledger, SignedReport
    from fedmerit.chain.node import Node
    from fedmerit.chain.order import Agreement, Order
    from fedmerit.chain.reading import read_ledger
    from fedmerit.chain.receipt import Deployment, Drawn, Receipt, Step
    from fedmerit.chain.settlement import draw, settle
    from fedmerit.chain.signing import Domain, Report, report_signers
    from fedmerit.chain.transcript import Transcript, replay
    from fedmerit.chain.tree import SumTree, members_digest, round_history, update_root

__all__ = [
    "STEPS",
    "Agreement",
    "Check",
    "Commitment",
    "Deployment",
    "Domain",
    "Drawn",
    "Event",
    "Keyring",
    "Ledger",
    "Node",
    "Order",
    "Receipt",
    "Report",
    "SignedReport",
    "Signer",
    "Step",
    "SumTree",
    "Transcript",
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
    "STEPS": "journal",
    "Check": "checks",
    "Commitment": "committed",
    "Deployment": "receipt",
    "Domain": "signing",
    "Event": "ledger",
    "Keyring": "keys",
    "Ledger": "ledger",
    "Node": "node",
    "Agreement": "order",
    "Order": "order",
    "Drawn": "receipt",
    "Receipt": "receipt",
    "Report": "signing",
    "SignedReport": "ledger",
    "Signer": "keys",
    "Step": "receipt",
    "SumTree": "tree",
    "Transcript": "transcript",
    "check_ledger": "checks",
    "connect": "connection",
    "draw": "settlement",
    "members_digest": "tree",
    "read_ledger": "reading",
    "replay": "transcript",
    "report_signers": "signing",
    "round_history": "tree",
    "settle": "settlement",
    "update_root": "tree",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the names above have their types there
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
