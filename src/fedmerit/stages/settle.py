"""The settle stage: bind the evidence, then record and pay on a chain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fedmerit.bundle.schemas import DEPLOYMENT, LEDGER, OUTCOME, RECEIPT, OutcomeDocument
from fedmerit.chain import STEPS, SettlementRequest, as_of, read_ledger
from fedmerit.chain import settle as settle_on_chain
from fedmerit.chain.settlement.receipt import merged
from fedmerit.stages.chains import deployment_of, keep_chain, node_of
from fedmerit.stages.committing import read_commitment
from fedmerit.stages.draw import agreed, drawn_of

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.progress import Advance
    from fedmerit.stages.chains import ChainChoice

_STEPS: Final = tuple(STEPS)


def settle(bundle: Bundle, chain: ChainChoice, advance: Advance) -> None:
    """Bind the evidence by its manifest, and record and pay on the chain."""
    keys = chain.keys(bundle.scenario)
    bundle.write_manifest()
    before = drawn_of(bundle).transactions
    node = node_of(bundle, chain, entries=len(before))
    receipt = settle_on_chain(
        node,
        _order(bundle),
        keys,
        deployment=deployment_of(bundle, node),
        on_deployed=lambda found: bundle.write(DEPLOYMENT, found.to_json().encode()),
        on_step=lambda step, *_: advance(_STEPS.index(step) + 1, len(_STEPS)),
        before=before,
    )
    ledger = read_ledger(node, receipt.addresses, receipt.job, first_block=receipt.block)
    if node.remote:  # as anybody finds it later, whatever others do meanwhile
        ledger = as_of(node, ledger, ledger.transactions[-1].block) or ledger
    # Of a settlement that was resumed, the chain alone knows the beginning.
    whole = merged(receipt.transactions, ledger.transactions)
    bundle.write(RECEIPT, replace(receipt, transactions=whole).to_json().encode())
    bundle.write(LEDGER, ledger.to_json().encode())
    keep_chain(bundle, node)


def _order(bundle: Bundle) -> SettlementRequest:
    """Give what the bundle, its manifest written, asks the chain to settle."""
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    return SettlementRequest(
        **agreed(bundle),
        payments=outcome.payments,
        evidence=bytes.fromhex(bundle.digest[2:]),
        valuation=read_commitment(bundle),
        seed=bytes.fromhex(drawn_of(bundle).seed[2:]),
        payout=bundle.scenario.settlement.payout,
    )
