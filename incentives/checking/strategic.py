"""Checks of incentives: lies about costs, capacity and presence; efforts; what is bought."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.checking.results import whole
from fedmerit.incentives.checking.takings import attempt, taken
from fedmerit.incentives.mechanisms.properties import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fedmerit.incentives.checking.results import Attempt
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism
    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.payments import Outcome

#: What members may ask, in parts of their cost.
ASKS: Final = (0.0, 0.3, 0.6, 0.8, 0.95, 1.05, 1.2, 1.5, 2.0, 4.0)
#: Efforts that are tried first, in parts of the one announced; then the best is refined.
_EFFORTS: Final = (0.0, *np.geomspace(1 / 64, 64, 49).tolist())
#: Up to so many members, everybody lies in every way; of more, some do in some.
_FEW: Final = 6
_LIES: Final = 8
#: The part of a budget that efforts and welfare, worked out in floats, may be off by.
_FLOATS: Final = 2e-9
_GOLDEN: Final = (5**0.5 - 1) / 2


def is_truthful(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Iterator[Attempt]:
    """Let each member in turn ask for more or less, hold back what can be, or stay away.

    Where the truth is refused, as with a budget that is too short, nobody works and nobody is
    paid: then a lie gains that is not refused.
    """
    if Need.BIDS not in mechanism.needs:
        return
    outcome, honest, _ = taken(mechanism, setting)
    liars = range(setting.n) if setting.n <= _FEW else rng.permutation(setting.n)[:2].tolist()
    for who in liars:
        bid = setting.bids[who]
        if bid is None:
            continue
        told = lies(setting, who, bid, parts=mechanism.model.divisible)
        for lie in told if setting.n <= _FEW else islice(told, _LIES):
            bids = (*setting.bids[:who], lie, *setting.bids[who + 1 :])
            lied, takings, _ = taken(mechanism, setting, setting.round(bids=bids))
            some = lied or outcome
            if some is None:
                continue
            says = (
                f"{ascii_lowercase[who]!r} ends with {whole(takings[who])} instead of "
                f"{whole(honest[who])} by offering {_told(lie)}"
                + ("" if outcome else "; the truth is refused")
            )
            gain = takings[who] - honest[who]
            yield attempt(mechanism, setting, some, gain, says, units=2)
        if not mechanism.model.divisible and outcome is not None and setting.n <= _FEW:
            yield from _critical(mechanism, setting, outcome, who, bid)


def lies(setting: Setting, who: int, bid: Bid, *, parts: bool) -> Iterator[Bid | None]:
    """Give what *who* could offer instead: nothing, other costs, about its rivals', a part."""
    yield None
    rivals = [
        round(other.cost * size + step)
        for i, other in enumerate(setting.bids)
        if other is not None and i != who
        for size in (1.0, bid.quality / other.quality)
        for step in (-1, 0, 1)
    ]
    costs = [round(bid.cost * part) for part in ASKS] + [cost for cost in rivals if cost >= 0]
    costs += [setting.budget // part for part in (1, 2, 4, 8)]
    for cost in dict.fromkeys(costs):
        if cost != bid.cost:
            yield replace(bid, cost=cost)
    for capacity in {bid.capacity // 2, bid.capacity - 1} - {0, bid.capacity} if parts else ():
        # Who offers less asks for less, and is worth less.
        quality = max(1, bid.quality * capacity // bid.capacity)
        cost = round(bid.unit_cost * capacity)
        yield replace(bid, capacity=capacity, cost=cost, quality=quality)


def is_equilibrium(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Look for each member's best effort against the others', and see what it would gain."""
    outcome = taken(mechanism, setting).outcome if mechanism.model.payoff else None
    if outcome is None:
        return
    round_ = setting.round()
    efforts = [float(work) for work in outcome.work]
    for who, effort in enumerate(efforts):
        bid = setting.bids[who]
        if bid is None:
            continue

        def ends_with(tried: float, who: int = who) -> float:
            return mechanism.payoff(round_, [*efforts[:who], tried, *efforts[who + 1 :]], who)

        scale = effort or max(efforts) or 1.0
        grid = {min(scale * part, float(bid.capacity)) for part in _EFFORTS}
        best = best_of(ends_with, grid)
        says = (
            f"{ascii_lowercase[who]!r} ends with {ends_with(best):.0f} at effort {best:.4g} "
            f"instead of {ends_with(effort):.0f} at {effort:.4g}"
        )
        gain = ends_with(best) - ends_with(effort)
        part = _FLOATS * max(1.0, abs(ends_with(effort)) / setting.budget)
        yield attempt(mechanism, setting, outcome, gain, says, units=4, part=part)


def is_efficient(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Iterator[Attempt]:
    """Look for other work that would leave everybody together with more."""
    welfare = mechanism.model.welfare
    outcome = taken(mechanism, setting).outcome if welfare else None
    if welfare is None or outcome is None or setting.n > _FEW:
        return
    round_ = setting.round()
    settings = mechanism.settings(round_)
    work = [float(units) for units in outcome.work]
    most = [0.0 if bid is None else float(bid.capacity) for bid in setting.bids]

    def gains(tried: list[float]) -> float:
        return float(welfare(round_, tried, **settings))

    best = best_work(gains, work, most, divisible=mechanism.model.divisible)
    says = (
        f"work {_short(best)} leaves {gains(best):.0f}, and {_short(work)} leaves {gains(work):.0f}"
    )
    part = _FLOATS * max(1.0, abs(gains(best)) / setting.budget)
    yield attempt(mechanism, setting, outcome, gains(best) - gains(work), says, units=4, part=part)


def best_work(
    function: Callable[[list[float]], float],
    work: list[float],
    most: list[float],
    *,
    divisible: bool,
) -> list[float]:
    """Give work for which *function* is larger than for *work*, or that work.

    All corners are tried, and from the best one, if work is divisible, each one's in turn.

    Args:
        function: Of everybody's work.
        work: To begin with.
        most: That each can do.
        divisible: Whether anybody can do a part.
    """
    n = len(most)
    corners = [[top * (code >> i & 1) for i, top in enumerate(most)] for code in range(2**n)]
    best = max([work, *corners], key=function)
    for i in [*range(n), *range(n)] if divisible else []:

        def along(x: float, i: int = i, best: list[float] = best) -> float:
            return function([*best[:i], x, *best[i + 1 :]])

        improved = best_of(along, [most[i] * part for part in np.linspace(0, 1, 33).tolist()])
        best = max([best, [*best[:i], improved, *best[i + 1 :]]], key=function)
    return best


def best_of(function: Callable[[float], float], grid: Iterable[float]) -> float:
    """Give where *function* is largest: the best of *grid*, refined by golden section."""
    points = sorted(set(grid))
    values = [function(point) for point in points]
    at = int(np.argmax(values))
    low, high = points[max(at - 1, 0)], points[min(at + 1, len(points) - 1)]
    best = points[at]
    while high - low > 1e-9 * (high + 1e-9):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if function(left) >= function(right):
            high = right
        else:
            low = left
    return max([best, (low + high) / 2], key=function)


def _critical(
    mechanism: Mechanism, setting: Setting, outcome: Outcome, who: int, bid: Bid
) -> Iterator[Attempt]:
    """Find the highest winning ask by bisection, and compare the payment with it."""
    if not outcome.work or outcome.work[who] != bid.capacity:
        return

    def wins(cost: int) -> bool:
        bids = (*setting.bids[:who], replace(bid, cost=cost), *setting.bids[who + 1 :])
        lied = taken(mechanism, setting, setting.round(bids=bids)).outcome
        return lied is not None and lied.work[who] == bid.capacity

    low, high = bid.cost, max(2 * setting.budget, 2 * bid.cost)
    if wins(high):
        return  # whatever it asks, it sells: there is no critical bid
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wins(middle) else (low, middle)
    paid = outcome.payments[who]
    says = f"{ascii_lowercase[who]!r} is paid {paid}, and would have won up to an ask of {low}"
    yield attempt(mechanism, setting, outcome, abs(paid - low), says, units=2)


def _told(bid: Bid | None) -> str:
    return "nothing" if bid is None else f"{bid.capacity} for {bid.cost}"


def _short(work: Iterable[float]) -> str:
    return "(" + ", ".join(f"{units:.4g}" for units in work) + ")"
