"""How many 95% intervals hold the truth, for games whose Shapley values are known.

Run with ``python benchmarks/intervals.py [METHOD ...]``; it prints a table per method, a row per
budget. Each cell is a share over 100 seeds and ten participants, uncertain by about a point,
and by two or three where participants' intervals miss together.
"""

from __future__ import annotations

import sys
from typing import Final

import numpy as np
from families import FAMILIES

from fedmerit.incentives import value

_PARTICIPANTS: Final = 10
_BUDGETS: Final = (60, 100, 200, 400)
_METHODS: Final = ("permutation", "antithetic", "kernel-shap")
_SEEDS: Final = 100


def share(method: str, family: str, budget: int) -> float:
    """Give the share of intervals of one method, family and budget that hold the truth."""
    held = []
    for seed in range(_SEEDS):
        game = FAMILIES[family](_PARTICIPANTS, np.random.default_rng([seed, 17]))
        low, high = value(game, method=method, budget=budget, seed=seed).interval().T
        slack = 1e-12 * abs(game.truth).max()  # values that are exact but for rounding
        held.append((low - slack <= game.truth) & (game.truth <= high + slack))
    return float(np.mean(held))


def main(methods: list[str]) -> None:
    """Print the tables."""
    print(f"{_PARTICIPANTS} participants, {_SEEDS} seeds: share of 95% intervals with the truth")
    for method in methods or _METHODS:
        print(f"\n| {method}, coalitions | {' | '.join(FAMILIES)} |")
        print(f"|---|{'---|' * len(FAMILIES)}")
        for budget in _BUDGETS:
            cells = [f"{share(method, family, budget):.2f}" for family in FAMILIES]
            print(f"| {budget} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
