"""Merkle trees: the payment list, the allow-list and each training round's updates.

:class:`SumTree` is the twin of the ``SumTree`` library in Solidity: a node carries the sum
of what lies under it, so a path that verifies also proves that everything under the root
together is worth the root's total, whatever a committee claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Amounts are uint128 in the contracts: more than any supply, and two fit a storage slot.
MAXIMUM_AMOUNT: Final = 2**128 - 1


@dataclass(frozen=True, slots=True)
class SumNode:
    """A node of a Merkle-sum tree.

    Attributes:
        hash: Keccak-256 of the node, 32 bytes.
        sum: Base units of all leaves under it.

    """

    hash: bytes
    sum: int


#: What an odd last node is paired with; worth nothing, so it moves no sum.
EMPTY: Final = SumNode(bytes(32), 0)


class SumTree:
    """A positional Merkle-sum tree over cumulative amounts.

    Args:
        job: The job's number, bound into each leaf.
        accounts: Who is paid, by participant index.
        amounts: Cumulative base units of each, uint128.

    Raises:
        ChainError: There is nobody to pay, or an amount does not fit.

    """

    def __init__(self, job: int, accounts: Sequence[str], amounts: Sequence[int]) -> None:
        if not accounts or len(accounts) != len(amounts):
            raise ChainError(f"a payment tree of {len(accounts)} accounts, {len(amounts)} amounts")
        rows = enumerate(zip(accounts, amounts, strict=True))
        level = [leaf(job, index, account, amount) for index, (account, amount) in rows]
        self._levels = [level]
        while len(level) > 1:
            padded = [*level, EMPTY] if len(level) % 2 else level
            level = [_join(*pair) for pair in zip(padded[::2], padded[1::2], strict=True)]
            self._levels.append(level)

    @property
    def root(self) -> SumNode:
        """The root: its hash, and the total of all amounts."""
        return self._levels[-1][0]

    def proof(self, index: int) -> tuple[SumNode, ...]:
        """Give the siblings of leaf *index*, from the leaf up."""
        if not 0 <= index < len(self._levels[0]):
            raise ChainError(f"no leaf {index} in a tree of {len(self._levels[0])}")
        siblings = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            siblings.append(level[sibling] if sibling < len(level) else EMPTY)
            index //= 2
        return tuple(siblings)


def leaf(job: int, index: int, account: str, amount: int) -> SumNode:
    """Give the leaf of participant *index* of *job*, who is owed *amount* in all."""
    if not 0 <= amount <= MAXIMUM_AMOUNT:
        raise ChainError(
            f"an amount of {amount} base units does not fit the contracts (0 to 2^128 - 1)",
            hint="Choose a smaller budget, or a token with fewer decimals.",
        )
    types = ("uint256", "uint256", "uint256", "address", "uint256")
    return SumNode(keccak(encode(types, (0, job, index, account, amount))), amount)


def verify(root: SumNode, node: SumNode, index: int, proof: Sequence[SumNode]) -> bool:
    """Say whether *node* is leaf *index* of the tree that *root* commits to.

    Both the hash and the total must come out; an index past the tree's width is refused,
    since its high bits would never be looked at.
    """
    if not 0 <= index < 2 ** len(proof):
        return False
    for sibling in proof:
        node = _join(sibling, node) if index % 2 else _join(node, sibling)
        index //= 2
    return node == root


def _join(left: SumNode, right: SumNode) -> SumNode:
    types = ("uint256", "bytes32", "uint256", "bytes32", "uint256")
    data = encode(types, (1, left.hash, left.sum, right.hash, right.sum))
    return SumNode(keccak(data), left.sum + right.sum)


class AllowList:
    """The accounts that may join a job, as OpenZeppelin's ``MerkleProof`` verifies them.

    The layout is that of their StandardMerkleTree: double-hashed leaves in ascending order
    at the end of an array in which node ``i`` has children ``2i + 1`` and ``2i + 2``.
    """

    def __init__(self, accounts: Iterable[str]) -> None:
        leaves = sorted({_allowed(account) for account in accounts}, reverse=True)
        if not leaves:
            raise ChainError("an allow-list of nobody")
        self._nodes = [b""] * (len(leaves) - 1) + leaves
        for i in reversed(range(len(leaves) - 1)):
            self._nodes[i] = keccak(b"".join(sorted(self._nodes[2 * i + 1 : 2 * i + 3])))

    @property
    def root(self) -> bytes:
        """The 32 bytes that the job's terms name."""
        return self._nodes[0]

    def proof(self, account: str) -> tuple[bytes, ...]:
        """Give the siblings of *account*'s leaf, from the leaf up."""
        try:
            position = self._nodes.index(_allowed(account))
        except ValueError:
            raise ChainError(f"{account} is not on the job's allow-list") from None
        siblings = []
        while position:
            siblings.append(self._nodes[position + 1 if position % 2 else position - 1])
            position = (position - 1) // 2
        return tuple(siblings)


def _allowed(account: str) -> bytes:
    return keccak(keccak(encode(("address",), (account,))))


def members_digest(accounts: Iterable[str]) -> bytes:
    """Chain *accounts* in the order they joined, as ``Registry.membersDigest`` does."""
    raw = (bytes.fromhex(account.removeprefix("0x")) for account in accounts)
    return reduce(lambda digest, account: keccak(digest + account), raw, bytes(32))


def round_history(update_roots: Iterable[bytes]) -> bytes:
    """Chain one root a training round, from round 1, as ``Rounds.history`` does."""
    history = bytes(32)
    for training_round, root in enumerate(update_roots, start=1):
        data = encode(("bytes32", "uint256", "bytes32"), (history, training_round, root))
        history = keccak(data)
    return history


def update_root(digests: Sequence[bytes]) -> bytes:
    """Give the Merkle root of the participants' update digests of one training round.

    Leaf ``keccak(0x00, index as uint256, digest)``, node ``keccak(0x01, left, right)``; an odd
    last node is paired with 32 zero bytes. A participant that sat the round out still has
    its place: give 32 zero bytes for it.

    Args:
        digests: 32 bytes a participant, in the participants' order.

    Raises:
        ChainError: There are none, or one is not 32 bytes long.

    """
    if not digests or any(len(digest) != len(bytes(32)) for digest in digests):
        raise ChainError(f"update digests must be 32 bytes each, got {[len(d) for d in digests]}")
    level = [keccak(b"\0" + encode(("uint256",), (i,)) + d) for i, d in enumerate(digests)]
    while len(level) > 1:
        padded = [*level, bytes(32)] if len(level) % 2 else level
        pairs = zip(padded[::2], padded[1::2], strict=True)
        level = [keccak(b"\1" + left + right) for left, right in pairs]
    return level[0]
