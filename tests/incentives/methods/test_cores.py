"""The least core and the nucleolus are what the textbooks say, and what they claim to be."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives.methods.cores.cores import least_core, nucleolus, unheard
from fedmerit.incentives.methods.enumeration import every_coalition

CASES = Path(__file__).parents[1] / "mechanisms" / "cases.json"
both = pytest.mark.parametrize("method", [least_core, nucleolus])


class Formula:
    """A game given by a function of the coalition matrix, which counts what it is asked."""

    def __init__(self, n, worth):
        self.participants = tuple(map(str, range(n)))
        self._worth = worth
        self.asked = set()

    def worth(self, coalitions, /):
        self.asked |= {tuple(row) for row in coalitions.tolist()}
        return self._worth(coalitions)


def of_table(worths):
    n = len(worths).bit_length() - 1
    return Formula(
        n, lambda coalitions: np.asarray(worths, float)[coalitions @ (1 << np.arange(n))]
    )


def values(method, game):
    return method(game, budget=2 ** len(game.participants), seed=0).values


def glove(coalitions):
    return (coalitions[:, 0] & coalitions[:, 1:].any(axis=1)).astype(float)


def empty_core(coalitions):
    worths = {0b011: 80.0, 0b101: 70.0, 0b110: 60.0, 0b111: 100.0}
    return np.array([worths.get(code, 0.0) for code in (coalitions @ [1, 2, 4]).tolist()])


def bankruptcy(estate, claims):
    return lambda inside: np.maximum(estate - (~inside * np.array(claims)).sum(axis=1), 0.0)


def largest_excess(game, shares):
    every = every_coalition(len(game.participants))
    worths = game.worth(every) - game.worth(every[:1])
    return (worths - every @ shares)[1:-1].max()


def slow_nucleolus(game):
    """Every stage in full: a coalition is fixed if its excess cannot fall below the least."""
    n = len(game.participants)
    every = every_coalition(n)[1:]
    worths = game.worth(every) - game.worth(~every[-1:])
    alone = np.array([worths[2**i - 1] for i in range(n)])
    floors = alone if alone.sum() <= worths[-1] else np.full(n, -np.inf)
    fixed = {len(every) - 1: 0.0}
    bounds = [(low, None) for low in floors]
    while len(fixed) < len(every):
        free = [row for row in range(len(every)) if row not in fixed]
        equal = {
            "A_eq": np.column_stack([every[list(fixed)], np.zeros(len(fixed))]),
            "b_eq": worths[list(fixed)] - list(fixed.values()),
        }
        over = {"A_ub": -np.column_stack([every[free], np.ones(len(free))]), "b_ub": -worths[free]}
        best = linprog(np.eye(n + 1)[n], **over, **equal, bounds=[*bounds, (None, None)])
        assert best.status == 0
        for row in free:
            cap = [*bounds, (None, best.fun + 1e-9)]
            most = linprog(np.append(-every[row].astype(float), 0), **over, **equal, bounds=cap)
            if most.status == 0 and worths[row] + most.fun > best.fun - 1e-7:
                fixed[row] = best.fun
    return best.x[:n]


tables = st.integers(2, 4).flatmap(
    lambda n: st.lists(st.integers(-3, 6), min_size=2**n, max_size=2**n)
)


@pytest.mark.parametrize(
    ("estate", "shares"),
    [(100, [100 / 3] * 3), (200, [50, 75, 75]), (300, [50, 100, 150])],
)
def test_the_nucleolus_divides_estates_as_the_talmud_does(estate, shares):
    game = Formula(3, bankruptcy(estate, [100, 200, 300]))

    assert values(nucleolus, game) == pytest.approx(shares, abs=1e-9)


@both
def test_the_one_left_glove_gets_all(method):
    assert values(method, Formula(3, glove)) == pytest.approx([1, 0, 0], abs=1e-9)


@both
def test_where_the_core_is_empty_the_loss_is_spread(method):
    game = Formula(3, empty_core)

    shares = values(method, game)

    assert shares == pytest.approx([130 / 3, 100 / 3, 70 / 3], abs=1e-9)
    assert largest_excess(game, shares) == pytest.approx(10 / 3, abs=1e-9)


@pytest.mark.parametrize(("case", "worth"), [("C01", glove), ("C02", empty_core)])
def test_the_shared_cases_hold(case, worth):
    known = json.loads(CASES.read_text(encoding="utf-8"))[case]["expected"]["nucleolus"]

    found = values(nucleolus, Formula(3, worth))

    assert found == pytest.approx([float(Fraction(share)) for share in known], abs=1e-9)


def test_the_airport_charges_are_those_of_the_closed_form():
    costs = np.array([1.0, 2.0, 2.5, 4.0, 7.0, 7.0, 9.0, 10.0, 12.0])
    n = len(costs)
    charges, charged, paid = np.zeros(n), 0, 0.0
    while charged < n:  # Littlechild (1974): the least of the averages, stage by stage
        stops = range(charged + 1, n)
        averages = [(costs[s - 1] - paid) / (s - charged + 1) for s in stops]
        averages.append((costs[-1] - paid) / (n - charged))
        least = min(averages)
        until = charged + 1 + max(i for i, a in enumerate(averages) if a <= least + 1e-12)
        charges[charged:until] = least
        paid += least * (until - charged)
        charged = until

    found = values(nucleolus, Formula(n, lambda inside: -(inside * costs).max(axis=1)))

    assert -found == pytest.approx(charges, abs=1e-9)


@given(worths=tables)
@settings(max_examples=40, deadline=None)
def test_the_nucleolus_is_that_of_the_slow_way(worths):
    game = of_table(worths)

    assert values(nucleolus, game) == pytest.approx(slow_nucleolus(game), abs=1e-6)


@given(worths=tables)
@settings(max_examples=40, deadline=None)
def test_the_least_core_has_the_least_excess_and_the_evenest_shares(worths):
    game = of_table(worths)
    n = len(game.participants)
    every = every_coalition(n)[1:]
    gains = game.worth(every) - worths[0]

    shares = values(least_core, game)

    best = linprog(
        np.eye(n + 1)[n],
        A_ub=-np.column_stack([every[:-1], np.ones(len(every) - 1)]),
        b_ub=-gains[:-1],
        A_eq=[[1] * n + [0]],
        b_eq=gains[-1:],
        bounds=(None, None),
    )
    evenest = minimize(
        lambda x: (x**2).sum(),
        best.x[:n],
        constraints=[
            {"type": "eq", "fun": lambda x: x.sum() - gains[-1]},
            {"type": "ineq", "fun": lambda x: every[:-1] @ x - gains[:-1] + best.fun + 1e-9},
        ],
    )
    assert shares.sum() == pytest.approx(gains[-1], abs=1e-9)
    assert largest_excess(game, shares) == pytest.approx(best.fun, abs=1e-8)
    assert (shares**2).sum() <= (evenest.x**2).sum() + 1e-5


@both
@given(worths=tables, seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_shares_go_with_the_name_and_with_the_unit(method, worths, seed):
    game = of_table(worths)
    n = len(game.participants)
    order = np.random.default_rng(seed).permutation(n)
    moved = Formula(n, lambda inside: 1000 * game.worth(inside[:, np.argsort(order)]) + 7)

    assert values(method, moved) == pytest.approx(1000 * values(method, game)[order], abs=1e-4)


@pytest.mark.parametrize("n", [10, 14])
def test_no_division_of_a_convex_game_leaves_the_core(n):
    weights = np.random.default_rng(n).random(n)
    game = Formula(n, lambda inside: (inside @ weights) ** 2)

    for method in (least_core, nucleolus):
        assert largest_excess(game, values(method, game)) <= 1e-9


def test_one_participant_gets_everything():
    game = Formula(1, lambda inside: 2.0 + 3 * inside[:, 0])

    assert values(nucleolus, game).tolist() == values(least_core, game).tolist() == [3.0]


class Noisy(Formula):
    """A saturating game measured on rows that differ."""

    def __init__(self, rows, rng):
        super().__init__(4, None)
        self._weights = np.array([1.0, 0.6, 0.4, 0.2]) + rng.normal(0, 0.3, (rows, 4))

    def worth_by_row(self, coalitions, /):
        inside = coalitions.astype(float)
        return inside @ self._weights.T + (inside.sum(axis=1) ** 2 / 4)[:, None]

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


@both
def test_rows_give_errors_that_cover(method):
    truth = values(method, Formula(4, lambda c: Noisy(1, Fixed()).worth(c)))
    hits = []
    for seed in range(200):
        found = method(Noisy(60, np.random.default_rng([4, seed])), budget=16, seed=0)
        low, high = found.interval().T
        hits.append((low <= truth) & (truth <= high))

    assert 0.92 <= np.mean(hits) <= 0.98


class Fixed:
    """Draws of the mean."""

    def normal(self, mean, _, shape):
        return np.full(shape, mean)


class Enumerable(Formula):
    """A measured game of seventeen with a short way to all its worths."""

    def __init__(self):
        super().__init__(17, lambda inside: (inside.sum(axis=1) + 2 * inside[:, 0]) ** 2.0)

    def worth_by_row(self, coalitions, /):
        return self.worth(coalitions)[:, None] * np.array([0.9, 1.1])

    def every_worth(self):
        return self._worth(every_coalition(17))


@both
def test_a_game_that_enumerates_is_asked_only_for_the_rows_that_bind(method):
    game = Enumerable()

    found = method(game, budget=2**17, seed=0)

    assert len(game.asked) < 100
    assert found.evaluations == 2**17
    assert found.row_values == pytest.approx(np.outer(found.values, [0.9, 1.1]))


@both
def test_the_rows_values_are_divisions_of_their_own_worths(method):
    game = Noisy(9, np.random.default_rng(0))

    found = method(game, budget=16, seed=0)

    everyone = np.array([[True] * 4])
    assert found.row_values.sum(axis=0) == pytest.approx(
        (game.worth_by_row(everyone) - game.worth_by_row(~everyone))[0]
    )
    assert found.row_values.mean(axis=1) == pytest.approx(found.values)


@pytest.mark.parametrize(("n", "budget"), [(12, 200), (40, 300), (12, 26)])
def test_a_sample_keeps_its_budget_and_its_promise(n, budget):
    weights = np.random.default_rng(n).random(n)

    def worth(inside):
        return (inside @ weights) ** 1.5

    game = Formula(n, worth)
    found = least_core(game, budget=budget, seed=3)

    fresh = np.random.default_rng(1).integers(2, size=(4000, n)).astype(bool)
    everyone = np.ones((1, n), dtype=bool)
    asked = np.array(sorted(game.asked))
    heard = (worth(asked) - asked @ found.values)[asked.any(axis=1) & ~asked.all(axis=1)].max()
    over = worth(fresh) - fresh @ found.values > heard + 1e-9
    assert len(game.asked) == found.evaluations <= budget
    assert found.values.sum() == pytest.approx(worth(everyone)[0])
    assert over.mean() <= unheard(budget - 2 * n - 2, n)
    assert found.errors == "bootstrap"


@pytest.mark.parametrize(("method", "n", "needed"), [(nucleolus, 5, 32), (least_core, 5, 12)])
def test_the_budget_that_is_said_to_work_does(method, n, needed):
    game = Formula(n, lambda inside: inside.sum(axis=1) ** 2.0)

    with pytest.raises(BudgetTooSmall) as caught:
        method(game, budget=needed - 1, seed=0)

    assert caught.value.needed == needed
    assert not game.asked
    assert method(game, budget=needed, seed=0).evaluations <= needed


def test_more_draws_leave_fewer_unheard():
    assert unheard(5, 10) == 1
    assert unheard(100, 10) > unheard(1000, 10) > 0
    with pytest.raises(GameError, match="confidence"):
        unheard(10, 5, confidence=1.0)
