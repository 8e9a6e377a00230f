"""Checks of divisions: symmetry, nulls, sums, the core, copies, growth and units."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import linprog

from fedmerit.incentives.checking.altering import (
    in_other_units,
    permuted,
    with_copies,
    with_halves,
    with_null,
    with_worths_of,
)
from fedmerit.incentives.checking.results import worst
from fedmerit.incentives.checking.setting import UNIT
from fedmerit.incentives.checking.takings import attempt, taken
from fedmerit.incentives.mechanisms.properties import Need, Property
from fedmerit.incentives.mechanisms.stable import excesses_of_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedmerit.incentives.checking.results import Attempt
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms import Mechanism

#: Units of which there are so many times as many.
_TIMES: Final = 3
#: Worths are whole numbers; a smaller excess than this is none.
_NONE: Final = 1e-7


def divides(mechanism: Mechanism) -> bool:
    """Say whether a mechanism divides what a game is worth, rather than to buy or to ask."""
    return not mechanism.needs & {Need.BIDS, Need.REPORTS}


def is_symmetric(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Attempt | None:
    """Let members change names and places, and compare what each ends with."""
    order = rng.permutation(setting.n).tolist()
    outcome, before = taken(mechanism, setting)
    _, after = taken(mechanism, permuted(setting, order))
    tries = []
    for place, who in enumerate(order):
        says = (
            f"{ascii_lowercase[who]!r} ends with {before[who]:.0f}, and with {after[place]:.0f} "
            f"as {ascii_lowercase[place]!r}"
        )
        gain = abs(before[who] - after[place])
        tries.append(attempt(mechanism, setting, outcome, gain, says))
    return worst(tries)


def ignores_nulls(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Add a member of no use to anyone, and see what it ends with."""
    if not (divides(mechanism) or Property.NULL in mechanism.claims):
        return None
    joined = with_null(setting)
    outcome, takings = taken(mechanism, joined)
    says = f"{ascii_lowercase[setting.n]!r} adds nothing and ends with {takings[-1]:.0f}"
    return attempt(mechanism, joined, outcome, takings[-1], says)


def is_additive(mechanism: Mechanism, setting: Setting, rng: np.random.Generator) -> Attempt | None:
    """Settle two games one by one and together."""
    if not divides(mechanism) or not setting.monotone:
        return None
    members = rng.integers(0, 5, setting.n).astype(float)
    grown = np.arange(len(setting.worths))[:, None] >> np.arange(setting.n) & 1
    worths = (grown * members).max(axis=1)  # who needs most sets the worth: another monotone game
    other = replace(setting, worths=worths, budget=max(1, int(worths[-1])) * UNIT)
    if not other.monotone:
        return None
    outcome, one = taken(mechanism, setting)
    if outcome.quality_ppm:
        return None  # models do not add up
    _, two = taken(mechanism, other)
    _, both = taken(mechanism, with_worths_of(setting, other))
    tries = []
    for i, together in enumerate(both):
        says = (
            f"{ascii_lowercase[i]!r} ends with {one[i] + two[i]:.0f} from two games one by one, "
            f"with {together:.0f} from both together (the second: {worths[1:].tolist()})"
        )
        gain = abs(together - one[i] - two[i])
        tries.append(attempt(mechanism, setting, outcome, gain, says))
    return worst(tries)


def is_stable(mechanism: Mechanism, setting: Setting, _rng: np.random.Generator) -> Attempt | None:
    """Look for a coalition that is worth more than it is paid, where none had to be."""
    if not divides(mechanism) or not setting.monotone or setting.n == 1:
        return None
    outcome = mechanism(setting.round())
    if outcome.quality_ppm or least_excess(setting.worths) > _NONE:
        return None
    nets = np.subtract(outcome.payments, outcome.slashes).astype(float)
    excesses = excesses_of_table(setting.worths * UNIT, nets)[1:-1]
    code = int(excesses.argmax()) + 1
    who = "".join(ascii_lowercase[i] for i in range(setting.n) if code >> i & 1)
    says = f"{who!r} is worth {excesses.max():.0f} more alone than it is paid"
    return attempt(mechanism, setting, outcome, float(excesses.max()), says)


