"""The five stages of a run, each from the bundle's files to the bundle's files."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path  # noqa: TC003 - part of a public dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit import federation as federated
from fedmerit import report as reporting
from fedmerit.bundle import COALITIONS
from fedmerit.chain import (
    STEPS,
    Deployment,
    Keyring,
    Order,
    connect,
    read_ledger,
)
from fedmerit.chain import settle as settle_on_chain
from fedmerit.chain.embedded import EmbeddedNode
from fedmerit.chain.keys import Cast
from fedmerit.documents import (
    coalition_arrays,
    curve_point,
    outcome_document,
    read_rounds,
    training_document,
    valuation_document,
    write_round,
)
from fedmerit.evidence import (
    ACCOUNTS,
    DEPLOYMENT,
    FEDERATION,
    LEDGER,
    MODEL,
    OUTCOME,
    RECEIPT,
    RUN,
    TIMINGS,
    TRAINING,
    TRANSCRIPT,
    VALUATION,
    AccountsDocument,
    FederationDocument,
    MemberDocument,
    OutcomeDocument,
    RunDocument,
    TimingsDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.incentives import CachedGame
from fedmerit.incentives import value as value_game
from fedmerit.streams import derived_seed
from fedmerit.wiring import assemble, behaviour_names, data_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.bundle import Bundle
    from fedmerit.chain import Node
    from fedmerit.evidence import CurvePoint
    from fedmerit.federation import TrainingRecord
    from fedmerit.scenario import Scenario
    from fedmerit.wiring import Consortium

Advance = Callable[[int, int], None]

_STEPS: Final = tuple(STEPS)
_VERSIONED: Final = ("fedmerit", "numpy", "pandas", "plotly", "scikit-learn", "torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainChoice:
    """Where to settle, and whose keys sign.

    Attributes:
        rpc: URL of an Ethereum node; the embedded chain if None.
        chain_id: Refuse a node of another chain; any will do if None.
        keystore: Directory of encrypted keys, one file a role; development keys if None.
    """

    rpc: str | None = None
    chain_id: int | None = None
    keystore: Path | None = None

    def connect(self, *, started: int) -> Node:
        """Connect, or start an embedded chain whose clock begins at *started*."""
        return connect(self.rpc, chain_id=self.chain_id, started=started)

    def keys(self, scenario: Scenario) -> Keyring:
        """Give the signing keys of every role."""
        if self.keystore is not None:
            return Keyring.keystore(self.keystore)
        return Keyring.development(scenario.name, scenario.seed)


EMBEDDED: Final = ChainChoice()


class _Worthless:
    """A game that costs nothing: it tells at once whether a method's budget is enough."""

    def __init__(self, participants: tuple[str, ...]) -> None:
        self.participants = participants

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        return np.zeros(len(coalitions))


def check(scenario: Scenario, chain: ChainChoice) -> None:
    """Find out now what would otherwise stop the run at a later stage.

    Raises:
        FedmeritError: The scenario cannot be run, or the chain or a key is not there.
    """
    consortium = assemble(scenario)
    asked = scenario.valuation
    rehearsal = _Worthless(consortium.federation.participants)
    value_game(rehearsal, method=asked.method, budget=asked.budget, seed=0)
    names = consortium.federation.participants
    Order(
        participants=names,
        payments=(0,) * len(names),
        budget=scenario.reward.budget,
        update_roots=(),
        evidence=b"\x01" * 32,
        committee=consortium.committee,
        threshold=consortium.threshold,
        challenge_window=scenario.settlement.challenge_window,
    )
    if chain.rpc is not None:
        chain.connect(started=0)
        Cast.of(chain.keys(scenario), names)


def train(bundle: Bundle, advance: Advance) -> None:
    """Train the federation, keeping every round as it ends."""
    scenario = bundle.scenario
    consortium = assemble(scenario)
    bundle.write_document(
        RUN, RunDocument(scenario=scenario.name, seed=scenario.seed, versions=versions())
    )
    bundle.write_document(FEDERATION, _federation_document(scenario, consortium))

    def keep(round_: federated.Round) -> None:
        write_round(bundle, round_)
        advance(round_.number, consortium.settings.rounds)

    record = _train(bundle, consortium, keep)
    pooled = federated.pooled_baseline(
        consortium.federation,
        consortium.model,
        consortium.settings,
        rounds=len(record.rounds),
        seed=scenario.seed,
    )
    bundle.write_tensors(MODEL, {"parameters": record.final})
    bundle.write_document(TRAINING, training_document(record, pooled))


