"""Shapley values as the best additive fit to worths.

Of all additive games that give everyone together their worth, the Shapley values' comes
nearest to the game's worths, under weights that favour small and large coalitions
(Charnes et al., 1988). Worths come in pairs of complements, whose differences alone
matter: with 1 for who is in and -1 for who is out, values solve one least-squares problem
with one row a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.exact import enumerated
from fedmerit.incentives.methods.sampling.plans import (
    Plan,
    borders,
    draw,
    folded,
    subsets,
)
from fedmerit.incentives.methods.traits import Concept, valuation_method
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

#: Draws for each unit of budget, at most, where pairs that are known keep coming.
_DRAWS: Final = 4
#: Most of its own gap that a pair is taken to explain, where it is nearly the only one.
_MAX_LEVERAGE: Final = 0.9


@valuation_method("kernel-shap", concept=Concept.SHAPLEY)
def kernel_shap(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values by KernelSHAP: pairs drawn in proportion to their weight.

    Single participants and their complements are taken whole; pairs of the other sizes
    are drawn with replacement, and count as often as they come. Values add up exactly to
    what everyone adds to nobody. Intervals hold what they say from about 6 n evaluations on;
    with fewer draws than members they come out too wide.

    Source: Lundberg and Lee (2017); pairs and errors after Covert and Lee (2021).
    Assumes: Worths that an additive game comes near to; the bias falls with the budget.
    Cost: Any even budget, from 2 n + 6 on.
    Choose it: To compare with published results; leverage is rarely worse.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs besides the single participants.
        GameError: The game breaks its contract.
    """
    if known := enumerated(game, method="kernel-shap", budget=budget, seed=seed):
        return known
    cached = CachedGame(game)
    n = len(cached.participants)
    needed = min(2 * n + 6, 2**n)
    if budget < needed:
        raise BudgetTooSmall("kernel-shap", budget=budget, needed=needed, participants=n)
    plan, rng = Plan(n, budget, paired=True), generator(seed, "valuation", "kernel-shap")
    plan.add(borders(n))
    chances = _mass(n) * (np.arange(n + 1) > 1)
    drawn = np.empty(0, dtype=np.intp)
    while not plan.full and len(drawn) < _DRAWS * budget:
        drawn = np.append(drawn, plan.add(draw(rng, chances, n)))
    times = np.bincount(drawn, minlength=len(plan.coalitions)).astype(np.float64)
    alone = np.full(len(times), chances.sum() / len(drawn))
    alone[: n + 1] = _mass(n)[1] / n
    # What was taken whole leaves no error; all draws are one sample of all the rest.
    drawing = _Drawing(
        times=np.maximum(times, 1), groups=(times > 0).astype(np.intp), left=np.array([0.0, 1.0])
    )
    return _fitted(cached, game, plan, alone, drawing, method="kernel-shap", seed=seed)


