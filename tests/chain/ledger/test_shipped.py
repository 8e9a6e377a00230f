"""Code on the chain, held against the code that this version ships."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from fedmerit.chain.clients import CreditToken, Stakes
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.ledger.shipped import other_code
from fedmerit.chain.node.connection import connect
from fedmerit.chain.settlement.deployment import Contracts, plan

STRANGER = bytes(12) + b"\x11" * 20


class Raw(NamedTuple):
    """Creates a contract that runs *code*, whatever that is."""

    code: bytes

    def build_transaction(self, transaction):
        copies = bytes.fromhex(f"61{len(self.code):04x}80600a5f395ff3")
        return {**transaction, "data": copies + self.code}


@pytest.fixture(scope="module")
def chain():
    """A chain with nothing but the contracts on it."""
    node = connect(started=1_700_000_000)
    deployed = Contracts.deploy(node, FAUCET, plan(node, FAUCET.address), lambda _: None)
    return node, deployed


def test_contracts_that_this_version_deploys_run_its_code(chain):
    node, contracts = chain

    assert not other_code(node, contracts)


def test_contracts_on_a_node_run_it_as_well(node):
    deployed = Contracts.deploy(node, FAUCET, plan(node, FAUCET.address), lambda _: None)

    assert not other_code(node, deployed)


def test_what_runs_other_code_is_named(chain):
    node, contracts = chain
    false = contracts._replace(token=CreditToken(node, contracts.registry.address))

    assert other_code(node, false) == ("CreditToken",)
    nothing = contracts._replace(stakes=Stakes(node, f"0x{'11' * 20}"))
    assert "Stakes" in other_code(node, nothing)


def test_one_word_of_a_stranger_among_the_right_ones_is_found(chain):
    node, contracts = chain
    code = node.code(contracts.stakes.address)
    right = bytes(12) + bytes.fromhex(contracts.disputes.address[2:])
    assert code.count(right) > 1
    forged = node.send(Raw(code.replace(right, STRANGER, 1)), FAUCET)
    assert node.code(forged.contract) != code

    false = contracts._replace(stakes=Stakes(node, forged.contract))

    assert "Stakes" in other_code(node, false)
    same = node.send(Raw(code), FAUCET)
    assert "Stakes" not in other_code(node, contracts._replace(stakes=Stakes(node, same.contract)))