def value(bundle: Bundle, advance: Advance) -> None:
    """Retrain coalitions, value the members, and value each round beside it."""
    scenario = bundle.scenario
    consortium = assemble(scenario)
    record = _train(bundle, consortium, lambda _: None)
    game = CachedGame(
        federated.RetrainingGame(
            consortium.federation,
            consortium.model,
            consortium.settings,
            rounds=len(record.rounds),
            seed=scenario.seed,
            progress=advance,
        )
    )
    owners = consortium.federation.validation_owners
    document = valuation_document(
        game,
        owners,
        scenario,
        bundle.document(FEDERATION, FederationDocument),
        curve(record, consortium, scenario),
    )
    bundle.write_tensors(COALITIONS, coalition_arrays(game.table(), owners))
    bundle.write_document(VALUATION, document)


def curve(record: TrainingRecord, consortium: Consortium, scenario: Scenario) -> list[CurvePoint]:
    """Value every round's own game: fixed weights, gain in log-likelihood."""
    return [
        curve_point(
            round_.number,
            value_game(
                federated.RoundGame(record, round_.number, consortium.federation),
                budget=scenario.valuation.budget,
                seed=derived_seed(scenario.seed, "valuation", "round", round_.number),
            ),
        )
        for round_ in record.rounds
    ]


def reward(bundle: Bundle) -> None:
    """Turn recorded values into integer payments."""
    outcome = outcome_document(
        bundle.scenario,
        bundle.document(FEDERATION, FederationDocument),
        bundle.document(VALUATION, ValuationDocument),
        bundle.document(TRAINING, TrainingDocument).idle,
    )
    bundle.write_document(OUTCOME, outcome)


def settle(bundle: Bundle, chain: ChainChoice, advance: Advance) -> None:
    """Bind the evidence by its manifest, and record and pay on the chain."""
    keys = chain.keys(bundle.scenario)
    bundle.write_document(ACCOUNTS, _accounts(bundle, keys))
    bundle.write_manifest()
    node = chain.connect(started=bundle.document(TIMINGS, TimingsDocument).started)
    receipt = settle_on_chain(
        node,
        order_of(bundle),
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


def report(bundle: Bundle) -> Path:
    """Draw the report from the bundle's files."""
    return reporting.write(bundle)


def order_of(bundle: Bundle) -> Order:
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


def _train(
    bundle: Bundle, consortium: Consortium, on_round: Callable[[federated.Round], None]
) -> TrainingRecord:
    """Train, or go on from the rounds that the bundle holds."""
    return federated.train(
        consortium.federation,
        consortium.model,
        consortium.settings,
        seed=bundle.scenario.seed,
        so_far=read_rounds(bundle),
        on_round=on_round,
    )


def _accounts(bundle: Bundle, keys: Keyring) -> AccountsDocument:
    names = bundle.document(FEDERATION, FederationDocument).names
    return AccountsDocument(
        sponsor=keys.signer("sponsor").address,
        coordinator=keys.signer("coordinator").address,
        participants={name: keys.signer(name).address for name in names},
    )


def _deployment(bundle: Bundle, node: Node) -> Deployment | None:
    """Give what an interrupted settlement on a lasting chain had deployed."""
    if isinstance(node, EmbeddedNode) or not (bundle.path / DEPLOYMENT).is_file():
        return None
    return Deployment.from_json(bundle.text(DEPLOYMENT))


def versions() -> dict[str, str]:
    """Give the versions, here and now, of everything that numbers and pictures come out of."""
    found = {name: version(name) for name in _VERSIONED}
    return {**found, "python": platform.python_version()}


def _federation_document(scenario: Scenario, consortium: Consortium) -> FederationDocument:
    federation = consortium.federation
    brought = np.bincount(federation.validation_owners, minlength=len(federation.members))
    behaviours = behaviour_names(scenario)
    return FederationDocument(
        members=tuple(
            MemberDocument(
                name=member.name,
                behaviour=behaviours.get(member.name, "honest"),
                rows=len(member.labels),
                declared_rows=member.declared_rows,
                validation_rows=int(count),
            )
            for member, count in zip(federation.members, brought, strict=True)
        ),
        classes=federation.classes,
        features=federation.feature_names,
        data_digest=data_digest(federation),
        committee=consortium.committee,
        threshold=consortium.threshold,
    )
