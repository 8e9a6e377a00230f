"""Chains, keys and orders for the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from fedmerit.chain.keys import Keyring
from fedmerit.chain.node.connection import connect
from fedmerit.chain.proofs.committed import Commitment
from fedmerit.chain.settlement.journal import Journal
from fedmerit.chain.settlement.request import SettlementRequest
from fedmerit.chain.settlement.settlement import settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.chain.node.node import Node
    from fedmerit.chain.settlement.receipt import Receipt

STARTED = 1_700_000_000
NAMES = ("Ada's clinic", "bergen", "cleveland", "dresden", "essen", "faro")
CREDIT = 10**18


def an_order(members: int = 3, rounds: int = 2, **changes) -> SettlementRequest:
    """Make an order whose last member is paid nothing."""
    fields = {
        "participants": NAMES[:members],
        "payments": (*((members - 1 - i) * CREDIT + i for i in range(members - 1)), 0),
        "budget": 20 * CREDIT,
        "update_roots": tuple(bytes([number]) * 32 for number in range(1, rounds + 1)),
        "evidence": b"\xe5" * 32,
        "committee": NAMES[:2],
        "threshold": 2,
        "challenge_window": 3600,
    }
    return SettlementRequest(**(fields | changes))


@pytest.fixture
def make_order():
    return an_order


@pytest.fixture
def valued() -> Commitment:
    """Give a valuation of three members by two coalitions."""
    return Commitment(
        members=3,
        permutations=0,
        coalitions=(0, 7),
        utilities=(0, 12),
        steps=(),
        totals=(),
        values=(),
    )


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture(scope="session")
def keys() -> Keyring:
    return Keyring.development("tests", 7)


@pytest.fixture(scope="session")
def anvil(start_anvil) -> Iterator[str]:
    """One Anvil for all tests that do not mind company."""
    with start_anvil() as url:
        yield url


@pytest.fixture(params=["embedded", pytest.param("anvil", marks=pytest.mark.node)])
def node(request) -> Node:
    """A chain of either kind; the embedded one is fresh, Anvil's has other jobs on it."""
    if request.param == "embedded":
        return connect(started=STARTED)
    return connect(request.getfixturevalue("anvil"))


@dataclass
class Settled:
    node: Node
    order: SettlementRequest
    receipt: Receipt


@pytest.fixture(scope="session")
def settled_here(keys) -> Settled:
    """One settlement on an embedded chain, for tests that only read."""
    return _settle_on(connect(started=STARTED), keys)


@pytest.fixture(scope="session")
def settled_there(keys, anvil) -> Settled:
    """One settlement on Anvil, for tests that only read."""
    return _settle_on(connect(anvil), keys)


@pytest.fixture(params=["settled_here", pytest.param("settled_there", marks=pytest.mark.node)])
def settled(request) -> Settled:
    """One settlement on a chain of either kind, for tests that only read."""
    return request.getfixturevalue(request.param)


def _settle_on(node: Node, keys: Keyring) -> Settled:
    order = an_order()
    return Settled(node, order, settle(node, order, keys))
