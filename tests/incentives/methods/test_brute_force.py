"""Every method against the slow way to its own definition, at every budget that there is."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from math import factorial

import numpy as np
import pytest
from readable import readable

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives import METHODS, value
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods import SHAPLEY
from fedmerit.incentives.methods.traits import Reads

#: Those that promise the whole total whatever the budget.
SPLITS = {
    *SHAPLEY,
    "fedsv",
    "comfedsv",
    "group-shapley",
    "least-core",
    "nucleolus",
} - {"tmc", "svarm", "complementary", "owen"}
OF_WORTHS = [m for m, method in METHODS.items() if method.reads is not Reads.UPDATES]
#: Those that are fitted move a little with the last bits of what they are fitted to.
FITTED = {"gp", "surrogate", "trees"}
#: Where a program of many constraints is solved.
PROGRAMS = {"least-core", "nucleolus"}


class Table:
    """A game of a whole table that notes what it is asked."""

    def __init__(self, worths):
        self.worths = worths
        self.participants = tuple(map(str, range(len(worths).bit_length() - 1)))
        self.asked = set()

    def worth(self, coalitions, /):
        codes = coalitions @ (1 << np.arange(coalitions.shape[1]))
        self.asked |= set(codes.tolist())
        return self.worths[codes]


@cache
def worths_of(n, kind):
    rng = np.random.default_rng([n, len(kind)])
    inside = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    if kind == "random":
        return rng.normal(size=2**n)
    if kind == "vote":
        weights = rng.integers(1, 6, n)
        return (inside @ weights > weights.sum() / 2).astype(float)
    return 1 - np.exp(-(inside @ rng.gamma(2, 0.4, n)))  # saturating


def by_orders(worths):
    """Give Shapley values by going through all joining orders."""
    n = len(worths).bit_length() - 1
    total = np.zeros(n)
    for order in permutations(range(n)):
        code = 0
        for member in order:
            total[member] += worths[code | 1 << member] - worths[code]
            code |= 1 << member
    return total / factorial(n)


def by_coalitions(worths):
    """Give Banzhaf values by going through all coalitions."""
    n = len(worths).bit_length() - 1
    codes = np.arange(2**n)
    return np.array(
        [
            np.mean([worths[c | 1 << i] - worths[c] for c in codes if not c >> i & 1])
            for i in range(n)
        ]
    )


def slow_way(method, worths):
    """Give the values by the definition; None where it is no sum."""
    n = len(worths).bit_length() - 1
    if method in {*SHAPLEY, "gtg", "fedsv", "comfedsv"}:
        return by_orders(worths)
    if method == "banzhaf":
        return by_coalitions(worths)
    if method == "leave-one-out":
        return np.array([worths[-1] - worths[-1 - (1 << i)] for i in range(n)])
    if method == "individual":
        return np.array([worths[1 << i] - worths[0] for i in range(n)])
    return None


def least(method, game):
    try:
        value(readable(method, game), method=method, budget=0, seed=0)
    except BudgetTooSmall as error:
        return error.needed
    raise AssertionError(method)


def check(method, n, budget, kind):
    worths = worths_of(n, kind)
    game = Table(worths)
    found = value(readable(method, game), method=method, budget=budget, seed=budget)

    assert len(game.asked) == found.evaluations <= budget
    assert np.isfinite(found.interval()).all()
    truth = slow_way(method, worths)
    if budget >= 2**n and truth is not None:
        assert found.values == pytest.approx(truth, abs=1e-9)
        assert found.standard_errors == pytest.approx(0, abs=1e-12)
    if method in SPLITS or (method == "tmc" and budget >= 2**n):
        assert found.values.sum() == pytest.approx(worths[-1] - worths[0], abs=1e-6)
    other = {
        "shifted": (
            value(given(method, worths + 1e6), method=method, budget=budget, seed=budget),
            1,
        ),
        "negative": (value(given(method, -worths), method=method, budget=budget, seed=budget), -1),
        "small": (
            value(given(method, worths * 1e-9), method=method, budget=budget, seed=budget),
            1e-9,
        ),
    }
    tolerance = 0.02 if method in FITTED else 1e-6
    for name, (moved, factor) in other.items():
        if name == "negative" and method in PROGRAMS:
            continue  # whoever complains of a worth is glad of its opposite
        assert moved.evaluations == found.evaluations, name
        assert moved.values / factor == pytest.approx(found.values, abs=tolerance), name
        errors = moved.standard_errors / abs(factor)
        assert errors == pytest.approx(found.standard_errors, rel=0.2, abs=tolerance), name


def given(method, worths):
    return readable(method, Table(worths))


def budgets(method, n):
    if METHODS[method].reads is Reads.GROUPS and n < 2:
        return []
    needed = least(method, Table(worths_of(n, "random")))
    return range(needed, 2**n + 2)


@pytest.mark.parametrize("method", OF_WORTHS)
def test_some_budgets_of_five_participants_agree_with_the_slow_way(method):
    every = budgets(method, 5)
    dear = method in {"trees", "surrogate", "gp", *PROGRAMS}
    chosen = (
        {every[0], every[-1]} if dear else {every[0], every[len(every) // 2], every[-2], every[-1]}
    )
    for budget in chosen:
        for kind in ("random",) if dear else ("random", "vote"):
            check(method, 5, budget, kind)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["random", "vote", "saturating"])
@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("method", OF_WORTHS)
def test_every_budget_agrees_with_the_slow_way(method, n, kind):
    for budget in budgets(method, n):
        check(method, n, budget, kind)


class Run:
    """Rounds of which each is a table, of those who were there."""

    def __init__(self, seed, n, rounds=3):
        rng = np.random.default_rng(seed)
        self.present = rng.random((rounds, n)) < 0.7
        self.present[0] = True
        self.tables = rng.normal(size=(rounds, 2**n))
        self.tables[:, 0] = 0
        codes, bits = np.arange(2**n), 1 << np.arange(n)
        self.of_present = [
            t[codes & here @ bits] for t, here in zip(self.tables, self.present, strict=True)
        ]
        self.game = SummedGame([Table(worths) for worths in self.of_present], self.present)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("method", ["fedsv", "gtg"])
def test_a_run_is_the_sum_of_what_its_rounds_are_by_all_orders(method, n):
    run = Run(n, n)

    found = value(run.game, method=method, budget=1000, seed=0)

    assert found.values == pytest.approx(sum(map(by_orders, run.of_present)), abs=1e-9)
    assert found.evaluations == (2 ** run.present.sum(axis=1))[run.present.any(axis=1)].sum()


@pytest.mark.parametrize("n", [2, 3, 4])
def test_comfedsv_is_the_slow_way_where_everyone_was_there(n):
    run = Run(n, n)
    full = SummedGame([Table(worths) for worths in run.tables])

    found = value(full, method="comfedsv", budget=1000, seed=0)

    assert found.values == pytest.approx(by_orders(run.tables.sum(axis=0)), abs=1e-9)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_alignment_and_cgsv_are_their_own_sums(n):
    rng = np.random.default_rng(n)

    class Updates:
        participants = tuple(map(str, range(n)))
        present = np.ones((2, n), dtype=bool)
        weights = np.full((2, n), 1 / n)
        updates, gradients = rng.normal(size=(2, n, 4)), rng.normal(size=(2, 4))

        def worth(self, coalitions, /):
            moved = (coalitions[:, None, :, None] * self.weights[..., None] * self.updates).sum(
                axis=2
            )
            return -(moved * self.gradients).sum(axis=(1, 2))

    game = Updates()
    codes = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)

    aligned = value(game, method="gradient-alignment", budget=0, seed=0)
    shares = value(game, method="cgsv", budget=0, seed=0).values

    assert aligned.values == pytest.approx(by_orders(game.worth(codes)))
    slow = np.full(n, 1 / n)
    for updates in game.updates:
        directions = [update / np.linalg.norm(update) for update in updates]
        total = sum(share * direction for share, direction in zip(slow, directions, strict=True))
        cosines = [direction @ total / np.linalg.norm(total) for direction in directions]
        slow = np.maximum([0.95 * s + 0.05 * c for s, c in zip(slow, cosines, strict=True)], 0)
        slow = slow / slow.sum()
    assert shares == pytest.approx(slow)