def least_excess(worths: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Give the least that the largest excess can be over all divisions, by linear program.

    Args:
        worths: Of all coalitions, ``(2**n,)``.
    """
    n = len(worths).bit_length() - 1
    codes = np.arange(1, len(worths) - 1)
    inside = (codes[:, None] >> np.arange(n) & 1).astype(float)
    solution = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=-np.column_stack([inside, np.ones(len(codes))]),
        b_ub=-worths[1:-1],
        A_eq=np.append(np.ones(n), 0.0)[None],
        b_eq=worths[-1:],
        bounds=[(None, None)] * (n + 1),
        method="highs",
    )
    return float(solution.fun)


def defies_copies(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Let members join as two and as three with the same data."""
    if not divides(mechanism) or not setting.monotone:
        return None
    return worst(list(_several(mechanism, setting, copies=(2, 3), parts=False)))


def defies_sybils(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Let members join under several names: with copies, and with parts of what they have."""
    if divides(mechanism):
        if not setting.monotone:
            return None
        return worst(list(_several(mechanism, setting, copies=(2, 3), parts=True)))
    if mechanism.needs & {Need.GAME, Need.REPORTS}:
        return None
    return worst(list(_several(mechanism, setting, copies=(), parts=True)))


def rewards_growth(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Attempt | None:
    """Let somebody become worth more, declare more or ask for less; see that it has no less."""
    who = int(rng.integers(setting.n))
    grown = _grown(mechanism, setting, who, rng)
    if grown is None:
        return None
    better, how = grown
    outcome, before = taken(mechanism, setting)
    _, after = taken(mechanism, better)
    says = f"{ascii_lowercase[who]!r} ends with {after[who]:.0f} instead of {before[who]:.0f} {how}"
    return attempt(mechanism, setting, outcome, before[who] - after[who], says)


def keeps_units(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Count worths, or money, in other units."""
    outcome, before = taken(mechanism, setting)
    if Need.BIDS in mechanism.needs:
        other, times = in_other_units(setting, mechanism, _TIMES), _TIMES
    else:
        other = replace(
            setting,
            worths=setting.worths * _TIMES,
            half_widths=tuple(width * _TIMES for width in setting.half_widths),
        )
        times = 1
    _, after = taken(mechanism, other)
    tries = []
    for i, (here, there) in enumerate(zip(before, after, strict=True)):
        says = (
            f"{ascii_lowercase[i]!r} ends with {here:.0f}, in other units with {there / times:.0f}"
        )
        tries.append(attempt(mechanism, setting, outcome, abs(here - there / times), says))
    return worst(tries)


def _several(
    mechanism: Mechanism, setting: Setting, *, copies: Iterable[int], parts: bool
) -> Iterable[Attempt]:
    outcome, before = taken(mechanism, setting)
    for who in range(setting.n):
        joined = {f"{count} copies": with_copies(setting, who, count) for count in copies}
        if parts:
            joined["two parts"] = with_halves(setting, who)
        for how, after in joined.items():
            _, takings = taken(mechanism, after)
            parts_of_it = [takings[who], *takings[setting.n :]]
            # Money adds up; of several models one is used, the best.
            together = max(parts_of_it) if outcome.quality_ppm else sum(parts_of_it)
            says = (
                f"{ascii_lowercase[who]!r} ends with {together:.0f} as {how} instead of "
                f"{before[who]:.0f} as one"
            )
            yield attempt(mechanism, setting, outcome, together - before[who], says)


def _grown(
    mechanism: Mechanism, setting: Setting, who: int, rng: np.random.Generator
) -> tuple[Setting, str] | None:
    if Need.BIDS in mechanism.needs:
        bid = setting.bids[who]
        if bid is None:
            return None
        cheaper = replace(bid, cost=int(bid.cost * rng.uniform(0.3, 0.95)))
        bids = (*setting.bids[:who], cheaper, *setting.bids[who + 1 :])
        return replace(setting, bids=bids), f"once its cost is {cheaper.cost}"
    if mechanism.needs == {Need.ROWS}:
        rows = list(setting.rows)
        rows[who] += int(rng.integers(1, 9))
        return replace(setting, rows=tuple(rows)), f"once it has {rows[who]} rows"
    codes = np.arange(1, len(setting.worths) - 1)
    inside = codes[codes >> who & 1 == 1]
    if not setting.monotone or not len(inside):
        return None
    code = int(rng.choice(inside))
    above = [setting.worths[code | 1 << i] for i in range(setting.n) if not code >> i & 1]
    worths = setting.worths.copy()
    worths[code] = min(above)  # as much as it can be while nobody does harm
    members = "".join(ascii_lowercase[i] for i in range(setting.n) if code >> i & 1)
    return replace(setting, worths=worths), f"once {members!r} is worth {worths[code]:g}"
