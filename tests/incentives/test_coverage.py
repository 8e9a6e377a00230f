"""A 95% interval holds the true value in 92-98% of runs, whatever the error comes from."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.incentives import value

RUNS = 250


def saturating(rng):
    gain = rng.gamma(2, 0.3, 10)
    return lambda coalitions: 1 - np.exp(-(coalitions @ gain))


def dividends(rng):
    teams, worths = rng.random((30, 10)) < 0.3, rng.normal(size=30)
    return lambda coalitions: (coalitions @ teams.T.astype(float) >= teams.sum(axis=1)) @ worths


class Population:
    """Validation rows from a population with known values.

    Each row's game is a sum of unanimity games over fixed teams, whose dividends are
    exponential and so skewed, as losses are.
    """

    def __init__(self, n, rows, rng):
        shape = np.random.default_rng(0)
        self.participants = tuple(map(str, range(n)))
        self.teams = np.vstack([np.eye(n, dtype=bool), shape.random((2 * n, n)) < 0.4])
        self.means = shape.random(3 * n)
        self.dividends = rng.exponential(self.means, size=(rows, 3 * n))
        sizes = np.maximum(self.teams.sum(axis=1), 1)
        self.truth = (self.teams * (self.means / sizes)[:, None]).sum(axis=0)

    def worth_by_row(self, coalitions, /):
        complete = coalitions @ self.teams.T.astype(float) >= self.teams.sum(axis=1)
        return complete @ self.dividends.T

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


def covered(result, truth):
    low, high = result.interval(0.95).T
    return (low <= truth) & (truth <= high)


@pytest.mark.parametrize("family", [saturating, dividends])
def test_intervals_cover_the_error_of_drawing_orders(family):
    class Formula:
        participants = tuple(map(str, range(10)))
        worth = staticmethod(family(np.random.default_rng(7)))

    truth = value(Formula(), method="exact", budget=1024, seed=0).values

    runs = (value(Formula(), method="antithetic", budget=400, seed=s) for s in range(RUNS))
    share = np.mean([covered(result, truth) for result in runs])

    assert 0.92 <= share <= 0.98


@pytest.mark.parametrize(
    ("method", "n", "budget"), [("exact", 5, 32), ("antithetic", 8, 200)], ids=["exact", "sampled"]
)
def test_intervals_cover_the_error_of_drawing_validation_rows(method, n, budget):
    hits = []
    for seed in range(RUNS):
        game = Population(n, 120, np.random.default_rng([9, seed]))
        hits.append(covered(value(game, method=method, budget=budget, seed=seed), game.truth))

    assert 0.92 <= np.mean(hits) <= 0.98
