"""What can be done to a consortium: reorder it, copy or split a member, add one of no use."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from fedmerit.incentives.mechanisms.properties import Condition
from fedmerit.incentives.offers import Bid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism
    from fedmerit.incentives.offers import Parameter

#: No more members than these, copies included: the table of worths doubles with each.
_MEMBERS: Final = 9


class Joined(NamedTuple):
    """A member under several names.

    Attributes:
        how: As what it joined.
        setting: What came of it; the first name is in the member's place, the others at the end.
        outside: Conditions that these names do not keep.
    """

    how: str
    setting: Setting
    outside: frozenset[Condition] = frozenset()


def permuted(setting: Setting, order: Sequence[int]) -> Setting:
    """Put member ``order[k]`` at place *k*, under that place's name."""
    return setting.regrouped(order, setting.worths[_old_codes(order)])


def as_copies(setting: Setting, member: int) -> Iterator[Joined]:
    """Let *member* join as several with the same data, in all the ways there are."""
    for count in (2, 3, 5):
        yield from _joined(f"{count} copies", setting, member, count)
    declared = frozenset({Condition.COUNTED_ONCE})
    for count in (2, 3):
        how = f"{count} copies that each declare all rows"
        yield from _joined(how, setting, member, count, shares_rows=False, outside=declared)
    overlap = frozenset({Condition.COMPLETE})
    for count, needed in ((3, 2), (5, 2), (5, 3)):
        how = f"{count} names of which any {needed} hold all its rows"
        yield from _joined(how, setting, member, count, needed=needed, outside=overlap)
    for joined in _joined("2 copies that send opposite updates", setting, member, 2):
        updates = joined.setting.updates.copy()
        updates[-1] = -updates[-1]
        opposite = replace(joined.setting, updates=updates)
        yield joined._replace(setting=opposite, outside=frozenset({Condition.ALIKE}))


def as_parts(setting: Setting, member: int) -> Iterator[Joined]:
    """Let *member* join as several, each with a part that is of use only beside all the others.

    Their updates have nothing in common.
    """
    for count in (2, 5):
        for joined in _joined(f"{count} parts", setting, member, count, needed=count):
            updates = joined.setting.updates.copy()
            for number, place in enumerate((member, *range(setting.n, joined.setting.n))):
                updates[place, np.arange(updates.shape[1]) % count != number] = 0.0
            yield joined._replace(setting=replace(joined.setting, updates=updates))


def as_offers(setting: Setting, member: int) -> Iterator[Joined]:
    """Let *member* offer what it has under several names, whatever worths are."""
    yield from as_parts(setting, member)
    declared = frozenset({Condition.COUNTED_ONCE})
    how = "2 names that each offer all rows"
    yield from _joined(how, setting, member, 2, shares_rows=False, outside=declared)


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


def _joined(
    how: str,
    setting: Setting,
    member: int,
    count: int,
    *,
    needed: int = 1,
    shares_rows: bool = True,
    outside: frozenset[Condition] = frozenset(),
) -> Iterator[Joined]:
    """Let *member* join under *count* names, any *needed* of which are worth what it is."""
    n = setting.n
    if n + count - 1 > _MEMBERS:
        return
    origins, places = [*range(n), *[member] * (count - 1)], [member, *range(n, n + count - 1)]
    codes = np.arange(2 ** len(origins))
    present = sum(codes >> place & 1 for place in places) >= needed
    old = codes & (2**n - 1) & ~(1 << member) | present.astype(np.int64) << member
    joined = setting.regrouped(origins, setting.worths[old])
    if shares_rows:
        joined = _sharing(joined, setting, member, places)
    yield Joined(how, joined, outside)


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
