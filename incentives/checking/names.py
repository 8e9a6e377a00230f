"""Checks of names: what a member gains by joining under several, with copies or with parts."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.checking.altering import as_copies, as_offers, as_parts
from fedmerit.incentives.checking.results import whole
from fedmerit.incentives.checking.takings import attempt, taken
from fedmerit.incentives.mechanisms.properties import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from fedmerit.incentives.checking.altering import Joined
    from fedmerit.incentives.checking.results import Attempt
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism

#: Members of whom each is let to join again; of more, so many are drawn.
_ALL: Final = 2


def divides(mechanism: Mechanism) -> bool:
    """Say whether a mechanism divides what a game is worth, rather than to buy or to ask."""
    return not mechanism.needs & {Need.BIDS, Need.REPORTS}


def defies_copies(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Iterator[Attempt]:
    """Let members join several times with the same data."""
    if divides(mechanism) and setting.worths[-1] > 0:
        yield from _several(mechanism, setting, rng, as_copies)


def defies_sybils(
    mechanism: Mechanism, setting: Setting, rng: np.random.Generator
) -> Iterator[Attempt]:
    """Let members join under several names: with copies, and with parts of what they have."""
    if divides(mechanism):
        if setting.worths[-1] > 0:
            yield from _several(mechanism, setting, rng, as_copies)
            yield from _several(mechanism, setting, rng, as_parts)
    elif not mechanism.needs & {Need.GAME, Need.REPORTS}:
        yield from _several(mechanism, setting, rng, as_offers)


def _several(
    mechanism: Mechanism,
    setting: Setting,
    rng: np.random.Generator,
    ways: Callable[[Setting, int], Iterator[Joined]],
) -> Iterator[Attempt]:
    outcome, before, _ = taken(mechanism, setting)
    if outcome is None:
        return
    who_joins = rng.permutation(setting.n)[:_ALL].tolist()
    for who, joined in [(i, joined) for i in who_joins for joined in ways(setting, i)]:
        _, takings, _ = taken(mechanism, joined.setting)
        names = [takings[who], *takings[setting.n :]]
        # Money adds up; of several models one is used, the best.
        together = max(names) if outcome.quality_ppm else sum(names)
        says = (
            f"{ascii_lowercase[who]!r} ends with {whole(together)} as {joined.how} instead of "
            f"{whole(before[who])} as one"
        )
        yield attempt(
            mechanism,
            setting,
            outcome,
            together - before[who],
            says,
            units=0 if mechanism.model.merges else len(names) + 1,
            outside=joined.outside,
        )
