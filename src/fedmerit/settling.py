"""The settle stage: bind the evidence, then record and pay on a chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - part of a public dataclass
from typing import TYPE_CHECKING, Final, Protocol

from fedmerit.chain import STEPS, Deployment, Keyring, Order, connect, read_ledger
from fedmerit.chain import settle as settle_on_chain
from fedmerit.chain.embedded import EmbeddedNode
from fedmerit.chain.keys import Cast
from fedmerit.chain.node import EMBEDDED_CHAIN
from fedmerit.errors import ChainError
from fedmerit.evidence import (
    ACCOUNTS,
    DEPLOYMENT,
    FEDERATION,
    LEDGER,
    OUTCOME,
    RECEIPT,
    TIMINGS,
    TRAINING,
    TRANSCRIPT,
    AccountsDocument,
    FederationDocument,
    OutcomeDocument,
    TimingsDocument,
    TrainingDocument,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.bundle import Bundle
    from fedmerit.chain import Node
    from fedmerit.scenario import Scenario

    #: Told how many of how many steps of a stage are done.
    Advance = Callable[[int, int], None]

_STEPS: Final = tuple(STEPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainChoice:
    """Where to settle, and whose keys sign.

    Attributes:
        rpc: URL of an Ethereum node; the embedded chain if None.
        chain_id: Refuse a node of another chain; any will do if None.
        keystore: Directory of encrypted keys, one file a role.
        env_keys: Whether the keys are in environment variables. With neither, development
            keys sign.

    Raises:
        ChainError: Keys are to come from two places.
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

    def connect(self, *, started: int) -> Node:
        """Connect, or start an embedded chain whose clock begins at *started*."""
        return connect(self.rpc, chain_id=self.chain_id, started=started)

    def keys(self, scenario: Scenario) -> Keyring:
        """Give the signing keys of every role."""
        if self.keystore is not None:
            return Keyring.keystore(self.keystore)
        if self.env_keys:
            return Keyring.environment()
        return Keyring.development(scenario.name, scenario.seed)


EMBEDDED: Final = ChainChoice()


class Together(Protocol):
    """Members that are ready to train, whatever they hold."""

    @property
    def participants(self) -> tuple[str, ...]:
        """Their names, in the order that every document keeps."""

    @property
    def committee(self) -> tuple[str, ...]:
        """Members whose keys sign the report."""

    @property
    def threshold(self) -> int:
        """Signatures needed."""


def check_settlement(scenario: Scenario, together: Together, chain: ChainChoice) -> None:
    """Find out before the training what would stop the settlement after it.

    Raises:
        ChainError: Names, amounts or times that no settlement takes, no node, or no key.
    """
    names = together.participants
    Order(
        participants=names,
        payments=(0,) * len(names),
        budget=scenario.reward.budget,
        update_roots=(),
        evidence=b"\x01" * 32,
        committee=together.committee,
        threshold=together.threshold,
        challenge_window=scenario.settlement.challenge_window,
    )
    if chain.rpc is not None:
        chain.connect(started=0)
    Cast.of(chain.keys(scenario), names)


def settle(bundle: Bundle, chain: ChainChoice, advance: Advance) -> None:
    """Bind the evidence by its manifest, and record and pay on the chain."""
    keys = chain.keys(bundle.scenario)
    bundle.write_document(ACCOUNTS, _accounts(bundle, keys))
    bundle.write_manifest()
    node = chain.connect(started=bundle.document(TIMINGS, TimingsDocument).started)
    receipt = settle_on_chain(
        node,
        _order(bundle),
        keys,
        deployment=_deployment(bundle, node),
        on_deployed=lambda found: bundle.write(DEPLOYMENT, found.to_json().encode()),
        on_step=lambda step, *_: advance(_STEPS.index(step) + 1, len(_STEPS)),
    )
    bundle.write(RECEIPT, receipt.to_json().encode())
    ledger = read_ledger(node, receipt.addresses, receipt.job, first_block=receipt.block)
    bundle.write(LEDGER, ledger.to_json().encode())
    if isinstance(node, EmbeddedNode):
        bundle.write(TRANSCRIPT, node.transcript.to_json().encode())


def _order(bundle: Bundle) -> Order:
    """Give what the bundle, its manifest written, asks the chain to settle."""
    scenario = bundle.scenario
    members = bundle.document(FEDERATION, FederationDocument)
    training = bundle.document(TRAINING, TrainingDocument)
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    return Order(
        participants=outcome.participants,
        payments=outcome.payments,
        budget=outcome.budget,
        update_roots=tuple(bytes.fromhex(r.update_root[2:]) for r in training.rounds),
        evidence=bytes.fromhex(bundle.digest[2:]),
        committee=members.committee,
        threshold=members.threshold,
        challenge_window=scenario.settlement.challenge_window,
    )


def _accounts(bundle: Bundle, keys: Keyring) -> AccountsDocument:
    names = bundle.document(FEDERATION, FederationDocument).names
    return AccountsDocument(
        sponsor=keys.signer("sponsor").address,
        coordinator=keys.signer("coordinator").address,
        participants={name: keys.signer(name).address for name in names},
    )


def _deployment(bundle: Bundle, node: Node) -> Deployment | None:
    """Give what an interrupted settlement had deployed on this chain, if it outlived it.

    Raises:
        ChainError: It was on another chain, where money may already lie.
    """
    if not (bundle.path / DEPLOYMENT).is_file():
        return None
    begun = Deployment.from_json(bundle.text(DEPLOYMENT))
    if begun.chain_id == EMBEDDED_CHAIN:  # it was in memory, and went with its process
        return None
    if begun.chain_id != node.chain_id:
        raise ChainError(
            f"this run began to settle on chain {begun.chain_id}, not on chain {node.chain_id}",
            hint=f"Continue it there: fedmerit run --resume {bundle.path} --rpc URL",
        )
    return begun
