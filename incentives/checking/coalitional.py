"""Checks of divisions: symmetry, nulls, sums, the core, growth and units."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import linprog

from fedmerit.incentives.checking.altering import (
    in_other_units,
    permuted,
    with_null,
    with_worths_of,
)
from fedmerit.incentives.checking.names import divides
from fedmerit.incentives.checking.results import whole
from fedmerit.incentives.checking.takings import attempt, taken
from fedmerit.incentives.mechanisms.properties import Need, Property
from fedmerit.incentives.mechanisms.stable import excesses_of_table
from fedmerit.units import NANO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.incentives.checking.results import Attempt
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism

#: Units of which there are so many times as many.
_TIMES: Final = (3, 10**12, 1e-12)
#: Digits to which worths are read, as a part of the budget.
_READ: Final = 1e-11
#: Worths are whole numbers; a smaller excess than this is none.
_NONE: Final = 1e-7
#: Members beyond whom no linear program is solved to see if there is a core.
_CORE: Final = 10
#: Members that are let to grow in a setting, at most.
_GROWN: Final = 2


def is_symmetric(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Iterator[Attempt]:
    """Let members change names and places, and compare what each ends with."""
    order = rng.permutation(setting.n).tolist()
    outcome, before, _ = taken(mechanism, setting)
    if outcome is None or order == sorted(order):
        return
    _, after, _ = taken(mechanism, permuted(setting, order))
    for place, who in enumerate(order):
        says = (
            f"{ascii_lowercase[who]!r} ends with {whole(before[who])}, and with "
            f"{whole(after[place])} as {ascii_lowercase[place]!r}"
        )
        gain = _apart(before[who], after[place])
        yield attempt(mechanism, setting, outcome, gain, says, units=2)


def ignores_nulls(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Add a member of no use to anyone, and see what it ends with; where it can bid, it bids."""
    if not (divides(mechanism) or Property.NULL in mechanism.claims):
        return
    joined = with_null(setting)
    ways = [("adds nothing", joined)]
    if Need.BIDS in mechanism.needs and (bid := setting.bids[0]) is not None:
        rows = (*setting.rows, setting.rows[0])
        asking = replace(joined, bids=(*setting.bids, bid), rows=rows)
        ways.append((f"adds nothing, asks {bid.cost}", asking))
    for how, null in ways:
        outcome, _, _ = taken(mechanism, null)
        if outcome is not None:
            got = outcome.quality_ppm[-1] if outcome.quality_ppm else outcome.payments[-1]
            says = f"{ascii_lowercase[setting.n]!r} {how} and is given {got}"
            yield attempt(mechanism, null, outcome, got, says, units=0)


