"""Checks of offers: who opened one in time, and that it is the one that was sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.chain.proofs.sealing import SealedBid
from fedmerit.stages.draw import drawn_of, update_digests_of
from fedmerit.stages.offering import opened_bids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle


def check_bids(bundle: Bundle) -> Iterator[Check]:
    """Hold the offers that were decided by against the draw, which is held against the chain.

    A seal holds an offer, its member's updates and, on the chain, its account: an offer that was
    changed, copied or opened too late does not go with what was revealed.
    """
    opened = opened_bids(bundle)
    if opened is None:
        return
    revealed = drawn_of(bundle).revealed
    training = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    updates = dict(zip(members.names, update_digests_of(training, len(members.names)), strict=True))
    offers = bundle.document(evidence.BIDS, evidence.BidsDocument).offers
    told = [offer.name for offer in offers]  # twice, if somebody is there twice
    due = [name for name in members.names if name in revealed]
    yield compared(
        "opened bids",
        holds=told == due and len(due) == len(revealed),
        same=f"{len(opened)} members opened an offer in time, and no others' count",
        different=f"{evidence.BIDS} has offers of {told}, in the draw {due} opened one",
    )
    wrong = [
        name
        for name, offer in opened.items()
        if name in revealed and revealed[name] != f"0x{_digest(offer, updates[name]).hex()}"
    ]
    yield compared(
        "sealed bids",
        holds=not wrong,
        same="every offer is the one that its member had sealed before anyone showed one",
        different=f"{', '.join(wrong)} had sealed another offer than {evidence.BIDS} tells",
    )
    over = [n for n, offer in opened.items() if offer.units > members.declared_rows[n]]
    yield compared(
        "offered rows",
        holds=not over,
        same="nobody offers more than it declares",
        different=f"{', '.join(over)} offer more rows than they declare",
    )


def _digest(offer: evidence.OfferDocument, updates: bytes) -> bytes:
    return SealedBid(cost=offer.cost, units=offer.units, updates=updates).digest
