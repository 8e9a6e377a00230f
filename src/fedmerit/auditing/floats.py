"""What the order of float additions explains between two trainings, and what it does not.

Another machine adds floats in another order, so that a training done again ends a little
elsewhere. Whoever alters a table can hide in whatever is allowed for that. So what is allowed is
bounded where money follows from it, in a coalition's mean, and it may not lean to one side.

Networks with kinks turn a rounding now and then into a difference a thousand times as large. How
often, and how large, is measured where it matters: the same training is repeated from initial
parameters that are moved by a rounding (:attr:`~fedmerit.federation.ModelSpec.nudge`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import binom

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

#: By how much a coalition's mean gain may be off when it is measured elsewhere, in nats.
MEAN: Final = 1e-6
#: The same of the root of the mean square over validation rows: what bounds their spread.
SPREAD: Final = 1e-5
#: What is off by less has no sign: gains by row are whole millionths, and round either way.
FLOOR: Final = 1e-7
#: A set of differences leans to one side where signs thrown at random would so seldom do.
LEANING: Final = 1e-3
#: Trainings from moved parameters that are asked for before anything is called altered.
NUDGES: Final = 4
#: By how much the recorded differences may exceed the largest of those.
_MARGIN: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Apart:
    """How far measurements are from others of the same.

    Attributes:
        means: Signed, in what is paid by, shape ``(m,)``.
        spreads: How far what the means are taken over is apart, not negative, ``(m,)``.
        groups: Sets of measurements, ``(groups, m)``: an alteration in somebody's favour would
            lean to one side in one of them.
    """

    means: NDArray[np.float64]
    spreads: NDArray[np.float64]
    groups: NDArray[np.bool_]

    def outside(self, mean: float, spread: float) -> NDArray[np.bool_]:
        """Mark the measurements that are further apart than that."""
        fits = (np.abs(self.means) <= mean) & (self.spreads <= spread)  # not so where it is NaN
        return np.asarray(~fits)

    @property
    def leaning(self) -> float:
        """The chance that random signs lean to one side as much in any of the groups."""
        up, down = self.means > FLOOR, self.means < -FLOOR
        least = 1.0
        for group in self.groups:
            ups, downs = int((up & group).sum()), int((down & group).sum())
            tail = binom.cdf(min(ups, downs), ups + downs, 0.5)
            least = min(least, 2 * float(tail) * len(self.groups))
        return least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Whether differences are what float order explains.

    Attributes:
        holds: Whether they are.
        outside: The measurements that are further apart than is usual, ``(m,)``.
        mean: How far a mean was allowed to be off.
        spread: How far apart what it is taken over.
        why: What it came to, in words.
    """

    holds: bool
    outside: NDArray[np.bool_]
    mean: float
    spread: float
    why: str


def judged(
    apart: Apart,
    nudged: Callable[[int], Apart] | None = None,
    *,
    mean: float = MEAN,
    spread: float = SPREAD,
) -> Judged:
    """Say whether float order explains how far measurements are apart.

    Args:
        apart: The recorded from those that were made again.
        nudged: Gives how far a training from moved parameters is from that which was not moved,
            by its number; asked only where the usual bounds do not hold. None where
            nothing is trained, so that nothing can turn a rounding into more.
        mean: How far a mean may be off without more ado.
        spread: How far apart what it is taken over.
    """
    outside, leaning = apart.outside(mean, spread), apart.leaning
    if not outside.any() and leaning >= LEANING:
        return Judged(holds=True, outside=outside, mean=mean, spread=spread, why=_usual(apart))
    if nudged is None:
        why = _usual(apart) if outside.any() else _leans(leaning)
        return Judged(holds=False, outside=outside, mean=mean, spread=spread, why=why)
    others = [nudged(number) for number in nudges()]
    shares = [float(other.outside(mean, spread).mean()) for other in others]
    often = max(shares) * len(outside)
    mean = max(mean, _MARGIN * _largest([np.abs(other.means) for other in others]))
    spread = max(spread, _MARGIN * _largest([other.spreads for other in others]))
    allowed = _MARGIN * often + 2 if often else 0
    leans = leaning < min(LEANING, *(other.leaning for other in others))
    beyond = bool(apart.outside(mean, spread).any())
    holds = not (beyond or leans or outside.sum() > allowed)
    why = _leans(leaning) if leans and not beyond else _usual(apart)
    return Judged(
        holds=holds,
        outside=outside,
        mean=mean,
        spread=spread,
        why=f"{why}; {int(outside.sum())} further than usual, and up to {often:.0f} where a "
        "rounding of the initial parameters is all that differs",
    )


@cache
def nudges() -> tuple[int, ...]:
    """Number the trainings from moved parameters, as nobody could know who made the bundle."""
    return tuple(1 + secrets.randbits(31) for _ in range(NUDGES))


def by_coalition(
    means: NDArray[np.float64], spreads: NDArray[np.float64], coalitions: NDArray[np.bool_]
) -> Apart:
    """Give how far coalitions' measurements are apart; *coalitions* has shape ``(m, n)``.

    Whoever bends a table for a member adds to coalitions with it, or takes from those without.
    """
    groups = np.concatenate([coalitions.T, ~coalitions.T])
    return Apart(means=means, spreads=spreads, groups=groups)


def by_row(off: NDArray[np.float64], coalitions: NDArray[np.bool_]) -> Apart:
    """Give the same of gains by row that are *off* by so much, shape ``(m, rows)``."""
    return by_coalition(off.mean(axis=1), np.sqrt((off**2).mean(axis=1)), coalitions)


def _largest(arrays: Sequence[NDArray[np.float64]]) -> float:
    return max(float(np.nan_to_num(array, nan=0.0).max(initial=0.0)) for array in arrays)


def _usual(apart: Apart) -> str:
    mean = float(np.abs(apart.means).max(initial=0.0))
    return f"a mean is at most {mean:.1e} off, and rows {apart.spreads.max(initial=0.0):.1e}"


def _leans(leaning: float) -> str:
    return f"what is off leans to one side, as chance does once in {1 / max(leaning, 1e-99):.0e}"
