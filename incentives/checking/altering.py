"""What can be done to a consortium: reorder it, copy or split a member, add one of no use."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.offers import Bid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.offers import Parameter


def permuted(setting: Setting, order: Sequence[int]) -> Setting:
    """Put member ``order[k]`` at place *k*, under that place's name."""
    return setting.regrouped(order, setting.worths[_old_codes(order)])


def with_copies(setting: Setting, member: int, count: int) -> Setting:
    """Let *member* join as *count* members with the same data, which add nothing to each other.

    Its rows are counted once: the copies share them. They stand at the end, but the first.
    """
    n = setting.n
    origins = [*range(n), *[member] * (count - 1)]
    copied = setting.regrouped(origins, setting.worths[_old_codes(origins)])
    return _sharing(copied, setting, member, [member, *range(n, n + count - 1)])


def with_halves(setting: Setting, member: int) -> Setting:
    """Let *member* join as two, each with a part that is of use only beside the other.

    Their updates are two parts of the member's that have nothing in common.
    """
    n = setting.n
    codes = np.arange(2 ** (n + 1))
    both = (codes >> member & codes >> n & 1).astype(bool)
    old = codes & (2**n - 1) & ~(1 << member) | both << member
    halved = setting.regrouped([*range(n), member], setting.worths[old])
    updates = halved.updates.copy()
    updates[member, 1::2] = 0.0
    updates[n, 0::2] = 0.0
    return _sharing(replace(halved, updates=updates), setting, member, [member, n])


def with_null(setting: Setting) -> Setting:
    """Add a member at the end that adds nothing to any coalition, and offers nothing."""
    n = setting.n
    added = setting.regrouped([*range(n), 0], np.tile(setting.worths, 2))
    updates = added.updates.copy()
    updates[n] = 0.0
    past = added.history
    owed_nothing = {
        name: (*amounts[:-1], Fraction(0))
        for name in ("regrets", "waits", "mean_costs")
        if (amounts := getattr(past, name))
    }
    return replace(
        added,
        history=replace(past, **owed_nothing),
        bids=(*setting.bids, None),
        half_widths=(*setting.half_widths, 0),
        updates=updates,
    )


def with_worths_of(setting: Setting, other: Setting) -> Setting:
    """Give the sum of two settings of as many members: worths and budgets added."""
    return replace(
        setting, worths=setting.worths + other.worths, budget=setting.budget + other.budget
    )


def in_other_units(setting: Setting, mechanism: Mechanism, times: int) -> Setting:
    """Count money in units of which there are *times* as many."""
    parameters = {
        name: _times(value, times) if name in mechanism.model.money else value
        for name, value in (dict(mechanism.defaults) | dict(setting.parameters)).items()
    }
    bids = tuple(bid and replace(bid, cost=bid.cost * times) for bid in setting.bids)
    past = setting.history
    return replace(
        setting,
        budget=setting.budget * times,
        bids=bids,
        stakes=tuple(stake * times for stake in setting.stakes),
        parameters=parameters,
        history=replace(
            past,
            regrets=tuple(amount * times for amount in past.regrets),
            waits=tuple(amount * times for amount in past.waits),
            mean_costs=tuple(amount * times for amount in past.mean_costs),
        ),
    )


def _old_codes(origins: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Give each new coalition's code in the old numbering: who has anybody of it in."""
    codes = np.arange(2 ** len(origins))
    old = np.zeros_like(codes)
    for place, origin in enumerate(origins):
        old |= (codes >> place & 1) << origin
    return old


def _sharing(joined: Setting, before: Setting, member: int, places: Sequence[int]) -> Setting:
    """Share rows, stake and offer of *member* among its *places*."""
    rows, stakes, bids = list(joined.rows), list(joined.stakes), list(joined.bids)
    parts, bid = len(places), before.bids[member]
    for number, place in enumerate(places):
        rows[place] = _part(before.rows[member], parts, number)
        stakes[place] = _part(before.stakes[member], parts, number)
        if bid is not None:
            bids[place] = _part_of_bid(bid, parts, number)
    return replace(joined, rows=tuple(rows), stakes=tuple(stakes), bids=tuple(bids))


def _part(total: int, parts: int, number: int) -> int:
    return total // parts + (number < total % parts)


def _part_of_bid(bid: Bid, parts: int, number: int) -> Bid | None:
    capacity = _part(bid.capacity, parts, number)
    if not capacity or bid.quality < parts:
        return None
    quality = _part(bid.quality, parts, number)
    return Bid(cost=round(bid.unit_cost * capacity), capacity=capacity, quality=quality)


def _times(value: Parameter, times: int) -> Parameter:
    if isinstance(value, tuple):
        return tuple(part * times for part in value)
    return value * times if isinstance(value, int) else Fraction(value * times)
