"""Bids sealed in a draw of the real contracts, on the embedded chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedmerit.chain.clients import Safeguards
from fedmerit.chain.clients.rounds import Revealed
from fedmerit.chain.node.connection import connect
from fedmerit.chain.proofs.committed import Form
from fedmerit.chain.proofs.sealing import SealedBid
from fedmerit.chain.proofs.tree import AllowList
from fedmerit.chain.settlement.drawing import commitment
from fedmerit.chain.settlement.journal import Journal
from fedmerit.chain.settlement.opening import establish
from fedmerit.errors import ChainError, Reverted

STARTED = 1_700_000_000
STAKE, WINDOW = 50, 600
SALT, UPDATES = b"\5" * 32, b"\7" * 32
BIDS = tuple(SealedBid(cost=cost, units=10, updates=UPDATES) for cost in (30, 20, 40))


class Drawing:
    """A job with stakes, closed, its members in a draw that has begun."""

    def __init__(self, make_order, keys):
        self.node = connect(started=STARTED)
        site = establish(self.node, make_order(), keys, journal=Journal())
        registry, token, stakes = (
            site.contracts.registry,
            site.contracts.token,
            site.contracts.stakes,
        )
        plain = registry.terms(site.job)
        window = plain.challenge_window
        terms = replace(
            plain,
            ends_at=plain.ends_at + 10 * window,
            form=Form.TABLE,
            safeguards=Safeguards(
                commit_window=WINDOW,
                reveal_window=WINDOW,
                unbonding=10 * window,
                stake=STAKE,
                slash=STAKE,
            ),
        )
        sponsor, self.coordinator, self.members = (
            site.cast.sponsor,
            site.cast.coordinator,
            site.cast.members,
        )
        self.job, _ = registry.open(terms, signer=sponsor)
        allowed = AllowList(member.address for member in self.members)
        for member in self.members:
            token.mint(member.address, STAKE, signer=sponsor)
            token.approve(stakes.address, STAKE, signer=member)
            stakes.put(self.job, signer=member)
            registry.join(self.job, allowed.proof(member.address), signer=member)
        registry.close(self.job, signer=self.coordinator)
        self.rounds = site.contracts.rounds
        self.rounds._send(self.coordinator, "begin", self.job)

    def sealed(self, bid, member):
        return commitment(self.job, 1, 1, Revealed(member.address, bid.digest, SALT))

    def commit(self, commitment, member):
        self.rounds._send(member, "commitUpdate", self.job, commitment)

    def reveal(self, bid, member):
        self.rounds._send(self.coordinator, "reveal", self.job, member.address, bid.digest, SALT)

    def later(self):
        self.node.wait_until(self.node.now() + WINDOW)


@pytest.fixture
def drawing(make_order, keys):
    return Drawing(make_order, keys)


def test_the_commitment_is_what_the_contract_computes(drawing):
    for bid, member in zip(BIDS, drawing.members, strict=True):
        theirs = drawing.rounds._ask(
            "hashCommitment", drawing.job, 1, 1, member.address, bid.digest, SALT
        )
        assert drawing.sealed(bid, member) == bytes(theirs)


def test_bids_are_sealed_opened_and_told_from_any_other(drawing):
    for bid, member in zip(BIDS, drawing.members, strict=True):
        drawing.commit(drawing.sealed(bid, member), member)
    drawing.later()
    for bid, member in zip(BIDS, drawing.members, strict=True):
        drawing.reveal(bid, member)

    shown = drawing.rounds._logged("Revealed", 0, job=drawing.job)

    assert len(shown) == len(BIDS)
    for event, bid in zip(shown, BIDS, strict=True):
        shown_digest = bytes(event["updateDigest"])
        assert bid.digest == shown_digest
        assert replace(bid, cost=bid.cost + 1).digest != shown_digest


def test_nobody_can_open_another_bid_than_the_sealed_one_nor_change_it(drawing):
    bid, member = BIDS[0], drawing.members[0]
    cheaper = replace(bid, cost=bid.cost - 15)
    drawing.commit(drawing.sealed(bid, member), member)
    with pytest.raises(Reverted, match="AlreadyCommitted"):
        drawing.commit(drawing.sealed(cheaper, member), member)
    drawing.later()

    with pytest.raises(Reverted, match="WrongReveal"):
        drawing.reveal(cheaper, member)


def test_a_copied_commitment_opens_nothing(drawing):
    bid, (honest, copier, _) = BIDS[0], drawing.members
    for member in (honest, copier):
        drawing.commit(drawing.sealed(bid, honest), member)
    drawing.later()
    drawing.reveal(bid, honest)

    with pytest.raises(Reverted, match="WrongReveal"):
        drawing.reveal(bid, copier)


def test_nothing_is_opened_while_others_may_still_bid(drawing):
    bid, member = BIDS[0], drawing.members[0]
    drawing.commit(drawing.sealed(bid, member), member)

    with pytest.raises(Reverted, match="RevealNotBegun"):
        drawing.reveal(bid, member)


def test_a_bid_that_is_opened_too_late_is_refused(drawing):
    bid, member = BIDS[0], drawing.members[0]
    drawing.commit(drawing.sealed(bid, member), member)
    drawing.later()
    drawing.later()

    with pytest.raises(Reverted, match="RevealOver"):
        drawing.reveal(bid, member)


@pytest.mark.parametrize(
    "wrong", [{"cost": -1}, {"cost": 2**128}, {"units": -1}, {"updates": b"short"}]
)
def test_a_bid_that_cannot_be_sealed_is_refused(wrong):
    with pytest.raises(ChainError, match="sealed"):
        replace(BIDS[0], **wrong)


def test_bids_that_differ_in_anything_have_other_digests():
    bid = BIDS[0]
    others = [replace(bid, **{field: 7}) for field in ("cost", "units")]

    digests = {each.digest for each in (bid, replace(bid, updates=b"\1" * 32), *others)}

    assert len(digests) == 4
