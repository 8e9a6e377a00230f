"""The trees of a valuation; that the contracts take their leaves is in the tests of disputes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from fedmerit.chain.proofs.committed import Commitment, IndexTree, utility_leaf
from fedmerit.errors import ChainError

DRAWN = Commitment(
    members=2,
    permutations=2,
    coalitions=(0, 1, 3, 0, 2, 3),
    utilities=(0, 5, 3, 0, -(10**30), 3),
    steps=(5, -2, -(10**30), 10**30 + 3),
    totals=(5, -2, -(10**30) - 2, 10**30 + 8),
    values=(10**30 + 8, -(10**30) - 2),
)


def climbed(leaf, place, proof):
    """Do what ``IndexTree.verify`` does."""
    for sibling in proof:
        leaf = keccak(sibling + leaf if place % 2 else leaf + sibling)
        place //= 2
    return leaf


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_every_leaf_leads_to_the_root(count):
    leaves = {place: keccak(bytes([place])) for place in range(count)}
    tree = IndexTree(leaves, (count - 1).bit_length())

    for place, leaf in leaves.items():
        assert climbed(leaf, place, tree.proof(place)) == tree.root


def test_a_few_leaves_of_very_many_places_have_a_root_and_proofs():
    places = {0: b"\1" * 32, 2**255 + 7: b"\2" * 32, 2**256 - 1: b"\3" * 32}
    tree = IndexTree(places, 256)

    for place, leaf in places.items():
        assert len(tree.proof(place)) == 256
        assert climbed(leaf, place, tree.proof(place)) == tree.root


def test_a_tree_of_nothing_has_no_root():
    assert IndexTree({}, 0).root == bytes(32)


def test_without_orders_a_coalition_stands_at_its_own_place():
    valued = Commitment(
        members=3,
        permutations=0,
        coalitions=(0, 5),
        utilities=(0, -7),
        steps=(),
        totals=(),
        values=(),
    )

    roots = valued.roots(4, 1)

    leaf = utility_leaf(4, 1, 5, -7)
    assert climbed(leaf, 5, valued.trees(4, 1).table.proof(5)) == roots.table
    assert (roots.steps, roots.values) == (bytes(32), bytes(32))


def test_a_jobs_and_a_periods_roots_are_its_own():
    assert len({DRAWN.roots(job, period) for job in (1, 2) for period in (1, 2)}) == 4


def test_json_keeps_numbers_of_any_size_and_sign():
    assert Commitment.from_json(DRAWN.to_json()) == DRAWN


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("coalitions", (0, 1)),
        ("utilities", ()),
        ("steps", (1,)),
        ("totals", ()),
        ("values", (1,)),
        ("values", ()),
    ],
)
def test_lists_that_do_not_fit_are_refused(name, numbers):
    with pytest.raises(ChainError, match="does not hold"):
        replace(DRAWN, **{name: numbers})
