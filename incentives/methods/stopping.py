"""When an estimate is good enough to stop before its budget is spent.

A rule looks at the estimates so far, the latest last, made from a budget that grows by a
quarter each time. It only ever stops early: the budget stays the limit. No rule but the clock
stops at fewer than a dozen draws, which may agree by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from fedmerit.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.incentives.valuation import Valuation


#: Fewest draws behind an estimate that is good enough.
_DRAWS: Final = 12


class Rule(Protocol):
    """A reason to stop."""

    def __call__(self, so_far: Sequence[Valuation], seconds: float, /) -> bool:
        """Say whether to stop.

        Args:
            so_far: The estimates, the latest last; never empty.
            seconds: Since the first of them began.
        """


@dataclass(frozen=True, slots=True)
class Narrow:
    """Stop when every interval is narrow enough, utility noise included."""

    width: float
    """Widest allowed, from low to high, in the game's unit."""
    confidence: float = 0.95
    """Confidence of the intervals."""

    def __post_init__(self) -> None:
        _positive("width", self.width)

    def __call__(self, so_far: Sequence[Valuation], _seconds: float, /) -> bool:
        """Compare the widest interval."""
        low, high = so_far[-1].interval(self.confidence).T
        return _enough(so_far[-1]) and bool((high - low).max() <= self.width)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Stop when the order of the participants is certain enough to act on."""

    probability: float = 0.95
    """That each outranks the next in the order."""

    def __post_init__(self) -> None:
        if not 0.5 < self.probability < 1:  # noqa: PLR2004 - a coin's
            raise GameError(f"a probability above 0.5 and below 1 is needed, not {self}")

    def __call__(self, so_far: Sequence[Valuation], _seconds: float, /) -> bool:
        """Compare each with the next."""
        order = np.argsort(-so_far[-1].values, kind="stable")
        above = so_far[-1].outranks()[order[:-1], order[1:]]
        return _enough(so_far[-1]) and bool((above >= self.probability).all())


@dataclass(frozen=True, slots=True)
class Settled:
    """Stop when the values have hardly moved for a while."""

    change: float
    """Largest move of any value, as a share of the mean size of the values."""
    times: int = 3
    """So many estimates in a row."""

    def __post_init__(self) -> None:
        _positive("change", self.change)
        _positive("times", self.times)

    def __call__(self, so_far: Sequence[Valuation], _seconds: float, /) -> bool:
        """Compare the last estimates with one another."""
        if len(so_far) <= self.times:
            return False
        recent = np.array([estimate.values for estimate in so_far[-self.times - 1 :]])
        moved = np.abs(np.diff(recent, axis=0)).max()
        return _enough(so_far[-1]) and bool(moved <= self.change * np.abs(recent[-1]).mean())


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Stop once so much time has passed: the one rule that a seed does not decide."""

    seconds: float
    """Since the first estimate began."""

    def __post_init__(self) -> None:
        _positive("seconds", self.seconds)

    def __call__(self, _so_far: Sequence[Valuation], seconds: float, /) -> bool:
        """Compare the time."""
        return seconds >= self.seconds


def _enough(valuation: Valuation) -> bool:
    """Say whether there are draws enough behind the errors for their spread to tell."""
    return valuation.sampling_degrees >= _DRAWS - 1


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise GameError(f"{name} must be above 0, and is {value}", hint=f"Give another {name}.")
