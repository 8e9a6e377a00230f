"""The valuation as integers that a chain can check, out of the recorded coalition table.

A utility is the sum of a coalition's gains over all validation rows, in millionths: the very
integers that the bundle keeps, so nothing is rounded a second time.
"""

from __future__ import annotations

from itertools import accumulate
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.schemas import COMMITMENT, VALUATION, ValuationDocument
from fedmerit.bundle.training import whole
from fedmerit.chain import Commitment
from fedmerit.chain.proofs.committed import Form, Numbers
from fedmerit.coalitions import code_of
from fedmerit.errors import BundleError
from fedmerit.scenario.terms import promise_of
from fedmerit.shuffles import permutation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.bundle.directory import Bundle


def write_commitment(bundle: Bundle) -> None:
    """Write down what the committee is going to sign of the valuation."""
    bundle.write(COMMITMENT, commitment_of(bundle).to_json().encode())


def read_commitment(bundle: Bundle) -> Commitment:
    """Read what :func:`write_commitment` wrote; raises ChainError where it is malformed."""
    return Commitment.from_json(bundle.text(COMMITMENT))


def read_numbers(bundle: Bundle) -> Numbers:
    """Read the same, whether or not it is a valuation."""
    return Numbers.from_json(bundle.text(COMMITMENT))


def commitment_of(bundle: Bundle) -> Commitment:
    """Give the integers that follow from the recorded table, the method and the seed.

    The form is the one that the terms fixed before the seed was drawn. Plain means over joining
    orders of the seed are committed order by order, exact Shapley values with the whole table,
    so that a contract can check either. Of any other method the measured coalitions are
    committed, and no values: the rest is the audit's business alone.

    Raises:
        BundleError: The table lacks what the method asked for.
    """
    said = bundle.document(VALUATION, ValuationDocument)
    table, n = utilities_of(bundle), len(said.participants)
    form, orders = promise_of(bundle.scenario, n)
    if form is Form.ORDERS:
        return drawn_commitment(table, bytes.fromhex(said.seed[2:]), n, orders)
    coalitions = tuple(sorted(table))
    return Commitment(
        members=n,
        permutations=0,
        coalitions=coalitions,
        utilities=tuple(table[coalition] for coalition in coalitions),
        steps=(),
        totals=(),
        values=shapley_integers(table, n) if form is Form.EXACT else (),
    )


def utilities_of(bundle: Bundle) -> dict[int, int]:
    """Give the utility of each recorded coalition, by its bitmask.

    Raises:
        BundleError: A gain is recorded in parts of a millionth.
    """
    arrays = bundle.tensors(COALITIONS)
    sums = whole(arrays["gains_micro"], COALITIONS).sum(axis=1, dtype=np.int64).tolist()
    return dict(zip(map(code_of, arrays["coalitions"]), sums, strict=True))


def drawn_commitment(table: Mapping[int, int], seed: bytes, n: int, orders: int) -> Commitment:
    """Give the integers of a valuation in *orders* joining orders of *seed*."""
    totals, columns = [0] * n, ([], [], [], [])  # type: tuple[list[int], tuple[list[int], ...]]
    coalitions, utilities, steps, sums = columns
    for index in range(orders):
        order = permutation(seed, index, n)
        grown = tuple(accumulate((1 << i for i in order), initial=0))
        worths = [_worth(table, coalition) for coalition in grown]
        coalitions.extend(grown)
        utilities.extend(worths)
        for place, member in enumerate(order):
            added = worths[place + 1] - worths[place]
            totals[member] += added
            steps.append(added)
            sums.append(totals[member])
    return Commitment(
        members=n,
        permutations=orders,
        coalitions=tuple(coalitions),
        utilities=tuple(utilities),
        steps=tuple(steps),
        totals=tuple(sums),
        values=tuple(totals),
    )


def shapley_integers(table: Mapping[int, int], n: int) -> tuple[int, ...]:
    """Give every member's Shapley value times n!, which is whole."""
    weights = [factorial(size) * factorial(n - 1 - size) for size in range(n)]
    worths = [_worth(table, coalition) for coalition in range(2**n)]
    return tuple(_shapley(worths, weights, 1 << member) for member in range(n))


def _shapley(worths: Sequence[int], weights: Sequence[int], bit: int) -> int:
    return sum(
        weights[coalition.bit_count()] * (worths[coalition | bit] - worth)
        for coalition, worth in enumerate(worths)
        if not coalition & bit
    )


def _worth(table: Mapping[int, int], coalition: int) -> int:
    if coalition not in table:
        raise BundleError(f"{COALITIONS} lacks coalition {coalition:#b}, which the method needs")
    return table[coalition]
