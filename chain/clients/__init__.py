"""One typed client a contract: one method a contract function, Python types in and out.

May import `contracts`, `keys`, `node`, `proofs` and the ground.
"""

from __future__ import annotations

from fedmerit.chain.clients.arbiter import Arbiter
from fedmerit.chain.clients.disputes import Disputes
from fedmerit.chain.clients.registry import Registry, Safeguards, Terms
from fedmerit.chain.clients.reports import Pending, Reports
from fedmerit.chain.clients.rounds import Rounds
from fedmerit.chain.clients.stakes import Stakes
from fedmerit.chain.clients.token import CreditToken
from fedmerit.chain.clients.vault import Claim, JobVault

__all__ = [
    "Arbiter",
    "Claim",
    "CreditToken",
    "Disputes",
    "JobVault",
    "Pending",
    "Registry",
    "Reports",
    "Rounds",
    "Safeguards",
    "Stakes",
    "Terms",
]
