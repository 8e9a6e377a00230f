"""What the contracts offer beyond one settlement's usual course."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedmerit.chain.settlement.journal import Journal
from fedmerit.chain.settlement.opening import establish
from fedmerit.chain.settlement.payment_steps import Settlement
from fedmerit.errors import Reverted


@pytest.fixture
def final(node, make_order, keys):
    """A settlement whose report is final, and nothing claimed."""
    journal = Journal()
    site = establish(node, make_order(), keys, journal=journal)
    settlement = Settlement(site, journal)
    for step in ("fund", "join", "close", "commit", "report", "finalise"):
        getattr(settlement, step)()
    return site, settlement


def test_anyone_may_send_all_claims_at_once_and_the_members_are_paid(final):
    site, settlement = final
    stranger = site.cast.coordinator

    site.contracts.vault.claim_many(site.job, settlement.claims(), signer=stranger)

    held = [site.contracts.token.balance_of(account) for account in site.accounts]
    assert held == list(site.order.payments)
    settlement.claim()
    assert settlement.check().total == sum(site.order.payments)


def test_a_member_that_gives_its_pay_back_upsets_nothing(final):
    site, settlement = final
    token, vault, member = site.contracts.token, site.contracts.vault, site.cast.members[0]
    settlement.claim()

    token.approve(vault.address, 1, signer=member)
    vault.fund(site.job, 1, signer=member)

    assert settlement.check().reserve == site.order.reserve


def test_a_second_claim_pays_nothing_and_says_what_was_paid(final):
    site, settlement = final
    settlement.claim()

    with pytest.raises(Reverted) as caught:
        site.contracts.vault.claim(site.job, settlement.claims()[0], signer=site.cast.members[0])

    assert caught.value.error == "NothingToClaim"
    assert caught.value.arguments == (site.job, 0, site.order.payments[0])


@pytest.mark.parametrize("field", ["index", "amount", "account"])
def test_a_claim_of_anything_else_has_no_valid_proof(final, field):
    site, settlement = final
    claim = settlement.claims()[0]
    other = {"index": 1, "amount": claim.amount + 1, "account": site.accounts[1]}

    with pytest.raises(Reverted, match="InvalidProof"):
        site.contracts.vault.claim(
            site.job, replace(claim, **{field: other[field]}), signer=site.cast.members[0]
        )


def test_the_sponsor_takes_the_reserve_after_the_end_and_not_before(final):
    site, settlement = final
    vault, sponsor = site.contracts.vault, site.cast.sponsor
    with pytest.raises(Reverted, match="JobNotOver"):
        vault.refund(site.job, signer=sponsor)

    site.node.wait_until(site.contracts.registry.terms(site.job).ends_at)
    vault.refund(site.job, signer=sponsor)
    settlement.claim()  # what is allotted stays claimable

    assert settlement.check().reserve == vault.refunded(site.job) == site.order.reserve
    assert site.contracts.token.balance_of(sponsor.address) == site.order.reserve
    assert site.contracts.token.balance_of(vault.address) == 0
