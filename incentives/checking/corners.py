"""Settings that a draw hardly comes upon: ties, extremes, one member, fifteen, short budgets.

Each is made from a drawn setting, so that it is otherwise of the mechanism's own kind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.checking.setting import UNIT
from fedmerit.incentives.mechanisms.properties import Need

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism
    from fedmerit.incentives.offers import Bid

    #: Alters a setting for a mechanism to be tried in; None if it would be no other.
    Corner = Callable[[Mechanism, Setting], Setting | None]

#: A budget that contracts only just hold, and a cost beyond any budget here.
_LARGEST: Final = 2**255
_DEAR: Final = 10**24


def _budget(amount: int) -> Corner:
    return lambda _mechanism, setting: replace(setting, budget=amount)


def _part_of_budget(divisor: int) -> Corner:
    return lambda _mechanism, setting: replace(setting, budget=max(1, setting.budget // divisor))


def _one_member(_mechanism: Mechanism, setting: Setting) -> Setting:
    return setting.regrouped([0], setting.worths[:2])


def _many_members(mechanism: Mechanism, setting: Setting) -> Setting:
    """Let there be as many as the mechanism is tried with, each adding less than the one before."""
    n = mechanism.model.members
    steps = np.arange(2**n)[:, None] >> np.arange(n) & 1
    worths = np.sort(steps * (np.arange(n) % 4 + 1.0), axis=1).max(axis=1) + steps.sum(axis=1)
    grown = setting.regrouped([i % setting.n for i in range(n)], worths)
    return replace(grown, budget=setting.budget * n // setting.n or 1)


def _twins(_mechanism: Mechanism, setting: Setting) -> Setting:
    """Let everybody be alike: worths go by numbers, and all offer what the first does."""
    sizes = [code.bit_count() for code in range(2**setting.n)]
    by_size = setting.worths[[(1 << size) - 1 for size in range(setting.n + 1)]]
    return setting.regrouped([0] * setting.n, by_size[sizes])


def _bids(change: Callable[[int, Bid], Bid | None]) -> Corner:
    def altered(mechanism: Mechanism, setting: Setting) -> Setting | None:
        if Need.BIDS not in mechanism.needs:
            return None
        bids = tuple(bid and change(i, bid) for i, bid in enumerate(setting.bids))
        return replace(setting, bids=bids, believed=False)

    return altered


def _worths(change: Callable[[Setting], np.ndarray[tuple[int], np.dtype[np.float64]]]) -> Corner:
    def altered(mechanism: Mechanism, setting: Setting) -> Setting | None:
        if not mechanism.needs & {Need.GAME, Need.CONTRIBUTIONS}:
            return None
        return replace(setting, worths=change(setting))

    return altered


def _nearly_undone(setting: Setting) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Let the last member undo all but a billionth of what the first is worth."""
    codes = np.arange(len(setting.worths))
    last = setting.n - 1
    return np.asarray((codes & 1) - (1 - 1e-9) * (codes >> last & 1) * (last > 0), dtype=float)


def _noisy(setting: Setting) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Let worths be what floats make of tenths, so that what cancels leaves a last bit."""
    return setting.worths * 0.1 * 3 / 7


def _small_lots(_mechanism: Mechanism, setting: Setting) -> Setting:
    """Let one member have most of the rows, and the budget be a few base units."""
    rows = (*(7,) * (setting.n - 1), 60)
    bids = tuple(bid and replace(bid, capacity=min(bid.capacity, 7)) for bid in setting.bids)
    return replace(setting, rows=rows, bids=bids, budget=28)


#: What each corner is called, for people.
CORNERS: Final[tuple[tuple[str, Corner], ...]] = (
    ("one member", _one_member),
    ("all alike", _twins),
    ("an eighth of the budget", _part_of_budget(8)),
    ("a budget of 1", _budget(1)),
    ("a budget of 2**255", _budget(_LARGEST)),
    ("as many members as there may be", _many_members),
    ("the same cost but for one", _bids(lambda i, bid: replace(bid, cost=UNIT if i else 0))),
    ("one for nothing", _bids(lambda i, bid: replace(bid, cost=0) if i == 0 else bid)),
    ("one bid missing", _bids(lambda i, bid: None if i == 0 else bid)),
    ("dear beyond any budget", _bids(lambda _, bid: replace(bid, cost=bid.cost * _DEAR))),
    ("harm that undoes nearly all", _worths(_nearly_undone)),
    ("floats for worths", _worths(_noisy)),
    ("worths of billionths", _worths(lambda setting: setting.worths * 1e-9 / 3)),
    ("a few units", _small_lots),
    ("two thirds of the budget", _part_of_budget(2)),
    ("values off the belief", _bids(lambda i, bid: replace(bid, cost=bid.cost * (3 + 2 * i) // 5))),
)


def cornered(mechanism: Mechanism, setting: Setting, number: int) -> Setting | None:
    """Alter *setting* in the way of this number, of as many as there are, again and again."""
    _, corner = CORNERS[number % len(CORNERS)]
    return corner(mechanism, setting)
