"""Checks of incentives: lies about costs, capacity and presence; efforts; what is bought."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import RewardError
from fedmerit.incentives.checking.results import worst
from fedmerit.incentives.checking.takings import attempt, taken
from fedmerit.incentives.mechanisms.properties import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fedmerit.incentives.checking.results import Attempt
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.offers import Bid

#: What members may ask, in parts of their cost.
ASKS: Final = (0.0, 0.3, 0.6, 0.8, 0.95, 1.05, 1.2, 1.5, 2.0, 4.0)
#: Efforts that are tried first, in parts of the one announced; then the best is refined.
_EFFORTS: Final = (0.0, *np.geomspace(1 / 64, 64, 49).tolist())
_GOLDEN: Final = (5**0.5 - 1) / 2


def is_truthful(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Let each member in turn ask for more or less, hold back what can be, or stay away."""
    if Need.BIDS not in mechanism.needs:
        return None
    outcome, honest = taken(mechanism, setting)
    tries = []
    for who, bid in enumerate(setting.bids):
        if bid is None:
            continue
        for lie in lies(setting, who, bid, parts=mechanism.model.divisible):
            bids = (*setting.bids[:who], lie, *setting.bids[who + 1 :])
            try:
                _, takings = taken(mechanism, setting, setting.round(bids=bids))
            except RewardError:
                continue  # refused, or more than the budget: nothing is gained
            says = (
                f"{ascii_lowercase[who]!r} ends with {takings[who]:.0f} instead of "
                f"{honest[who]:.0f} by offering {_told(lie)}"
            )
            gain = takings[who] - honest[who]
            tries.append(attempt(mechanism, setting, outcome, gain, says))
        if not mechanism.model.divisible:
            tries += _critical(mechanism, setting, who, bid)
    return worst(tries)


def lies(setting: Setting, who: int, bid: Bid, *, parts: bool) -> Iterator[Bid | None]:
    """Give what *who* could offer instead: other costs, about its rivals', a part, nothing."""
    rivals = [
        round(other.cost * size + step)
        for i, other in enumerate(setting.bids)
        if other is not None and i != who
        for size in (1.0, bid.quality / other.quality)
        for step in (-1, 1)
    ]
    costs = [round(bid.cost * part) for part in ASKS] + [cost for cost in rivals if cost >= 0]
    for cost in dict.fromkeys(costs):
        yield replace(bid, cost=cost)
    for capacity in {bid.capacity // 2, bid.capacity - 1} - {0, bid.capacity} if parts else ():
        # Who offers less asks for less, and is worth less.
        quality = max(1, bid.quality * capacity // bid.capacity)
        cost = round(bid.unit_cost * capacity)
        yield replace(bid, capacity=capacity, cost=cost, quality=quality)
    yield None


def is_equilibrium(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Look for each member's best effort against the others', and see what it would gain."""
    if mechanism.model.payoff is None:
        return None
    round_ = setting.round()
    outcome = mechanism(round_)
    efforts = [float(work) for work in outcome.work]
    tries = []
    for who, effort in enumerate(efforts):
        if setting.bids[who] is None:
            continue

        def ends_with(tried: float, who: int = who) -> float:
            return mechanism.payoff(round_, [*efforts[:who], tried, *efforts[who + 1 :]], who)

        scale = effort or max(efforts) or 1.0
        best = best_of(ends_with, [scale * part for part in _EFFORTS])
        says = (
            f"{ascii_lowercase[who]!r} ends with {ends_with(best):.0f} at effort {best:.4g} "
            f"instead of {ends_with(effort):.0f} at {effort:.4g}"
        )
        gain = ends_with(best) - ends_with(effort)
        tries.append(attempt(mechanism, setting, outcome, gain, says))
    return worst(tries)


def is_efficient(
    mechanism: Mechanism, setting: Setting, _rng: np.random.Generator
) -> Attempt | None:
    """Look for other work that would leave everybody together with more."""
    welfare = mechanism.model.welfare
    if welfare is None:
        return None
    round_ = setting.round()
    outcome, settings = mechanism(round_), mechanism.settings(round_)
    work = [float(units) for units in outcome.work]
    most = _most_work(mechanism, setting, max(work))

    def gains(tried: list[float]) -> float:
        return float(welfare(round_, tried, **settings))

    best = best_work(gains, work, most, divisible=mechanism.model.divisible)
    says = (
        f"work {_short(best)} leaves {gains(best):.0f}, and {_short(work)} leaves {gains(work):.0f}"
    )
    return attempt(mechanism, setting, outcome, gains(best) - gains(work), says)


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


def _critical(mechanism: Mechanism, setting: Setting, who: int, bid: Bid) -> Iterator[Attempt]:
    """Find the highest winning ask by bisection, and compare the payment with it."""
    outcome = mechanism(setting.round())
    if not outcome.work or outcome.work[who] != bid.capacity:
        return

    def wins(cost: int) -> bool:
        bids = (*setting.bids[:who], replace(bid, cost=cost), *setting.bids[who + 1 :])
        return mechanism(setting.round(bids=bids)).work[who] == bid.capacity

    low, high = bid.cost, max(2 * setting.budget, 2 * bid.cost)
    try:
        if wins(high):
            return  # whatever it asks, it sells: there is no critical bid
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if wins(middle) else (low, middle)
    except RewardError:
        return
    paid = outcome.payments[who]
    says = f"{ascii_lowercase[who]!r} is paid {paid}, and would have won up to an ask of {low}"
    yield attempt(mechanism, setting, outcome, abs(paid - low), says)


def _most_work(mechanism: Mechanism, setting: Setting, announced: float) -> list[float]:
    """Give the most work to look at: of capacities, or far beyond the efforts announced."""
    beyond = 64 * announced if mechanism.model.payoff else 0.0
    return [0.0 if bid is None else max(float(bid.capacity), beyond) for bid in setting.bids]


def _told(bid: Bid | None) -> str:
    return "nothing" if bid is None else f"{bid.capacity} for {bid.cost}"


def _short(work: Iterable[float]) -> str:
    return "(" + ", ".join(f"{units:.4g}" for units in work) + ")"
