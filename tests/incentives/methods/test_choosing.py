"""Coalitions are chosen by what they tell of the values."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.surrogates.choosing import ask_as_needed
from fedmerit.incentives.methods.surrogates.design import ask_for, leverage
from fedmerit.incentives.methods.surrogates.functional import operator
from fedmerit.incentives.methods.surrogates.process import fit

N = 8
EVERY = every_coalition(N)


class Averaging:
    """A model is the mean of its members', and the worth falls with its distance from the best."""

    participants = tuple(map(str, range(N)))

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.models, self.rows = rng.normal(size=(N, 3)), rng.gamma(2, 1, N)
        self.asked = []

    def worth(self, coalitions, /):
        self.asked += [tuple(row) for row in coalitions.tolist()]
        shares = coalitions * self.rows
        total = np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
        off = (shares / total) @ self.models - 0.3
        return np.where(coalitions.any(axis=1), 1 / (1 + (off**2).sum(axis=1)), 0.2)

    @property
    def truth(self):
        worths = self.worth(EVERY)
        return leverage(EVERY[1:].astype(float)).T @ (worths[1:] - worths[0])


def error(ask, game):
    seen = ask(game, method="gp", budget=48, seed=0)
    found = operator(fit(seen.inside, seen.mean)).weights @ seen.mean
    return ((found - game.truth) ** 2).mean()


@pytest.mark.slow
def test_chosen_coalitions_tell_more_than_those_that_only_keep_apart():
    games = [Averaging(seed) for seed in range(8)]

    ratios = [error(ask_as_needed, game) / error(ask_for, game) for game in games]

    assert np.median(ratios) < 0.5


@pytest.mark.parametrize(("small", "large"), [(17, 30), (30, 31), (45, 200), (200, 240)])
def test_a_larger_budget_goes_on_where_a_smaller_one_stopped(small, large):
    first, second = Averaging(3), Averaging(3)

    ask_as_needed(first, method="gp", budget=max(small, 18), seed=5)
    ask_as_needed(second, method="gp", budget=large, seed=5)

    assert second.asked[: len(first.asked)] == first.asked
    assert len(set(second.asked)) == len(second.asked) == large


def test_worths_that_are_all_alike_leave_a_choice_too():
    game = Averaging(0)
    game.rows = np.ones(N)
    game.models = np.zeros((N, 3))

    assert ask_as_needed(game, method="gp", budget=60, seed=0).evaluations == 60
