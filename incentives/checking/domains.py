"""Where a setting lies: which of the conditions that claims are bound to it does not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.mechanisms.properties import Condition, Need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism


def outside(
    mechanism: Mechanism, setting: Setting, domain: Iterable[Condition]
) -> frozenset[Condition]:
    """Give the conditions of *domain* that *setting* does not keep.

    How copies join is not a matter of the setting: whoever makes copies says what they are.
    """
    return frozenset(condition for condition in domain if not _keeps(mechanism, setting, condition))


def _keeps(mechanism: Mechanism, setting: Setting, condition: Condition) -> bool:
    if condition is Condition.HARMLESS:
        return setting.harmless or not mechanism.needs & {Need.GAME, Need.CONTRIBUTIONS}
    if condition is Condition.RIVALS:
        present = (bid is not None for bid in setting.bids)
        return (sum(present) if Need.BIDS in mechanism.needs else setting.n) > 1
    if condition is Condition.BELIEVED:
        return setting.believed
    if condition is Condition.SUBMODULAR:
        return is_submodular(setting)
    if condition is Condition.UNTIED:
        offers = [bid for bid in setting.bids if bid is not None]
        return len({(bid.cost, bid.quality) for bid in offers}) == len(offers)
    return True


def is_submodular(setting: Setting) -> bool:
    """Say whether whoever is added to more adds no more, and nobody does harm."""
    worths, codes = setting.worths, np.arange(len(setting.worths))
    for i in range(setting.n):
        gains = worths[codes | 1 << i] - worths[codes & ~(1 << i)]
        if any((gains[codes | 1 << j] > gains).any() for j in range(setting.n) if j != i):
            return False
    return setting.harmless
