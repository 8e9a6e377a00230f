"""No method asks for more than it was allowed, counted by the game that is asked."""

from __future__ import annotations

import numpy as np
import pytest
from readable import readable

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives import AUTO, METHODS, value
from fedmerit.incentives.methods.stopping import Narrow, Settled

OF_UPDATES = ("gradient-alignment", "cgsv")
OF_ROUNDS = ("gtg", "fedsv", "comfedsv", "group-shapley")
OF_WORTHS = [name for name in METHODS if name not in OF_UPDATES]
AT_ONCE = ("exact", "nucleolus", "leave-one-out", "individual")
#: Those that would go on drawing, given a budget.
GOING_ON = [name for name in OF_WORTHS if name not in AT_ONCE]
N = 7
#: What a method may leave, since one draw more might not fit.
UNUSED = {
    "permutation": 7,
    "antithetic": 13,
    "tmc": 7,
    "stratified": 29,
    "owen": 17,
    "gtg": 7,
    "fedsv": 13,
    "comfedsv": 13,
    "group-shapley": 127,  # of pairs there are fewer unions than coalitions
    "least-core": 64,  # draws may repeat, or the bound of the unheard would not hold
    "nucleolus": 127,
}


class Counting:
    """A game that saturates, and notes each coalition that it is asked for."""

    participants = tuple(f"p{k}" for k in range(N))

    def __init__(self, size=1.0, here=1):
        self.asked = set()
        self.size, self.here = size, np.ones(N) * here

    def worth(self, coalitions, /):
        self.asked |= {tuple(row) for row in coalitions.tolist()}
        present = coalitions & (self.here > 0)
        return self.size * (1 - np.exp(-(present @ np.linspace(0.1, 0.9, N))))

    def counted(self):
        return len(self.asked)


class Run(Counting):
    """Four rounds, of which each counts for itself."""

    def __init__(self):
        super().__init__()
        self.present = np.random.default_rng(0).random((4, N)) < 0.7
        self.rounds = [Counting(k + 1, here) for k, here in enumerate(self.present)]
        rng = np.random.default_rng(1)
        self.weights = self.present / self.present.sum(axis=1, keepdims=True)
        self.updates = rng.normal(size=(4, N, 3)) * self.present[..., None]
        self.gradients = rng.normal(size=(4, 3))

    def counted(self):
        return len(self.asked) + sum(len(round_.asked) for round_ in self.rounds)


def least(method, make):
    """Give the least budget, as the method says itself, and see that it asks for nothing."""
    game = make()
    with pytest.raises(BudgetTooSmall) as caught:
        value(readable(method, game), method=method, budget=0, seed=0)
    assert game.counted() == 0
    return caught.value.needed


@pytest.mark.parametrize(
    ("method", "make"),
    [(method, Counting) for method in OF_WORTHS] + [(method, Run) for method in OF_ROUNDS],
)
def test_what_is_asked_for_is_counted_and_within_any_budget(method, make):
    needed = least(method, make)
    for budget in {needed, needed + 1, needed * 3 // 2, max(needed, 2**N - 1), 2**N, 2**N + 9}:
        game = make()
        found = value(readable(method, game), method=method, budget=budget, seed=budget)
        assert game.counted() == found.evaluations <= budget


@pytest.mark.parametrize("budget", [14, 15, 16, 17, 30, 64, 127, 128, 300])
def test_the_choice_of_a_method_keeps_to_the_budget(budget):
    game = Counting()

    found = value(game, method=AUTO, budget=budget, seed=0)

    assert game.counted() == found.evaluations <= budget
    assert found.reason


@pytest.mark.parametrize("method", OF_UPDATES)
def test_methods_of_updates_ask_for_nothing(method):
    game = Run()

    assert value(game, method=method, budget=50, seed=0).evaluations == 0
    assert game.counted() == 0


@pytest.mark.parametrize("method", ["antithetic", "tmc", "svarm", "owen", "leverage", "gp"])
def test_a_rule_never_makes_a_method_ask_for_more(method):
    for rule in (Narrow(1e-9), Settled(0.2, times=1)):
        game = Counting()
        found = value(game, method=method, budget=60, seed=0, until=[rule])
        assert game.counted() == found.evaluations <= 60


@pytest.mark.parametrize("method", GOING_ON)
def test_most_of_a_budget_is_put_to_use(method):
    game = Counting()

    found = value(readable(method, game), method=method, budget=126, seed=0)

    assert found.evaluations > 126 - UNUSED.get(method, 2)