def is_additive(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Iterator[Attempt]:
    """Settle two games one by one and together."""
    if not divides(mechanism) or setting.worths[-1] <= 0:
        return
    members = rng.integers(0, 5, setting.n).astype(float)
    grown = np.arange(len(setting.worths))[:, None] >> np.arange(setting.n) & 1
    worths = (grown * members).max(axis=1)  # who needs most sets the worth: another harmless game
    # A budget is in proportion to what everybody is worth, in both games.
    budget = setting.budget * int(worths[-1]) / Fraction(setting.worths[-1])
    if budget < 1 or budget.denominator > 1 or budget >= 2**255:
        return
    other = replace(setting, worths=worths, budget=int(budget))
    outcome, one, _ = taken(mechanism, setting)
    if outcome is None or outcome.quality_ppm:
        return  # models do not add up
    _, two, _ = taken(mechanism, other)
    both_settings = with_worths_of(setting, other)
    _, both, _ = taken(mechanism, both_settings)
    read = _read(setting) * both_settings.budget / setting.budget
    for i, together in enumerate(both):
        says = (
            f"{ascii_lowercase[i]!r} ends with {whole(one[i] + two[i])} from two games one by "
            f"one, with {whole(together)} from both together (the second: {worths[1:].tolist()})"
        )
        gain = _apart(together, one[i] + two[i])
        yield attempt(mechanism, setting, outcome, gain, says, units=3, part=read)


def _read(setting: Setting) -> Fraction:
    """Give the part of a budget by which reading values in whole billionths moves a payment."""
    return Fraction(2 * setting.n, NANO) / Fraction(setting.worths[-1])


def is_stable(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Look for a coalition that is worth more than it is paid, where none had to be."""
    n = setting.n
    if not divides(mechanism) or setting.worths[-1] <= 0 or not 1 < n <= _CORE:
        return
    outcome = taken(mechanism, setting).outcome
    if outcome is None or outcome.quality_ppm or least_excess(setting.worths) > _NONE:
        return
    paid = np.subtract(outcome.payments, outcome.slashes).astype(float) / setting.budget
    excesses = excesses_of_table(setting.worths / setting.worths[-1], paid)[1:-1]
    code = int(excesses.argmax()) + 1
    who = "".join(ascii_lowercase[i] for i in range(n) if code >> i & 1)
    gain = float(excesses.max()) * setting.budget
    says = f"{who!r} is worth {whole(gain)} more alone than it is paid"
    yield attempt(mechanism, setting, outcome, gain, says, units=n, part=1e-9)


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


def rewards_growth(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Iterator[Attempt]:
    """Let somebody become worth more, declare more or ask for less; see that it has no less."""
    outcome, before, _ = taken(mechanism, setting)
    for who in rng.permutation(setting.n)[:_GROWN].tolist():
        grown = _grown(mechanism, setting, who, rng)
        if grown is None or outcome is None:
            continue
        better, how = grown
        _, after, _ = taken(mechanism, better)
        says = (
            f"{ascii_lowercase[who]!r} ends with {whole(after[who])} instead of "
            f"{whole(before[who])} {how}"
        )
        yield attempt(mechanism, setting, outcome, before[who] - after[who], says, units=2)


def keeps_units(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Count worths, or money, in other units: three times as small, or 10**12, or as large."""
    outcome, before, _ = taken(mechanism, setting)
    if outcome is None:
        return
    for scale in _TIMES:
        if Need.BIDS in mechanism.needs:
            if scale != int(scale) or setting.budget * int(scale) >= 2**256:
                continue
            other, times = in_other_units(setting, mechanism, int(scale)), int(scale)
        else:
            counted = int(scale) if scale >= 1 else 1  # values are whole on record
            other = replace(setting, worths=setting.worths * scale)
            if Need.CONTRIBUTIONS in mechanism.needs:
                other = replace(setting, times=counted)
            times = 1
        _, after, _ = taken(mechanism, other)
        for i, (here, there) in enumerate(zip(before, after, strict=True)):
            says = (
                f"{ascii_lowercase[i]!r} ends with {whole(here)}, counted in units of 1/{scale:g} "
                f"with {whole(there / times)}"
            )
            gain = _apart(here, there / times)
            part = _READ if Need.GAME in mechanism.needs or isinstance(here, float) else 0
            yield attempt(mechanism, setting, outcome, gain, says, units=2, part=part)


def _apart(one: Fraction | float, other: Fraction | float) -> Fraction | float:
    return one - other if one > other else other - one


def _grown(
    mechanism: Mechanism, setting: Setting, who: int, rng: np.random.Generator
) -> tuple[Setting, str] | None:
    if Need.BIDS in mechanism.needs:
        bid = setting.bids[who]
        if bid is None or not bid.cost:
            return None
        cheaper = replace(bid, cost=int(bid.cost * rng.uniform(0.3, 0.95)))
        bids = (*setting.bids[:who], cheaper, *setting.bids[who + 1 :])
        return replace(setting, bids=bids), f"once its cost is {cheaper.cost}"
    if mechanism.needs == {Need.ROWS}:
        rows = list(setting.rows)
        rows[who] += int(rng.integers(1, 9))
        return replace(setting, rows=tuple(rows)), f"once it has {rows[who]} rows"
    codes = np.arange(1, len(setting.worths))
    code = int(rng.choice(codes[codes >> who & 1 == 1]))
    worths = setting.worths.copy()
    if setting.harmless:
        above = [worths[code | 1 << i] for i in range(setting.n) if not code >> i & 1]
        worths[code] = min(above, default=worths[code])  # as much as it can be, still harmless
    else:
        worths[code] += 1.0
    if worths[code] == setting.worths[code]:
        return None
    members = "".join(ascii_lowercase[i] for i in range(setting.n) if code >> i & 1)
    return replace(setting, worths=worths), f"once {members!r} is worth {worths[code]:g}"
