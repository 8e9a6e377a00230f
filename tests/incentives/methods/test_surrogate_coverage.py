"""A surrogate's 95% interval holds the true value in 92-98% of runs."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.surrogates import gaussian_process, surrogate
from fedmerit.incentives.methods.surrogates.design import leverage


class Formula:
    """A smooth game, and noise of each coalition's own, which no interval is to hold."""

    def __init__(self, n, smooth, noise):
        self.participants = tuple(map(str, range(n)))
        self.smooth, self.noise = smooth, noise

    def worth(self, coalitions, /):
        own = self.noise[coalitions @ (1 << np.arange(len(self.participants)))]
        return self.smooth(coalitions) + own

    @property
    def truth(self):
        every = every_coalition(len(self.participants))
        gains = self.smooth(every)[1:] - self.smooth(every)[0]
        return leverage(every[1:].astype(float)).T @ gains


def saturating(n, rng):
    weights = rng.gamma(2, 0.25, n)
    noise = 0.01 * rng.normal(size=2**n)
    noise[0] = 0
    return Formula(n, lambda rows: 1 - np.exp(-(rows @ weights)), noise)


def unanimity(n, rng):
    teams = np.arange(n) < np.minimum(rng.geometric(0.3, 5 * n), n)[:, None]
    teams = rng.permuted(teams, axis=1)
    worths = rng.normal(size=5 * n)
    needed = teams.sum(axis=1)
    return Formula(
        n, lambda rows: (rows @ teams.T.astype(float) >= needed) @ worths, np.zeros(2**n)
    )


def votes(n, rng):
    weights = rng.integers(1, 6, n).astype(float)
    return Formula(n, lambda rows: 1.0 * (rows @ weights > weights.sum() / 2), np.zeros(2**n))


#: Method, participants and budget, runs, game, and the coverage that is told of it; the whole
#: 200 runs take minutes.
CASES = [
    (gaussian_process, (8, 60), 60, saturating, (0.92, 0.98)),
    (surrogate, (7, 44), 30, saturating, (0.9, 0.98)),
    (surrogate, (7, 44), 30, unanimity, (0.92, 0.99)),
    (surrogate, (7, 44), 20, votes, (0.85, 0.95)),
    *(
        pytest.param(method, size, 200, family, told, marks=pytest.mark.long)
        for method, size, family, told in (
            (gaussian_process, (8, 60), saturating, (0.92, 0.98)),
            (gaussian_process, (8, 60), unanimity, (0.92, 0.98)),
            (surrogate, (7, 44), saturating, (0.92, 0.98)),
            (surrogate, (7, 44), unanimity, (0.92, 0.99)),
            (surrogate, (7, 44), votes, (0.85, 0.95)),
        )
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "size", "runs", "family", "told"), CASES)
def test_intervals_cover_the_error_of_coalitions_not_asked_for(method, size, runs, family, told):
    (n, budget), hits, widths = size, [], []
    with threadpool_limits(1):
        for seed in range(runs):
            game = family(n, np.random.default_rng([3, seed]))
            found = method(game, budget=budget, seed=seed)
            low, high = found.interval(0.95).T
            hits.append((low <= game.truth) & (game.truth <= high))
            errors = np.sqrt(((found.values - game.truth) ** 2).mean())
            widths.append(found.standard_errors.mean() / errors)

    assert told[0] <= np.mean(hits) <= told[1]
    assert np.median(widths) < 2.6  # of the errors' own size


@pytest.mark.slow
@pytest.mark.parametrize("family", [unanimity, votes])
def test_an_adjusted_fit_of_many_coalitions_covers_its_error(family):
    game = family(13, np.random.default_rng([5, 0]))
    hits, errors = [], []
    for seed in range(3):  # each takes seconds
        found = surrogate(game, budget=2100, seed=seed)
        low, high = found.interval(0.95).T
        hits.append((low <= game.truth) & (game.truth <= high))
        errors.append(((found.values - game.truth) ** 2).mean() / (game.truth**2).mean())

    assert 0.9 <= np.mean(hits) <= 1
    assert np.median(errors) < (1e-4 if family is votes else 2e-6)
