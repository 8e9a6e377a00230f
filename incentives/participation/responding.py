"""A best responder that knows no formula: it remembers what its own actions came to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Final, Self

from fedmerit.errors import RewardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from fedmerit.incentives.participation.actions import Action

#: A mean weighs its newest round by this at least: rounds are worth less and less.
_NEWEST: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """An epsilon-greedy bandit (Sutton and Barto, 2018) over a few actions.

    Each is tried once, in order; after that the best so far is chosen, and another one with a
    chance of one over the root of the rounds so far.

    Attributes:
        actions: To choose from, the honest one first.
        means: Of the utilities of each, newer rounds weighing at least a quarter.
        tries: Rounds in which each was chosen.
    """

    actions: tuple[Action, ...]
    means: tuple[float, ...]
    tries: tuple[int, ...]

    @classmethod
    def of(cls, actions: Sequence[Action]) -> Self:
        """Begin with nothing learned.

        Raises:
            RewardError: There is nothing to choose from, or something twice.
        """
        if not actions or len(set(actions)) < len(actions):
            raise RewardError(f"a responder chooses among different actions, not {list(actions)}")
        return cls(actions=tuple(actions), means=(0.0,) * len(actions), tries=(0,) * len(actions))

    def choose(self, stream: np.random.Generator, /) -> Action:
        """Choose what has not been tried, what was best, or now and then any other."""
        if 0 in self.tries:
            return self.actions[self.tries.index(0)]
        if stream.random() < 1 / sqrt(sum(self.tries)):
            return self.actions[int(stream.integers(len(self.actions)))]
        return self.actions[self.means.index(max(self.means))]

    def learn(self, action: Action, utility: float, /) -> Responder:
        """Remember what an action came to."""
        place = self.actions.index(action)
        times = self.tries[place] + 1
        weight = max(1 / times, _NEWEST)
        means, tries = list(self.means), list(self.tries)
        means[place] += weight * (utility - means[place])
        tries[place] = times
        return replace(self, means=tuple(means), tries=tuple(tries))
