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

    def __init__(self, seed, n, rounds=3, *, shift=0.0, factor=1.0):
        rng = np.random.default_rng(seed)
        self.present = rng.random((rounds, n)) < 0.7
        self.present[0] = True
        self.tables = rng.normal(size=(rounds, 2**n))
        self.tables[:, 0] = 0
        self.tables = factor * self.tables + shift
        codes, bits = np.arange(2**n), 1 << np.arange(n)
        self.of_present = [
            t[codes & here @ bits] for t, here in zip(self.tables, self.present, strict=True)
        ]
        self.rounds = [Table(worths) for worths in self.of_present]
        self.game = SummedGame(self.rounds, self.present)
        self.whole = int((2 ** self.present.sum(axis=1))[self.present.any(axis=1)].sum())

    def valued(self, method, budget):
        """Value it, and see that the budget was kept and that nobody absent was asked for."""
        found = value(self.game, method=method, budget=budget, seed=budget)
        assert sum(len(round_.asked) for round_ in self.rounds) == found.evaluations <= budget
        for round_, here in zip(self.rounds, self.present, strict=True):
            absent = int(~here @ (1 << np.arange(len(here))))
            assert not any(code & absent for code in round_.asked)
        return found


def check_run(method, n, budget):
    run = Run(n, n)
    found = run.valued(method, budget)

    assert np.isfinite(found.interval()).all()
    if budget >= run.whole and method != "comfedsv":
        assert found.values == pytest.approx(sum(map(by_orders, run.of_present)), abs=1e-9)
        assert found.standard_errors == pytest.approx(0, abs=1e-12)
    if method == "fedsv":
        total = sum(worths[-1] - worths[0] for worths in run.of_present)
        assert found.values.sum() == pytest.approx(total, abs=1e-9)
    for shift, factor in ((1e6, 1.0), (0.0, -1.0), (0.0, 1e-9)):
        moved = Run(n, n, shift=shift, factor=factor).valued(method, budget)
        assert moved.evaluations == found.evaluations
        assert moved.values / factor == pytest.approx(found.values, abs=1e-6)
        errors = moved.standard_errors / abs(factor)
        assert errors == pytest.approx(found.standard_errors, rel=1e-3, abs=1e-6)


def run_budgets(method, n):
    run = Run(n, n)
    return range(least(method, run.game), run.whole + 2)


@pytest.mark.parametrize("method", ["fedsv", "gtg", "comfedsv"])
def test_some_budgets_of_a_run_of_four_agree_with_the_slow_way(method):
    every = run_budgets(method, 4)
    for budget in {every[0], every[len(every) // 2], every[-2], every[-1]}:
        check_run(method, 4, budget)


@pytest.mark.long
@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("method", ["fedsv", "gtg", "comfedsv"])
def test_every_budget_of_a_run_agrees_with_the_slow_way(method, n):
    for budget in run_budgets(method, n):
        check_run(method, n, budget)


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


class Updates:
    """A run of two rounds, linear in its updates, in which not everyone was there."""

    def __init__(self, n, *, factor=1.0, of_gradients=1.0):
        rng = np.random.default_rng(n)
        self.participants = tuple(map(str, range(n)))
        self.present = np.ones((2, n), dtype=bool)
        self.present[1, n // 2 + 1 :] = False
        self.weights = self.present / self.present.sum(axis=1, keepdims=True)
        self.updates = factor * rng.normal(size=(2, n, 4)) * self.present[..., None]
        self.gradients = of_gradients * rng.normal(size=(2, 4))

    def worth(self, coalitions, /):
        moved = (coalitions[:, None, :, None] * self.weights[..., None] * self.updates).sum(axis=2)
        return -(moved * self.gradients).sum(axis=(1, 2))


def cgsv_by_hand(game):
    """Give the shares of CGSV, round by round and one member at a time."""
    shares = [1 / len(game.participants)] * len(game.participants)
    for updates, present in zip(game.updates, game.present, strict=True):
        here = np.flatnonzero(present).tolist()
        units = {i: updates[i] / np.linalg.norm(updates[i]) for i in here}
        total = sum(shares[i] * units[i] for i in here)
        moved = {
            i: 0.95 * shares[i] + 0.05 * units[i] @ total / np.linalg.norm(total) for i in here
        }
        moved = {i: max(share, 0.0) for i, share in moved.items()}
        between = sum(shares[i] for i in here) / sum(moved.values())
        for i in here:
            shares[i] = moved[i] * between
    return np.array(shares) / sum(shares)


@pytest.mark.parametrize("n", range(1, 7))
def test_alignment_and_cgsv_are_their_own_sums(n):
    game = Updates(n)
    codes = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)

    for budget in (0, 1, 2**n):  # neither asks for a coalition
        aligned = value(game, method="gradient-alignment", budget=budget, seed=0)
        shares = value(game, method="cgsv", budget=budget, seed=0)

        assert aligned.evaluations == shares.evaluations == 0
        assert aligned.values == pytest.approx(by_orders(game.worth(codes)))
        assert shares.values == pytest.approx(cgsv_by_hand(game))


@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("factor", [-1.0, 1e-9, 1e6])
def test_alignment_and_cgsv_have_no_scale(n, factor):
    game, turned = Updates(n), Updates(n, of_gradients=factor)
    aligned = value(game, method="gradient-alignment", budget=0, seed=0).values
    shares = value(game, method="cgsv", budget=0, seed=0).values

    assert value(turned, method="gradient-alignment", budget=0, seed=0).values == pytest.approx(
        factor * aligned
    )
    # CGSV looks at no gradient, and at updates as far as they agree.
    assert value(turned, method="cgsv", budget=0, seed=0).values.tolist() == shares.tolist()
    scaled = Updates(n, factor=factor)
    assert value(scaled, method="cgsv", budget=0, seed=0).values == pytest.approx(shares)
