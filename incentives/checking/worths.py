"""Games drawn at random: sums, substitutes, complements, anything that grows, and harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.coalitions import every_coalition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The chance that a member covers a task, and that it belongs to a team.
_SHARE: Final = 0.55


def additive(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Everybody adds the same to any coalition."""
    return np.asarray(_members(n) @ rng.integers(0, 9, n).astype(float))


def covering(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Members cover tasks, and what is covered twice counts once: substitutes."""
    tasks = rng.integers(1, 7, 6).astype(float)
    covers = rng.random((n, 6)) < _SHARE
    return np.asarray(((_members(n) @ covers.astype(float)) > 0) @ tasks)


def convex(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Teams that are worth something only complete: complements."""
    members, total = _members(n), np.zeros(2**n)
    for _ in range(n + 1):
        team = rng.random(n) < _SHARE
        total += rng.integers(1, 7) * (members[:, team].all(axis=1) & members.any(axis=1))
    return total


def growing(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Any game in which more members are worth no less."""
    worths = np.zeros(2**n)
    for code in range(1, 2**n):
        without = [worths[code ^ (1 << i)] for i in range(n) if code >> i & 1]
        worths[code] = max(without) + rng.integers(0, 5)
    return worths


def harmful(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One member's data spoil what the others have."""
    worths, codes = growing(n, rng), np.arange(2**n)
    spoiler = int(rng.integers(n))
    return worths - rng.integers(1, 5) * (codes >> spoiler & 1)


def _members(n: int) -> NDArray[np.bool_]:
    return every_coalition(n)
