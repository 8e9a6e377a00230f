"""Orders that cannot be settled are refused before anything is sent."""

from __future__ import annotations

import pytest
from eth_utils.address import to_checksum_address

from fedmerit.chain.proofs.committed import Form
from fedmerit.chain.proofs.tree import MAXIMUM_AMOUNT
from fedmerit.chain.settlement.receipt import Deployment
from fedmerit.errors import ChainError


def many(count):
    """Give so many who are all paid nothing."""
    names = tuple(f"member-{at}" for at in range(count))
    return {"participants": names, "payments": (0,) * count, "committee": names[:2]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"participants": ("a", "a", "b")}, "distinct"),
        ({"participants": ()}, "distinct"),
        ({"participants": ("bergen", "sponsor", "c")}, "role of its own"),
        ({"payments": (1, 2)}, "2 payments for 3"),
        ({"payments": (-1, 0, 0)}, "paid -1"),
        ({"payments": (MAXIMUM_AMOUNT + 1, 0, 0)}, "2\\^128"),
        ({"payments": (21 * 10**18, 0, 0)}, "pass the budget"),
        ({"budget": 0, "payments": (0, 0, 0)}, "budget of 0"),
        ({"budget": MAXIMUM_AMOUNT + 1}, "2\\^128"),
        ({"committee": ("bergen", "nobody")}, "'nobody' is on the committee"),
        ({"committee": ("bergen", "bergen")}, "twice"),
        ({"committee": (), "threshold": 0}, "cannot sign"),
        ({"threshold": 3}, "3 of 2"),
        ({**many(257), "form": Form.TABLE}, "257 participants; .* one bit"),
        ({**many(257), "committee": many(257)["participants"]}, "committee of 257"),
        ({"evidence": bytes(32)}, "all zeros"),
        ({"evidence": b"short"}, "32 bytes"),
        ({"update_roots": (b"short",)}, "32 bytes"),
        ({"challenge_window": -1}, "challenge window"),
    ],
)
def test_an_order_that_cannot_be_settled_says_why(make_order, change, said):
    with pytest.raises(ChainError, match=said):
        make_order(**change)


def test_a_misspelt_committee_member_gets_the_nearest_name(make_order):
    with pytest.raises(ChainError) as caught:
        make_order(committee=("bergn",), threshold=1)

    assert caught.value.hint == "Did you mean 'bergen'?"


def test_payments_and_reserve_are_the_budget(make_order):
    order = make_order()

    assert sum(order.payments) + order.reserve == order.budget


def test_a_deployment_survives_json():
    known = Deployment(
        chain_id=31337,
        addresses={"Registry": to_checksum_address("0x" + "ab" * 20)},
        block=7,
        job=3,
    )

    assert Deployment.from_json(known.to_json()) == known


def test_a_deployment_with_an_odd_address_is_refused():
    text = '{"chain_id": 1, "addresses": {"Registry": "0x12"}, "block": 0, "job": null}'

    with pytest.raises(ChainError, match=r"addresses\.Registry"):
        Deployment.from_json(text)
