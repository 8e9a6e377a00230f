"""A report that was proven false is not signed again, and a corrected one takes its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from fedmerit.chain.keys import FAUCET
from fedmerit.chain.ledger.checks import check_ledger
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.proofs.committed import Commitment, Form
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import ChainError

STAKE = 10**18


def numbers(value):
    """Commit to a single member that adds 8, and is said to be worth *value*."""
    return Commitment(
        members=1,
        permutations=0,
        coalitions=(0, 1),
        utilities=(-5, 3),
        steps=(),
        totals=(),
        values=(value,),
    )


@pytest.fixture
def lie(make_order):
    return make_order(
        members=1,
        payments=(5,),
        committee=("Ada's clinic",),
        threshold=1,
        stake=STAKE,
        form=Form.EXACT,
        valuation=numbers(9),
    )


@pytest.fixture
def convicted(lie, keys):
    """A chain on which *lie* was posted and proven false, and where its job is."""
    node, there = connect(started=1_700_000_000), []

    def dispute(step, *_):
        if step != "finalise":
            return
        contracts = contracts_at(node, there[-1].addresses)
        if contracts.reports.attempt(there[-1].job):
            return
        report = read_ledger(node, there[-1].addresses, there[-1].job).reports[0]
        part = (1, b"\xfb\x03", [])
        call = (tuple(report.statement.fields().values()), report.seats, (0, 9, []), part)
        contracts.disputes.dispute("proveShapley", *call, signer=FAUCET)

    with pytest.raises(ChainError):
        settle(node, lie, keys, on_deployed=there.append, on_step=dispute)
    return node, there[-1]


def test_a_report_that_was_proven_false_is_not_signed_again(convicted, lie, keys):
    node, there = convicted

    with pytest.raises(ChainError, match="proven false and cancelled") as caught:
        settle(node, lie, keys, deployment=there)

    assert "Audit the evidence" in caught.value.hint
    reports = contracts_at(node, there.addresses).reports
    assert (reports.attempt(there.job), reports.pending(there.job)) == (1, None)


def test_the_corrected_report_is_settled_once_its_signers_have_their_stake_again(
    convicted, lie, keys
):
    node, there = convicted
    corrected = replace(lie, valuation=numbers(8), evidence=keccak(b"corrected"))
    with pytest.raises(ChainError, match="still have their stake"):
        settle(node, corrected, keys, deployment=there)
    contracts, signer = contracts_at(node, there.addresses), keys.signer("Ada's clinic")
    contracts.token.mint(signer.address, STAKE, signer=keys.signer("sponsor"))
    contracts.token.approve(contracts.stakes.address, STAKE, signer=signer)
    list(contracts.stakes.put_each(there.job, [signer]))

    receipt = settle(node, corrected, keys, deployment=there)

    assert receipt.paid == {"Ada's clinic": 5}
    ledger = read_ledger(node, there.addresses, there.job)
    assert [report.attempt for report in ledger.reports] == [0, 1]
    assert all(check.holds for check in check_ledger(ledger))
