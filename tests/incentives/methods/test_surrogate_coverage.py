"""A surrogate's 95% interval holds the true value in 92-98% of runs."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.surrogates import gaussian_process
from fedmerit.incentives.methods.surrogates.design import leverage

RUNS = 200
N = 8


class Formula:
    participants = tuple(map(str, range(N)))

    def __init__(self, smooth, noise):
        self.smooth, self.noise = smooth, noise

    def worth(self, coalitions, /):
        own = self.noise[coalitions @ (1 << np.arange(N))]
        return self.smooth(coalitions) + own

    @property
    def truth(self):
        every = every_coalition(N)
        return leverage(every[1:].astype(float)).T @ (
            self.smooth(every)[1:] - self.smooth(every)[0]
        )


def saturating(rng):
    weights = rng.gamma(2, 0.25, N)
    noise = 0.01 * rng.normal(size=2**N)
    noise[0] = 0
    return Formula(lambda rows: 1 - np.exp(-(rows @ weights)), noise)


def unanimity(rng):
    teams = np.arange(N) < np.minimum(rng.geometric(0.3, 5 * N), N)[:, None]
    teams = rng.permuted(teams, axis=1)
    worths = rng.normal(size=5 * N)
    needed = teams.sum(axis=1)
    return Formula(lambda rows: (rows @ teams.T.astype(float) >= needed) @ worths, np.zeros(2**N))


@pytest.mark.parametrize("family", [saturating, unanimity])
def test_intervals_cover_the_error_of_coalitions_not_asked_for(family):
    hits = []
    for seed in range(RUNS):
        game = family(np.random.default_rng([3, seed]))
        low, high = gaussian_process(game, budget=130, seed=seed).interval(0.95).T
        hits.append((low <= game.truth) & (game.truth <= high))

    assert 0.92 <= np.mean(hits) <= 0.98
