"""What the step-by-step scripts share: one small settlement request, and a state file between them.

The embedded chain lives no longer than a script, so the state file holds its transcript,
and the next script replays it before it goes on.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eth_utils.crypto import keccak
from pydantic import with_config

from fedmerit.chain.jsonfile import STRICT, dump, load
from fedmerit.chain.keys import Keyring
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.embedded import EmbeddedNode
from fedmerit.chain.node.replay import replay
from fedmerit.chain.node.transcript import Transcript  # noqa: TC001 - pydantic reads it at run time
from fedmerit.chain.proofs.tree import update_root
from fedmerit.chain.settlement.journal import Journal
from fedmerit.chain.settlement.opening import Site, establish
from fedmerit.chain.settlement.receipt import Deployment  # noqa: TC001 - pydantic reads it at run time
from fedmerit.chain.settlement.request import SettlementRequest
from fedmerit.errors import ChainError, FedmeritError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.chain.node.node import Node

_CREDIT: Final = 10**18
_MEMBERS: Final = ("cleveland", "hungary", "long-beach", "switzerland")


def _example() -> SettlementRequest:
    """Make the request that the scripts settle: four hospitals, three training rounds."""
    rounds = (
        [keccak(f"{member}, round {number}".encode()) for member in _MEMBERS]
        for number in (1, 2, 3)
    )
    return SettlementRequest(
        participants=_MEMBERS,
        payments=(412 * _CREDIT, 305 * _CREDIT, 180 * _CREDIT, 0),
        budget=1_000 * _CREDIT,
        update_roots=tuple(map(update_root, rounds)),
        evidence=keccak(b"a tour of one settlement"),
        committee=_MEMBERS[:3],
        threshold=2,
        challenge_window=600,
    )


ORDER: Final = _example()


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    deployment: Deployment | None = None
    transcript: Transcript | None = None


@dataclass(slots=True, kw_only=True)
class ScriptState:
    """One script's view of the settlement.

    Attributes:
        node: The chain.
        keys: Everyone's signers.
        deployment: What deploy.py left; None before it ran.
        journal: Keeps what this script sends.

    """

    node: Node
    keys: Keyring
    deployment: Deployment | None
    journal: Journal = field(default_factory=Journal)

    def establish(self) -> Site[SettlementRequest]:
        """Deploy and open the job, or take up what deploy.py left."""

        def keep(deployment: Deployment) -> None:
            self.deployment = deployment

        return establish(
            self.node,
            ORDER,
            self.keys,
            journal=self.journal,
            deployment=self.deployment,
            on_deployed=keep,
        )

    def deployed(self) -> Deployment:
        """Give what deploy.py left; ChainError if it never ran."""
        if self.deployment is None or not self.deployment.job:
            raise ChainError("nothing is deployed yet", hint="Run deploy.py first.")
        return self.deployment

    def lines(self) -> Iterator[str]:
        """Describe each transaction that this script sent."""
        for step in self.journal.steps:
            yield f"{step.step:<8} block {step.block:>3} {step.gas:>9,} gas  {step.hash}"


@contextmanager
def script(what: str) -> Iterator[ScriptState]:
    """Take up the settlement where the last script left it, and leave it for the next.

    A :class:`~fedmerit.errors.FedmeritError` ends the program with status 2 and two lines;
    what was done until then is kept all the same.

    Args:
        what: The script's own description, for ``--help``.

    """
    given = _arguments(what)
    try:
        here = _resumed(given)
        try:
            yield here
        finally:
            transcript = here.node.transcript if isinstance(here.node, EmbeddedNode) else None
            left = _State(deployment=here.deployment, transcript=transcript)
            given.state.write_text(dump(left), encoding="utf-8")
    except FedmeritError as error:
        sys.stderr.write(f"error: {error}\n hint: {error.hint}\n")
        raise SystemExit(2) from error


def _arguments(what: str) -> Namespace:
    parser = ArgumentParser(description=what)
    parser.add_argument("--rpc", help="address of a node; the embedded chain if left out")
    parser.add_argument("--keystore", type=Path, help="directory of keys; else development keys")
    parser.add_argument("--state", type=Path, default=Path("settlement.json"), help="state file")
    return parser.parse_args()


def _resumed(given: Namespace) -> ScriptState:
    found = given.state.is_file()
    state = load(_State, given.state.read_text(encoding="utf-8")) if found else _State()
    keys = Keyring.keystore(given.keystore) if given.keystore else Keyring.development("tour", 0)
    if given.rpc is None and state.deployment and not state.transcript:
        raise ChainError(
            f"{given.state} is of a settlement on chain {state.deployment.chain_id}",
            hint="Give --rpc again, or another --state.",
        )
    here = given.rpc is None and state.transcript is not None
    node = replay(state.transcript) if here and state.transcript else connect(given.rpc)
    return ScriptState(node=node, keys=keys, deployment=state.deployment)
