"""Where a run settles: a node, or the chain that the bundle's own transactions build again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003 - part of a public dataclass
from typing import TYPE_CHECKING, Final

from fedmerit.bundle.schemas import DEPLOYMENT, DRAWN, TIMINGS, TRANSCRIPT, TimingsDocument
from fedmerit.chain import Deployment, Keyring, Transcript, connect, replay
from fedmerit.chain.keys import OFFICES, Signers
from fedmerit.chain.node.address import Address
from fedmerit.chain.node.embedded import EmbeddedNode
from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN
from fedmerit.chain.settlement.preflight import preflight
from fedmerit.errors import ChainError, TooSlow, Unreachable, WrongChain
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import JobTerms, Node
    from fedmerit.scenario.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainChoice:
    """Where to settle, and whose keys sign.

    Attributes:
        rpc: URL of an Ethereum node; the embedded chain if None.
        chain_id: Refuse a node of another chain; any will do if None.
        keystore: Directory of encrypted keys, one file a role.
        env_keys: Whether the keys are in environment variables. With neither, development
            keys sign, as they do on the embedded chain always.

    Raises:
        ChainError: Keys are to come from two places, or no node is named that they, or a
            chain's number, are for.
    """

    rpc: str | None = None
    chain_id: int | None = None
    keystore: Path | None = None
    env_keys: bool = False

    def __post_init__(self) -> None:
        if self.keystore is not None and self.env_keys:
            raise ChainError(
                f"keys are to come from {self.keystore} and from the environment",
                hint="Give --keystore or --env-keys, not both.",
            )
        asked = {
            "--chain-id": self.chain_id is not None,
            "--keystore": self.keystore is not None,
            "--env-keys": self.env_keys,
        }
        if self.rpc is None and any(asked.values()):
            names = " and ".join(name for name, given in asked.items() if given)
            raise ChainError(
                f"no node is named for {names}, and the embedded chain needs none of it",
                hint=f"Name the node with --rpc URL, or leave {names} out for the embedded chain.",
            )

    def connect(self, *, started: int) -> Node:
        """Connect, or start an embedded chain whose clock begins at *started*."""
        try:
            return connect(self.rpc, chain_id=self.chain_id, started=started)
        except WrongChain as error:  # here it was the user who named the chain
            raise WrongChain(
                expected=error.expected,
                found=error.found,
                hint=f"{error.hint} If it is the right node, pass --chain-id {error.found}.",
            ) from None

    def check(self, scenario: Scenario, terms: JobTerms) -> None:
        """Find out before anything is trained what would stop a settlement on *terms*.

        Raises:
            ChainError: A key is missing or public, or the node or its chain cannot be used, or
                the sponsor has too little ether there; that is said last.
        """
        node = None if self.rpc is None else self._first_contact()
        signers = Signers.of(self.keys(scenario), terms.participants)
        if node is not None:
            preflight(node, signers, rounds=scenario.training.rounds)

    def _first_contact(self) -> Node:
        """Connect before anything is settled: only then a run may settle elsewhere."""
        try:
            return self.connect(started=0)
        except TooSlow:
            raise
        except Unreachable as error:
            error.hint += " Without --rpc the run settles on the embedded chain."
            raise

    def check_again(self, bundle: Bundle) -> None:
        """Find out before a run goes on whether it is where it began, with keys that may sign.

        Raises:
            ChainError: It is not, or they may not.
        """
        if self.rpc is None or "settle" in bundle.progress.done:
            return
        node, keys = self.connect(started=0), self.keys(bundle.scenario)
        deployment_of(bundle, node)
        for role in OFFICES:
            node.check_key(keys.signer(role))

    @property
    def options(self) -> str:
        """How a command says all of this; of an address with a key in it, the place alone."""
        said = []
        if self.rpc is not None:
            said += ["--rpc", Address.of(self.rpc).told]
        if self.chain_id is not None:
            said += ["--chain-id", str(self.chain_id)]
        if self.keystore is not None:
            said += ["--keystore", str(self.keystore)]
        if self.env_keys:
            said += ["--env-keys"]
        return "".join(f" {shlex.quote(word)}" for word in said)

    def keys(self, scenario: Scenario) -> Keyring:
        """Give the signing keys of every role."""
        if self.keystore is not None:
            return Keyring.keystore(self.keystore)
        if self.env_keys:
            return Keyring.environment()
        return Keyring.development(scenario.name, scenario.seed)


EMBEDDED: Final = ChainChoice()


def node_of(bundle: Bundle, chain: ChainChoice, *, entries: int = 0) -> Node:
    """Connect to the chain of *bundle*, or build its embedded one.

    Args:
        bundle: Whose chain.
        chain: Where it is.
        entries: How many of the transactions that the bundle keeps an embedded chain has; what
            a stage sent that did not end is left out, and sent again.

    Raises:
        ChainError: The transactions do not replay, or no node is there.
    """
    if chain.rpc is None and entries and (bundle.path / TRANSCRIPT).is_file():
        try:
            kept = Transcript.from_json(bundle.text(TRANSCRIPT))
            return replay(replace(kept, entries=kept.entries[:entries]))
        except ChainError as error:
            raise ChainError(f"{TRANSCRIPT}: {error}") from error
    return chain.connect(started=bundle.document(TIMINGS, TimingsDocument).started)


def keep_chain(bundle: Bundle, node: Node) -> None:
    """Write down what was sent to an embedded chain, from which it can be built again."""
    if isinstance(node, EmbeddedNode):
        bundle.write(TRANSCRIPT, node.transcript.to_json().encode())


def deployment_of(bundle: Bundle, node: Node) -> Deployment | None:
    """Give what an earlier stage or process deployed on this chain, if it outlived it.

    Raises:
        ChainError: It was on another chain, where money may already lie.
    """
    if not (bundle.path / DEPLOYMENT).is_file():
        return None
    begun = Deployment.from_json(bundle.text(DEPLOYMENT))
    vanished = begun.chain_id == EMBEDDED_CHAIN and not (bundle.path / DRAWN).is_file()
    if vanished:  # it was in memory, and went with its process
        return None
    if begun.chain_id != node.chain_id:
        there = "" if begun.chain_id == EMBEDDED_CHAIN else " --rpc URL and the keys' option"
        raise ChainError(
            f"this run began to settle on chain {begun.chain_id}, not on chain {node.chain_id}",
            hint=f"Continue it there: fedmerit run --resume {argument(bundle.path)}{there}",
        )
    return begun
