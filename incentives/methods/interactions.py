"""What two participants add together that neither adds alone.

Above 0 they complete each other; below 0 one can partly stand in for the other, as with
overlapping data. An additive game has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, inf
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import stdtrit

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives.game import MeasuredGame
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.sampling.plans import Plan, borders, subsets
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game

_INDEX: Final = "Shapley interaction index"
#: Fewest coalitions of each size between 2 and n - 2, so that each has a spread.
_FEWEST: Final = 2
#: Most of a worth that the additive fit is taken to follow, where there are few others.
_MAX_LEVERAGE: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interactions:
    """How participants complete or replace each other, two by two.

    Attributes:
        participants: Names, in the game's order.
        matrix: Of each pair, shape ``(n, n)``, symmetric with 0 on the diagonal, in the
            game's unit.
        standard_errors: One standard error of each, same shape: of the draw of
            coalitions and, if the game shows them, of validation rows together.
        degrees: Degrees of freedom behind them; infinite if nothing was drawn.
        evaluations: Distinct coalitions that were asked for.
        seed: The seed that gives these numbers again.
        index: The name of the index.
    """

    participants: tuple[str, ...]
    matrix: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    evaluations: int
    seed: int
    degrees: float = inf
    index: str = _INDEX

    def interval(self, confidence: float = 0.95) -> NDArray[np.float64]:
        """Give each pair's interval as ``(low, high)``, shape ``(n, n, 2)``, by Student's t.

        Raises:
            GameError: *confidence* is not strictly between 0 and 1.
        """
        if not 0 < confidence < 1:
            raise GameError(
                f"confidence must be above 0 and below 1, and is {confidence}",
                hint="For 95% intervals pass confidence=0.95.",
            )
        quantile = float(stdtrit(self.degrees, (1 + confidence) / 2))
        half_widths = quantile * self.standard_errors
        return np.stack([self.matrix - half_widths, self.matrix + half_widths], axis=-1)


def interactions(game: Game, *, budget: int, seed: int) -> Interactions:
    """Shapley interactions of all pairs, exact where *budget* covers all coalitions.

    A pair's interaction is what the second adds to the first's contribution, over all
    coalitions of the others. Each worth counts for every pair: for those both in or both
    out, and against those it parts. Sizes 0, 1, n - 1 and n are taken whole, the others
    sampled without repeats, each less the additive game nearest to its worths, which has
    no interactions but most of the spread.

    Source: Grabisch and Roubens (1999); one sample for all pairs after Fumagalli et al.
        (2023) and Kolpaczki et al. (2024).
    Assumes: Nothing; hardly biased in any game.
    Cost: Any budget, from 4 n - 4 evaluations on; exact at 2**n.
    Choose it: To see who can replace whom.

    Raises:
        BudgetTooSmall: *budget* does not cover two coalitions of each size.
        GameError: There are fewer than two participants, *seed* is negative, or the game
            breaks its contract.
    """
    cached = CachedGame(game)
    n = len(cached.participants)
    if n < 2:  # noqa: PLR2004 - a pair
        raise GameError(f"interactions are of pairs, and {cached.participants} is no pair")
    if seed < 0:
        raise GameError(f"a seed must not be negative, and is {seed}")
    needed = min(len(borders(n)) + _FEWEST * max(n - 3, 0), 2**n)
    if budget < needed:
        raise BudgetTooSmall("interactions", budget=budget, needed=needed, participants=n)
    coalitions = every_coalition(n) if 2**n <= budget else _planned(n, budget, seed)
    worths = cached.lookup(coalitions)
    matrix, drawn, measured = _estimated(coalitions, worths, isinstance(game, MeasuredGame))
    return Interactions(
        participants=cached.participants,
        matrix=matrix,
        standard_errors=np.hypot(drawn, measured),
        evaluations=cached.evaluations,
        seed=seed,
        degrees=_degrees(coalitions),
    )


def _planned(n: int, budget: int, seed: int) -> Coalitions:
    """Choose coalitions: the borders, two of each other size, then by how they weigh."""
    plan, rng = Plan(n, budget), generator(seed, "valuation", "interactions")
    plan.add(borders(n))
    sizes = np.arange(2, n - 1)
    while (short := sizes[plan.counts[sizes] < _FEWEST]).size:
        plan.add(subsets(rng, short, n))
    # The root mean square of how a worth counts for a pair, times all worths of the size.
    squares = [
        comb(n, s) * (1 / comb(n - 2, s - 2) + 2 / comb(n - 2, s - 1) + 1 / comb(n - 2, s))
        for s in sizes.tolist()
    ]
    chances = np.zeros(n + 1)
    chances[sizes] = np.sqrt(squares)
    plan.fill(rng, chances)
    return plan.coalitions


def _degrees(coalitions: Coalitions) -> float:
    """Give the sampled worths that neither their size's mean nor the additive fit takes up."""
    n = coalitions.shape[1]
    sampled = np.bincount(coalitions.sum(axis=1), minlength=n + 1)
    partly = sampled < np.array([comb(n, size) for size in range(n + 1)])
    if not partly.any():
        return inf
    # Half, since what is left of them weighs unevenly.
    return max(float((sampled[partly] - 1).sum() - (n - 1)) / 2, 1.0)


