"""The integers of a valuation, as a report commits to them, and what proves one of them.

The twins of the ``IndexTree`` and ``Valuation`` libraries in Solidity. A coalition is a
bitmask: bit i is the member with index i. See ``IDisputes`` for the leaves of each form.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from pydantic import with_config

from fedmerit.chain.jsonfile import STRICT, Count, Signed, dump, load
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Mapping

Of = TypeVar("Of")

_ABSENT = bytes(32)


class IndexTree:
    """A positional Merkle tree of 32-byte leaves, of which some may be missing.

    What is missing counts as zero at whatever level it is missing as a whole, as the odd last
    node of a level does. So a table of a few coalitions out of 2**n has a root as well.

    Args:
        leaves: By place.
        depth: Levels above the leaves; every place is below ``2**depth``.
    """

    def __init__(self, leaves: Mapping[int, bytes], depth: int) -> None:
        self._levels: list[Mapping[int, bytes]] = [leaves]
        for _ in range(depth):
            below = self._levels[-1]
            self._levels.append(
                {
                    place: keccak(below.get(2 * place, _ABSENT) + below.get(2 * place + 1, _ABSENT))
                    for place in {place // 2 for place in below}
                }
            )

    @property
    def root(self) -> bytes:
        """The root; zeros over nothing."""
        return self._levels[-1].get(0, _ABSENT)

    def proof(self, place: int, *, above: int = 0) -> tuple[bytes, ...]:
        """Give the siblings of the leaf at *place*, from the leaf up.

        Args:
            place: The leaf's.
            above: Of the node so many levels above the leaf, and not of the leaf itself.
        """
        levels = list(enumerate(self._levels[:-1]))[above:]
        return tuple(nodes.get((place >> level) ^ 1, _ABSENT) for level, nodes in levels)


class Form(IntEnum):
    """In which form a report commits to its valuation, as a job's terms fix it.

    The numbers are those of ``IRegistry.Form``.
    """

    #: Whoever signs chooses: no terms bind the report.
    OPEN = 0
    #: The utilities that were measured alone: the chain follows no value from them.
    TABLE = 1
    #: All utilities and the exact values.
    EXACT = 2
    #: Utilities, steps and values in a fixed number of the seed's joining orders.
    ORDERS = 3


class Roots(NamedTuple):
    """What a report says of its valuation; zeros where it commits to nothing."""

    permutations: int
    table: bytes
    steps: bytes
    values: bytes


class Trees(NamedTuple, Generic[Of]):
    """Something of each of a valuation's trees in one settlement period of one job."""

    table: Of
    steps: Of
    values: Of


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The integers that somebody publishes as a :class:`Commitment`, if they are one or not."""

    members: Count
    permutations: Count
    coalitions: tuple[Signed, ...]
    utilities: tuple[Signed, ...]
    steps: tuple[Signed, ...]
    totals: tuple[Signed, ...]
    values: tuple[Signed, ...]

    @property
    def fits(self) -> Trees[bool]:
        """Whether the lists behind each tree are as long as the form asks for."""
        n, orders = self.members, self.permutations
        rows = orders * (n + 1) if orders else len(self.coalitions)
        return Trees(
            len(self.coalitions) == len(self.utilities) == rows,
            len(self.steps) == len(self.totals) == orders * n,
            # Orders end in values: without them nobody could check the last step of a member.
            len(self.values) == n or not (orders or self.values),
        )

    def table(self, job: int, period: int) -> IndexTree:
        """Build the tree of the utilities in *period* of *job*."""
        rows = tuple(zip(self.coalitions, self.utilities, strict=True))
        leaves = (utility_leaf(job, period, *row) for row in rows)
        drawn = bool(self.permutations)
        places = range(len(rows)) if drawn else self.coalitions
        return IndexTree(
            dict(zip(places, leaves, strict=True)), _depth(len(rows)) if drawn else self.members
        )

    def added(self, job: int, period: int) -> IndexTree:
        """Build the tree of the steps and totals in *period* of *job*."""
        leaves = (
            step_leaf(job, period, divmod(at, self.members), *step)
            for at, step in enumerate(zip(self.steps, self.totals, strict=True))
        )
        return IndexTree(dict(enumerate(leaves)), _depth(len(self.steps)))

    def valued(self, job: int, period: int) -> IndexTree:
        """Build the tree of the values in *period* of *job*."""
        leaves = (value_leaf(job, period, *value) for value in enumerate(self.values))
        return IndexTree(dict(enumerate(leaves)), _depth(len(self.values)))

    def to_json(self) -> str:
        """Write it as JSON; large numbers as decimal strings."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote; a ChainError says where it is malformed."""
        return load(cls, text)


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment(Numbers):
    """The integers of a valuation.

    Attributes:
        members: How many there are.
        permutations: How many joining orders of the period's seed the values are sums over;
            0 if they are none such.
        coalitions: Bitmasks: all first members of each order, from none on, order by order;
            without orders, those that were measured, ascending.
        utilities: What each of them is worth, in one unit, whole.
        steps: What the member that joins adds, order by order; none without orders.
        totals: The member's steps so far, beside each.
        values: Each member's last total; without orders, its Shapley value times n!, if all
            coalitions were measured, and else none.

    Raises:
        ChainError: The lists do not fit one another.
    """

    def __post_init__(self) -> None:
        if not all(self.fits):
            lists = (self.coalitions, self.utilities, self.steps, self.totals)
            raise ChainError(
                f"a valuation of {self.members} members in {self.permutations} orders does not "
                f"hold {tuple(map(len, lists))} numbers and {len(self.values)} values"
            )

    @property
    def form(self) -> Form:
        """The form that these integers are in."""
        if self.permutations:
            return Form.ORDERS
        return Form.EXACT if self.values else Form.TABLE

    def trees(self, job: int, period: int) -> Trees[IndexTree]:
        """Build the trees of this valuation in *period* of *job*."""
        where = job, period
        return Trees(self.table(*where), self.added(*where), self.valued(*where))

    def roots(self, job: int, period: int) -> Roots:
        """Give what a report of *period* of *job* says of this valuation."""
        trees = self.trees(job, period)
        return Roots(self.permutations, *(tree.root for tree in trees))


def _depth(leaves: int) -> int:
    return max(leaves - 1, 0).bit_length()


def utility_leaf(job: int, period: int, coalition: int, utility: int) -> bytes:
    """Give the leaf of a coalition's utility."""
    types = ("uint256", "uint256", "uint256", "int256")
    return keccak(encode(types, (job, period, coalition, utility)))


def step_leaf(job: int, period: int, place: tuple[int, int], marginal: int, total: int) -> bytes:
    """Give the leaf of what a member adds in one order, and what that adds up to so far.

    *place* is the order's number and the member's position in it, both from 0.
    """
    types = ("uint256", "uint256", "uint256", "uint256", "int256", "int256")
    return keccak(encode(types, (job, period, *place, marginal, total)))


def value_leaf(job: int, period: int, index: int, value: int) -> bytes:
    """Give the leaf of a member's value."""
    return keccak(encode(("uint256", "uint256", "uint256", "int256"), (job, period, index, value)))
