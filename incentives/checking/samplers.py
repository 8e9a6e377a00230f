"""Where mechanisms are tried: consortia drawn at random, of every kind that tells them apart.

Worths are small whole numbers, so that ties, twins and nulls come up by themselves; costs are
large ones, so that rounding to base units is no reason for anything.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.checking.setting import UNIT, Setting
from fedmerit.incentives.checking.worths import additive, convex, covering, growing, harmful
from fedmerit.incentives.mechanisms.properties import Need
from fedmerit.incentives.offers import Bid, History
from fedmerit.units import NANO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.incentives.mechanisms import Mechanism

    #: Draws a setting.
    Sampler = Callable[[np.random.Generator], Setting]

#: The most members there are.
MAX_MEMBERS: Final = 4
#: The chance that two buyers are alike, that a task's truth is 1, and that it is seen.
_ALIKE: Final = 0.8
_HALF: Final = 0.5
_SEES: Final = 0.9
#: The chance that a budget may not do.
_SHORT: Final = 0.2
#: Billionths in a unit.


def coalitional(rng: np.random.Generator) -> Setting:
    """Draw a consortium whose budget is what everyone together is worth."""
    kinds = (additive, covering, convex, growing, growing, harmful)
    return _setting(rng, kinds[int(rng.integers(len(kinds)))])


def bidding(rng: np.random.Generator) -> Setting:
    """Draw members that offer lots at a cost, and a budget from tight to ample."""
    setting = _setting(rng, covering)
    costs = sum(bid.cost for bid in setting.bids if bid is not None)
    return replace(setting, budget=max(1, int(costs * 2 ** rng.uniform(-2, 2))))


def overlapping(rng: np.random.Generator) -> Setting:
    """Draw members whose data overlap, more often than not, and a budget for all of them."""
    kinds = (covering, covering, covering, growing, convex)
    setting = _setting(rng, kinds[int(rng.integers(len(kinds)))])
    return _funded(rng, setting, int(setting.worths[-1]) * UNIT)


def believed_scores(rng: np.random.Generator) -> Setting:
    """Draw what the first-score auction believes in: surpluses uniform on its span."""
    setting = _sized(rng, 4, covering)
    costs = rng.integers(0, UNIT + 1, 4).tolist()
    bids = tuple(Bid(cost=cost) for cost in costs)
    return replace(setting, bids=bids, rows=(1,) * 4, budget=100 * UNIT)


def complements_too(rng: np.random.Generator) -> Setting:
    """Draw any game, and a budget that may cover whatever members add to it."""
    kinds = (additive, covering, convex, growing, harmful)
    setting = _setting(rng, kinds[int(rng.integers(len(kinds)))])
    bids = tuple(bid and replace(bid, cost=bid.cost * 2) for bid in setting.bids)
    most = UNIT * (1 + setting.n * max(0, int(setting.worths.max())))
    return _funded(rng, replace(setting, bids=bids), most)


def rows_for_sale(rng: np.random.Generator) -> Setting:
    """Draw rows at costs for which some, all or none are worth buying by their root."""
    setting = _setting(rng, covering)
    alpha = int(UNIT * 2 ** rng.uniform(-1, 3))
    budget = 1 + int(2 * alpha * sum(setting.rows) ** 0.5)
    return _funded(rng, replace(setting, parameters={"alpha": alpha}), budget)


def rows_as_believed(rng: np.random.Generator) -> Setting:
    """Draw rows from the very belief that redistribution is fitted to."""
    setting = _setting(rng, covering)
    bids = tuple(
        Bid(cost=int(cost * capacity), capacity=int(capacity), quality=2)
        for cost, capacity in zip(
            rng.integers(1, UNIT + 1, setting.n), rng.integers(1, 13, setting.n), strict=True
        )
    )
    rows = tuple(bid.capacity for bid in bids)
    budget = 1 + int(4 * UNIT * sum(rows) ** 0.5)
    return _funded(rng, replace(setting, bids=bids, rows=rows), budget)


def types_of_cost(rng: np.random.Generator) -> Setting:
    """Draw unit costs about the types of the menu, few or many units, and a budget for all."""
    setting = _setting(rng, covering)
    types = rng.choice([900_000, 600_000, 250_000], setting.n)
    moved = (types * rng.choice([1.0, 1.0, 0.9, 1.1], setting.n)).astype(int).tolist()
    units = rng.choice([2, 5, 20, 40], setting.n).tolist()
    bids = tuple(
        Bid(cost=cost * capacity, capacity=capacity, quality=2)
        for cost, capacity in zip(moved, units, strict=True)
    )
    return _funded(rng, replace(setting, bids=bids, rows=tuple(units)), 100 * UNIT)


def contestants(rng: np.random.Generator) -> Setting:
    """Draw members, some so dear that they stay out, and some at their capacity."""
    setting = _setting(rng, covering)
    costs = (UNIT * 2 ** rng.uniform(-3, 2, setting.n)).astype(int).tolist()
    rows = rng.choice([2, 20, 1000], setting.n).tolist()
    bids = tuple(
        Bid(cost=units * cost, capacity=units, quality=2)
        for cost, units in zip(costs, rows, strict=True)
    )
    return replace(setting, bids=bids, rows=tuple(rows), budget=int(UNIT * rng.integers(1, 200)))


def priced(rng: np.random.Generator) -> Setting:
    """Draw costs about a worth of a million a unit, and a budget that covers all of it."""
    setting = _setting(rng, covering)
    costs = (UNIT * 2 ** rng.uniform(-4, 1, setting.n)).astype(int)
    capacities = [bid.capacity for bid in setting.bids if bid is not None]
    bids = tuple(
        Bid(cost=int(cost * capacity), capacity=capacity, quality=2)
        for cost, capacity in zip(costs, capacities, strict=True)
    )
    return _funded(rng, replace(setting, bids=bids), UNIT * sum(setting.rows) * 2)


def buyers_alike(rng: np.random.Generator) -> Setting:
    """Draw two buyers whose values are the same four times in five."""
    setting = _sized(rng, 2, covering)
    first = int(rng.integers(2))
    second = first if rng.random() < _ALIKE else 1 - first
    bids = tuple(Bid(cost=(1 + kind) * UNIT) for kind in (first, second))
    return replace(setting, bids=bids, rows=(1, 1), stakes=(4 * UNIT,) * 2, budget=UNIT)


def buyers(rng: np.random.Generator) -> Setting:
    """Draw buyers whose values are about a price of a million, and stakes that cover it."""
    setting = _setting(rng, covering)
    values = (UNIT * 2 ** rng.uniform(-4, 2, setting.n)).astype(int).tolist()
    n = setting.n
    bids = tuple(Bid(cost=value) for value in values)
    return replace(setting, bids=bids, rows=(1,) * n, stakes=(4 * UNIT,) * n, budget=UNIT)


def evaluators(rng: np.random.Generator) -> Setting:
    """Draw evaluators who see the truth of each task nine times in ten."""
    setting = _sized(rng, 3, covering)
    truth = rng.random(8) < _HALF
    signals = truth ^ (rng.random((3, 8)) > _SEES)
    return replace(setting, reports=tuple(map(tuple, signals.astype(int).tolist())))


def owed(rng: np.random.Generator) -> Setting:
    """Draw members to whom earlier rounds owe something."""
    setting = _setting(rng, growing)
    n = setting.n
    amounts = [
        tuple(
            Fraction(int(amount)) for amount in rng.integers(0, 3 * UNIT, n) * rng.integers(0, 2, n)
        )
        for _ in range(3)
    ]
    regrets, waits, costs = amounts
    history = History(regrets=regrets, waits=waits, mean_costs=costs, times=(1,) * n)
    return replace(setting, history=history, budget=int(UNIT * 2 ** rng.uniform(0, 5)))


#: Mechanisms that are to be tried elsewhere than what they need suggests.
SAMPLERS: Final[Mapping[str, Sampler]] = MappingProxyType(
    {
        "accuracy-shaping": priced,
        "contract": types_of_cost,
        "cremer-mclean": buyers_alike,
        "cycle-market": contestants,
        "data-market": buyers,
        "first-score": believed_scores,
        "fli": owed,
        "fvcg": rows_as_believed,
        "local-accuracy": priced,
        "msensing": overlapping,
        "peer-prediction": evaluators,
        "posted-price": priced,
        "public-good": priced,
        "pvcg": rows_for_sale,
        "tullock": contestants,
        "vcg": complements_too,
    }
)


def sampler_of(mechanism: Mechanism) -> Sampler:
    """Give where *mechanism* is tried."""
    usual = bidding if Need.BIDS in mechanism.needs else coalitional
    return SAMPLERS.get(mechanism.name, usual)


def _funded(rng: np.random.Generator, setting: Setting, budget: int) -> Setting:
    """Give a budget that is ample, mostly, and short now and then."""
    short = rng.random() < _SHORT
    return replace(setting, budget=max(1, int(budget * rng.uniform(0, 1)) if short else budget))


def _setting(
    rng: np.random.Generator, kind: Callable[[int, np.random.Generator], NDArray[np.float64]]
) -> Setting:
    return _sized(rng, int(rng.integers(1, MAX_MEMBERS + 1)), kind)


def _sized(
    rng: np.random.Generator,
    n: int,
    kind: Callable[[int, np.random.Generator], NDArray[np.float64]],
) -> Setting:
    worths = kind(n, rng)
    capacities = rng.integers(1, 12, n)
    unit_costs = rng.integers(UNIT // 100, UNIT, n)
    qualities = rng.integers(1, 7, n)
    tasks = 8
    return Setting(
        worths=worths,
        rows=tuple((capacities + rng.integers(0, 5, n)).tolist()),
        half_widths=tuple(rng.integers(0, 2 * NANO, n).tolist()),
        budget=max(1, int(worths[-1])) * UNIT,
        bids=tuple(
            Bid(cost=int(cost * capacity), capacity=int(capacity), quality=int(quality))
            for cost, capacity, quality in zip(unit_costs, capacities, qualities, strict=True)
        ),
        stakes=tuple(rng.integers(0, 3 * UNIT, n).tolist()),
        updates=rng.integers(-3, 4, (n, 5)).astype(float),
        reports=tuple(map(tuple, rng.integers(0, 2, (n, tasks)).tolist())),
        history=History(
            reputations=tuple(Fraction(int(eighths), 8) for eighths in rng.integers(1, 9, n)),
        ),
    )
