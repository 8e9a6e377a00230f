"""Attacks that need a chain more than a contract; the others are forge tests."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from fedmerit.chain.clients import CreditToken
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.proofs.committed import Commitment, value_leaf
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import Reverted


@pytest.fixture
def chain():
    return connect(started=1_700_000_000)


class Forced(NamedTuple):
    """A contract that gives its ether away as it is created: no one can refuse it."""

    to: str
    wei: int

    def build_transaction(self, transaction=None):
        code = bytes.fromhex(f"73{self.to[2:]}ff")  # PUSH20 to, SELFDESTRUCT
        return {**transaction, "data": code, "value": self.wei}


def test_ether_that_is_forced_upon_the_contracts_changes_no_books(chain, make_order, keys):
    order, there = make_order(), []
    reported = settle(chain, order, keys, on_deployed=there.append, pays=False)
    for name in ("JobVault", "Stakes", "Reports"):
        chain.send(Forced(reported.addresses[name], 7), FAUCET)

    receipt = settle(chain, order, keys, deployment=there[-1])

    token = CreditToken(chain, receipt.addresses["CreditToken"])
    for name, amount in zip(order.participants, order.payments, strict=True):
        assert token.balance_of(receipt.accounts[name]) == receipt.paid[name] == amount
    assert (receipt.total, receipt.reserve) == (reported.total, reported.reserve)
    assert chain.balance(receipt.addresses["JobVault"]) == 7


def test_a_single_member_of_negative_value_is_settled_and_cannot_be_told_otherwise(
    chain, make_order, keys
):
    valued = Commitment(
        members=1,
        permutations=0,
        coalitions=(0, 1),
        utilities=(3, -5),
        steps=(),
        totals=(),
        values=(-8,),
    )
    changes = {"members": 1, "payments": (0,), "committee": ("Ada's clinic",), "threshold": 1}
    order, seen = make_order(valuation=valued, **changes), []

    def dispute(step, *_):
        if step != "finalise" or seen:
            return
        contracts = contracts_at(chain, there[-1].addresses)
        ledger = read_ledger(chain, there[-1].addresses, there[-1].job)
        report = ledger.reports[0]
        assert f"0x{value_leaf(ledger.job, 1, 0, -8).hex()}" == report.values_root
        seen.append(report)
        part = (1, (3).to_bytes(1) + (-5).to_bytes(1, signed=True), [])
        call = (tuple(report.statement.fields().values()), report.seats, (0, -8, []), part)
        with pytest.raises(Reverted, match="NoFault"):
            contracts.disputes.dispute("proveShapley", *call, signer=FAUCET)

    there = []
    receipt = settle(chain, order, keys, on_deployed=there.append, on_step=dispute)

    assert seen
    assert (receipt.total, receipt.reserve) == (0, order.budget)