def _estimated(
    coalitions: Coalitions, worths: NDArray[np.float64], by_row: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give the matrix, its errors over the draw and its errors over the rows, ``(n, n)`` each."""
    n = coalitions.shape[1]
    sizes = coalitions.sum(axis=1)
    every = np.array([float(comb(n, size)) for size in range(n + 1)])
    sampled = np.bincount(sizes, minlength=n + 1).astype(np.float64)
    share = every[sizes] / sampled[sizes]
    left = 1 - sampled / every
    spread = sampled / np.maximum(sampled - 1, 1)
    rest = _less_additive(coalitions, worths, left[sizes])
    mean = rest.mean(axis=1)
    matrix, drawn, measured = np.zeros((3, n, n))
    for i in range(n):
        counts = _counts(coalitions, i) * share[:, None]
        of_columns = np.einsum("kj,kc->jc", counts, rest)
        matrix[i] = of_columns.mean(axis=1)
        if by_row:
            measured[i] = _error_of_mean(of_columns)
        pulls = counts * mean[:, None]
        centre = np.array([np.bincount(sizes, pulls[:, j], n + 1) for j in range(n)]).T
        deviations = pulls - (centre / np.maximum(sampled, 1)[:, None])[sizes]
        drawn[i] = np.sqrt(((left * spread)[sizes][:, None] * deviations**2).sum(axis=0))
    for of_pairs in (matrix, drawn, measured):
        np.fill_diagonal(of_pairs, 0.0)
    # Sums over the same coalitions in the same order, but for who is called first.
    return (matrix + matrix.T) / 2, (drawn + drawn.T) / 2, (measured + measured.T) / 2


def _counts(coalitions: Coalitions, i: int) -> NDArray[np.float64]:
    """Give how each worth counts for *i* with each other, shape ``(coalitions, n)``.

    One of s members counts as 1 / ((n - 1) C(n - 2, t)), t of them being neither of the
    two: for the pair if it has both or neither, and against it if it has one.
    """
    n = coalitions.shape[1]
    both = coalitions[:, [i]].astype(np.intp) + coalitions
    others = np.clip(coalitions.sum(axis=1)[:, None] - both, 0, n - 2)
    weights = np.array([1 / ((n - 1) * comb(n - 2, t)) for t in range(n - 1)])
    return np.asarray(np.where(both == 1, -1.0, 1.0) * weights[others])


def _less_additive(
    coalitions: Coalitions, worths: NDArray[np.float64], left: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Take the nearest additive game, and each size's mean, out of the sampled worths.

    Neither has interactions at any size from 2 to n - 2, so what is left estimates the same.
    A worth that the fit follows is set apart from the fit to all others, which would else
    take some of the interactions with it.

    Args:
        coalitions: All that were asked for, shape ``(coalitions, n)``.
        worths: Of shape ``(coalitions, columns)``.
        left: The share of each one's size that was not asked for, shape ``(coalitions,)``.
    """
    rest = worths.copy()
    drawn = left > 0
    if not drawn.any():
        return rest
    n = coalitions.shape[1]
    sizes = coalitions[drawn].sum(axis=1)
    had = np.maximum(np.bincount(sizes, minlength=n + 1), 1)[:, None]
    both = np.hstack([coalitions[drawn], worths[drawn]])
    means = np.zeros((n + 1, both.shape[1]))
    np.add.at(means, sizes, both)
    both -= (means / had)[sizes]
    members, over = both[:, :n], both[:, n:]
    # Members of one size add up to a constant, so that a ridge of 1 pins the common part.
    system = np.einsum("ki,kj->ij", members, members) + np.eye(n)
    steering = np.linalg.solve(system, members.T)
    slopes = np.einsum("ik,kc->ic", steering, over)
    followed = 1 / had[sizes, 0] + (members * steering.T).sum(axis=1)
    apart = 1 / (1 - left[drawn] * np.minimum(followed, _MAX_LEVERAGE))
    rest[drawn] = (over - np.einsum("ki,ic->kc", members, slopes)) * apart[:, None]
    return rest


def _error_of_mean(of_columns: NDArray[np.float64]) -> NDArray[np.float64]:
    columns = of_columns.shape[1]
    if columns == 1:
        return np.full(len(of_columns), np.inf)
    return np.asarray(of_columns.std(axis=1, ddof=1) / np.sqrt(columns))
