"""A job of many settlement periods: drawn and reported one by one, claimed once, in the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from fedmerit.chain.clients import CreditToken
from fedmerit.chain.ledger.checks import check_ledger
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.proofs.committed import Form
from fedmerit.chain.settlement.settlement import draw, settle
from fedmerit.errors import ChainError

STAKE, BUDGET = 10**18, 1000
#: What the members have earned by the end of each period; the last lowers nobody.
EARNED = ((500, 300, 0), (1100, 300, 200), (1400, 500, 700))


@pytest.fixture
def orders(make_order, valued):
    """Three periods of one job, each of two more training rounds."""
    return [
        make_order(
            period=period,
            rounds=2 * period,
            payments=earned,
            budget=BUDGET,
            evidence=keccak(bytes([period])),
            valuation=valued,
            updates=tuple(keccak(bytes([period, member])) for member in range(3)),
            commit_window=600,
            reveal_window=600,
            stake=STAKE,
            form=Form.TABLE,
        )
        for period, earned in enumerate(EARNED, start=1)
    ]


def test_many_periods_are_settled_and_everything_is_claimed_once_in_the_end(node, keys, orders):
    there, seeds, receipts = [], [], []
    for order in orders:
        known = there[-1] if there else None
        drawn = draw(node, order, keys, deployment=known, on_deployed=there.append)
        receipts.append(settle(node, order, keys, deployment=there[-1], pays=order is orders[-1]))
        seeds.append(drawn.seed)

    last, names = receipts[-1], orders[-1].participants
    assert [sum(receipt.paid.values()) for receipt in receipts] == [0, 0, sum(EARNED[-1])]
    assert [receipt.total for receipt in receipts] == [sum(earned) for earned in EARNED]
    assert last.reserve == 3 * BUDGET - sum(EARNED[-1]) == 400
    assert len({receipt.job for receipt in receipts}) == 1
    assert len(set(seeds)) == 3
    token = CreditToken(node, last.addresses["CreditToken"])
    for name, amount in zip(names, EARNED[-1], strict=True):
        assert token.balance_of(last.accounts[name]) == amount + STAKE
    claims = [step for receipt in receipts for step in receipt.transactions if step.step == "claim"]
    assert len(claims) == 3
    ledger = read_ledger(node, last.addresses, last.job, first_block=last.block)
    assert [report.round for report in ledger.reports] == [1, 2, 3]
    assert [one.prev_root for one in ledger.reports[1:]] == [r.root for r in ledger.reports[:-1]]
    assert all(check.holds for check in check_ledger(ledger))


@pytest.fixture
def plain(orders):
    """The same periods in a job without draws, which are settled sooner."""
    none = {"commit_window": 0, "reveal_window": 0, "stake": 0, "updates": ()}
    return [replace(order, **none) for order in orders]


def test_a_period_that_is_settled_again_sends_nothing_and_one_that_is_over_is_refused(keys, plain):
    node, there = connect(started=1_700_000_000), []
    first, second, _ = plain
    settle(node, first, keys, on_deployed=there.append, pays=False)
    settle(node, second, keys, deployment=there[-1], pays=False)

    again = settle(node, second, keys, deployment=there[-1], pays=False)

    assert not again.transactions
    with pytest.raises(ChainError, match="period 1 of job 1 cannot be settled: the last final"):
        settle(node, first, keys, deployment=there[-1], pays=False)


def test_a_period_whose_predecessor_is_not_final_is_refused_before_money_moves(keys, plain):
    node, there = connect(started=1_700_000_000), []
    first, _, third = plain
    receipt = settle(node, first, keys, on_deployed=there.append, pays=False)

    with pytest.raises(ChainError, match="period 3 of job 1 cannot be settled: the last final"):
        settle(node, third, keys, deployment=there[-1])

    vault = receipt.addresses["JobVault"]
    assert CreditToken(node, receipt.addresses["CreditToken"]).balance_of(vault) == BUDGET


def test_a_period_before_the_first_is_refused(make_order):
    with pytest.raises(ChainError, match="count from 1"):
        make_order(period=0)


def test_a_later_period_allots_no_more_than_all_budgets_together(make_order):
    assert make_order(period=2, budget=10, payments=(15, 5, 0)).reserve == 0
    with pytest.raises(ChainError, match="pass the budget of 20"):
        make_order(period=2, budget=10, payments=(15, 6, 0))
