"""Everything that a report is made of: a bundle's documents, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import (
    BIDS,
    DRAWN,
    FEDERATION,
    LEDGER,
    OUTCOME,
    RECEIPT,
    RUN,
    TIMINGS,
    TRAINING,
    TRANSCRIPT,
    VALUATION,
    BidsDocument,
    FederationDocument,
    OutcomeDocument,
    RunDocument,
    TimingsDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.chain import Drawn, Ledger, Receipt
from fedmerit.chain.settlement.receipt import merged
from fedmerit.errors import BundleError, ChainError

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Step
    from fedmerit.scenario.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The documents of a settled bundle.

    Attributes:
        scenario: What was run.
        run: By which code.
        federation: Who took part.
        training: How the model learned.
        valuation: Who contributed what.
        outcome: Who is paid what.
        drawn: How the seed of the valuation came about.
        receipt: What the settlement did.
        ledger: What the chain says of it.
        started: Unix seconds at which the run began.
        digest: Of the manifest: what the chain recorded as the evidence.
        embedded: Whether the chain was the one in process, whose transcript is kept.
        own: What only its kind of federation has, as that kind reads it; None until then.
        bids: What members offered; None where nobody was asked.
    """

    scenario: Scenario
    run: RunDocument
    federation: FederationDocument
    training: TrainingDocument
    valuation: ValuationDocument
    outcome: OutcomeDocument
    drawn: Drawn
    receipt: Receipt
    ledger: Ledger
    started: int
    digest: str
    embedded: bool
    own: object = None
    bids: BidsDocument | None = None

    @property
    def transactions(self) -> tuple[Step, ...]:
        """Every transaction of the settlement, oldest first.

        The receipt alone knows the deployment; of a settlement that was resumed on a
        lasting chain, the ledger alone knows what came before.
        """
        return merged(self.ledger.transactions, self.receipt.transactions)

    @property
    def validation_rows(self) -> int:
        """Rows on which every coalition was measured."""
        own = sum(member.validation_rows for member in self.federation.members)
        return own + (self.federation.sponsor_rows or 0)


def read(bundle: Bundle) -> Findings:
    """Read a settled bundle, but for what only its kind of federation has.

    Raises:
        BundleError: A document is missing or not of its form.
    """
    try:
        drawn = Drawn.from_json(bundle.read(DRAWN).decode())
        receipt = Receipt.from_json(bundle.read(RECEIPT).decode())
        ledger = Ledger.from_json(bundle.read(LEDGER).decode())
    except (ChainError, UnicodeDecodeError) as error:
        raise BundleError(f"the settlement in {bundle.path} cannot be read: {error}") from error
    return Findings(
        scenario=bundle.scenario,
        run=bundle.document(RUN, RunDocument),
        federation=bundle.document(FEDERATION, FederationDocument),
        training=bundle.document(TRAINING, TrainingDocument),
        valuation=bundle.document(VALUATION, ValuationDocument),
        outcome=bundle.document(OUTCOME, OutcomeDocument),
        drawn=drawn,
        receipt=receipt,
        ledger=ledger,
        started=bundle.document(TIMINGS, TimingsDocument).started,
        digest=bundle.digest,
        embedded=(bundle.path / TRANSCRIPT).is_file(),
        bids=bundle.document(BIDS, BidsDocument) if (bundle.path / BIDS).is_file() else None,
    )