@valuation_method("leverage", concept=Concept.SHAPLEY)
def leverage(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values by LeverageSHAP: pairs drawn by how much each steers the fit.

    All sizes are then equally likely, and no pair is drawn twice. Single participants and
    their complements are taken whole, two pairs of each other size come first, and each
    size has its true weight in the fit whatever was drawn of it. Values add up exactly to
    what everyone adds to nobody. Intervals hold what they say from about 6 n evaluations on;
    with fewer draws than members they come out too wide.

    Source: Musco and Witter (2025); pairs and errors after Covert and Lee (2021).
    Assumes: Worths that an additive game comes near to; the bias falls with the budget.
    Cost: Any even budget, from about 4 n on, to the last pair.
    Choose it: Where worths are near to additive; svarm where they depend on size above all.

    Raises:
        BudgetTooSmall: *budget* does not cover the pairs that come first.
        GameError: The game breaks its contract.
    """
    if known := enumerated(game, method="leverage", budget=budget, seed=seed):
        return known
    cached = CachedGame(game)
    n = len(cached.participants)
    needed = min(2 * n + 2 + 4 * max(n // 2 - 1, 0), 2**n)
    if budget < needed:
        raise BudgetTooSmall("leverage", budget=budget, needed=needed, participants=n)
    plan, rng = Plan(n, budget, paired=True), generator(seed, "valuation", "leverage")
    plan.add(borders(n))
    sizes = np.arange(2, n // 2 + 1)
    while (short := sizes[plan.counts[sizes] < 2]).size:  # noqa: PLR2004 - two have a spread
        plan.add(subsets(rng, short, n))
    plan.fill(rng, folded(np.ones(n + 1)) * (np.arange(n + 1) > 1))
    sides = plan.coalitions.sum(axis=1)
    groups = np.minimum(sides, n - sides)
    left = 1 - plan.counts / np.maximum(plan.room, 1)
    alone = (_mass(n) / np.maximum(plan.counts, 1))[groups]
    drawing = _Drawing(times=np.ones(len(groups)), groups=groups, left=left)
    return _fitted(cached, game, plan, alone, drawing, method="leverage", seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawing:
    """How the pairs came about.

    Attributes:
        times: How often each was drawn, shape ``(pairs,)``.
        groups: The group that it was drawn from, shape ``(pairs,)``.
        left: The share of each group that was not drawn, shape ``(groups,)``; 1 where
            draws were with replacement, and 0 where the group was taken whole.
    """

    times: NDArray[np.float64]
    groups: NDArray[np.intp]
    left: NDArray[np.float64]


def _fitted(
    cached: CachedGame,
    game: Game,
    plan: Plan,
    alone: NDArray[np.float64],
    drawing: _Drawing,
    *,
    method: str,
    seed: int,
) -> Valuation:
    """Fit values to the pairs of *plan*, everyone and nobody first.

    Args:
        cached: What was asked so far.
        game: The game that is valued.
        plan: Its pairs.
        alone: The weight of each pair, drawn once, shape ``(pairs,)``.
        drawing: How they came about.
        method: The method's key.
        seed: The seed that was used.
    """
    sides = plan.coalitions
    worths = cached.lookup(np.vstack([sides, ~sides])).reshape(2, len(sides), -1)
    gaps, everything = (worths[0] - worths[1])[1:], (worths[0] - worths[1])[0]
    rows = np.where(sides[1:], 1.0, -1.0)
    alone, times, groups = alone[1:], drawing.times[1:], drawing.groups[1:]
    steering, share = _solved(rows, alone * times)
    # How one draw of each pair moves each value, before its gap: shape (pairs, n).
    moves = alone[:, None] * np.einsum("ki,ij->kj", rows, steering)
    values = np.einsum("ki,kc->ic", moves * times[:, None], gaps) + share[:, None] * everything
    residuals = gaps.mean(axis=1) - np.einsum("ki,i->k", rows, values.mean(axis=1))
    # A draw that the fit follows shows too small a residual (MacKinnon and White, 1985).
    held = np.minimum((moves * rows).sum(axis=1), _MAX_LEVERAGE)
    pulls = moves * (residuals / (1 - held))[:, None]
    return conclude(
        game,
        values,
        method=method,
        evaluations=cached.evaluations,
        seed=seed,
        covariance=_covariance(pulls, times, groups, drawing.left),
        degrees=float(max(times.sum() - 2 * len(values) + 1, 1)),
        errors="analytic",
        scale=cached.largest,
    )


def _solved(
    rows: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve the weighted fit whose values add up to a given total.

    Returns:
        What maps the weighted rows' products to values, shape ``(n, n)``, and each value's
        share of the total, shape ``(n,)``.
    """
    n = rows.shape[1]
    system = np.zeros((n + 1, n + 1))
    system[:n, :n] = np.einsum("ki,kj->ij", rows * weights[:, None], rows)
    system[n, :n] = system[:n, n] = 1.0
    solution = np.linalg.inv(system)
    return solution[:n, :n], solution[:n, n]


def _covariance(
    pulls: NDArray[np.float64],
    times: NDArray[np.float64],
    groups: NDArray[np.intp],
    left: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give the covariance of the sum of *pulls* over the draw of each group, ``(n, n)``."""
    total = np.zeros((pulls.shape[1], pulls.shape[1]))
    for group in np.unique(groups[left[groups] > 0]):
        group_pulls, often = pulls[groups == group], times[groups == group][:, None]
        draws = often.sum()
        deviations = group_pulls - (often * group_pulls).sum(axis=0) / draws
        products = np.einsum("ki,kj->ij", often * deviations, deviations)
        total += left[group] * draws / (draws - 1) * products
    return total


def _mass(n: int) -> NDArray[np.float64]:
    """Give the weight in the fit of all pairs of each size together, shape ``(n + 1,)``."""
    sizes = np.arange(1, n)
    mass = np.zeros(n + 1)
    mass[sizes] = 1 / (sizes * (n - sizes))
    return folded(mass)
