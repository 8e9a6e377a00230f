"""Climbing from the worst setting found to a worse one: what a draw comes near is looked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.mechanisms.properties import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism
    from fedmerit.incentives.offers import Bid

    #: Changes one thing of a setting.
    Step = Callable[[Setting, np.random.Generator], Setting]

_FACTORS: Final = (0.5, 0.9, 0.99, 1.01, 1.1, 2.0)


def neighbour(mechanism: Mechanism, setting: Setting, rng: np.random.Generator) -> Setting:
    """Change one thing that *mechanism* looks at."""
    steps = list(_steps(mechanism, setting))
    return steps[int(rng.integers(len(steps)))](setting, rng)


def _steps(mechanism: Mechanism, setting: Setting) -> Iterator[Step]:
    yield _budget
    if setting.n > 1:
        yield _one_less
    if Need.BIDS in mechanism.needs:
        yield from (_cost, _cost, _tie)
    if mechanism.needs & {Need.GAME, Need.CONTRIBUTIONS}:
        yield from (_worth, _worth)
    if Need.ROWS in mechanism.needs:
        yield _rows
    if Need.STAKES in mechanism.needs:
        yield _stake


def _budget(setting: Setting, rng: np.random.Generator) -> Setting:
    return replace(setting, budget=max(1, min(2**256 - 1, _scaled(setting.budget, rng))))


def _one_less(setting: Setting, rng: np.random.Generator) -> Setting:
    gone = int(rng.integers(setting.n))
    origins = [i for i in range(setting.n) if i != gone]
    without = [code for code in range(len(setting.worths)) if not code >> gone & 1]
    return setting.regrouped(origins, setting.worths[without])


def _cost(setting: Setting, rng: np.random.Generator) -> Setting:
    return _with_bid(setting, rng, lambda bid: replace(bid, cost=_scaled(bid.cost, rng)))


def _tie(setting: Setting, rng: np.random.Generator) -> Setting:
    other = setting.bids[int(rng.integers(setting.n))]
    return _with_bid(setting, rng, lambda bid: replace(bid, cost=other.cost if other else 0))


def _with_bid(setting: Setting, rng: np.random.Generator, change: Callable[[Bid], Bid]) -> Setting:
    who = int(rng.integers(setting.n))
    bid = setting.bids[who]
    bids = (*setting.bids[:who], bid and change(bid), *setting.bids[who + 1 :])
    return replace(setting, bids=bids, believed=False)


def _worth(setting: Setting, rng: np.random.Generator) -> Setting:
    worths = setting.worths.copy()
    worths[int(rng.integers(1, len(worths)))] += rng.choice([-1.0, 1.0])
    return replace(setting, worths=worths)


def _rows(setting: Setting, rng: np.random.Generator) -> Setting:
    who = int(rng.integers(setting.n))
    rows = list(setting.rows)
    rows[who] += int(rng.integers(1, 4))
    return replace(setting, rows=tuple(rows))


def _stake(setting: Setting, rng: np.random.Generator) -> Setting:
    who = int(rng.integers(setting.n))
    stakes = list(setting.stakes)
    stakes[who] = _scaled(stakes[who], rng)
    return replace(setting, stakes=tuple(stakes))


def _scaled(amount: int, rng: np.random.Generator) -> int:
    """Change an amount by a factor or, small ones, by a unit."""
    hundredths = round(100 * rng.choice(_FACTORS))
    changed = amount * hundredths // 100
    return changed if changed != amount else amount + 1
