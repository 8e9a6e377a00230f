"""The permutations of a seed: the same in Python and on the chain."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.contracts import compiler
from fedmerit.errors import GameError
from fedmerit.shuffles import MAXIMUM_MEMBERS, permutation

FORGE = compiler.ROOM / "test" / "Permutation.order.t.sol"


def digest_of_orders(first: int, seeds: int) -> bytes:
    digest = bytes(32)
    for i in range(first, first + seeds):
        order = permutation(keccak(encode(("uint256",), (i,))), i % 7, 1 + i % 120)
        digest = keccak(encode(("bytes32", "uint16[]"), (digest, order)))
    return digest


def test_six_thousand_seeds_give_the_permutations_that_solidity_gives():
    tested = re.search(r"DIGEST_OF_6000 = (0x[0-9a-f]{64})", FORGE.read_text(encoding="utf-8"))

    digest = bytes(32)
    for chunk in range(60):
        part = digest_of_orders(chunk * 100, 100)
        digest = keccak(encode(("bytes32", "bytes32"), (digest, part)))

    assert f"0x{digest.hex()}" == tested[1]


@pytest.mark.parametrize("count", [1, 2, 16, 100, 255])
def test_everybody_joins_once(count):
    assert sorted(permutation(b"\1" * 32, 3, count)) == list(range(count))


def test_seeds_and_indices_give_orders_of_their_own():
    seeds = [bytes([number]) * 32 for number in range(4)]

    orders = {permutation(seed, index, 20) for seed in seeds for index in range(4)}

    assert len(orders) == 16


def test_no_order_is_likelier_than_another():
    times = Counter(permutation(b"\7" * 32, index, 3) for index in range(6000))

    assert len(times) == 6
    assert all(abs(count - 1000) < 120 for count in times.values())


@pytest.mark.parametrize(
    ("seed", "index", "count"),
    [(b"short", 0, 3), (bytes(32), -1, 3), (bytes(32), 0, -1), (bytes(32), 0, MAXIMUM_MEMBERS + 1)],
)
def test_what_cannot_be_ordered_is_refused(seed, index, count):
    with pytest.raises(GameError):
        permutation(seed, index, count)


def test_the_deployed_contract_gives_the_same_orders(settled):
    disputes = contracts_at(settled.node, settled.receipt.addresses).disputes

    for index, count in enumerate((1, 2, 5, 16, 100, 256)):
        seed = keccak(encode(("uint256",), (count,)))
        assert disputes.order_of(seed, index, count) == permutation(seed, index, count)
