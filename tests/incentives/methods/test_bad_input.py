"""Whatever a method is given, it values or refuses, and says what would work."""

from __future__ import annotations

import re

import numpy as np
import pytest
from readable import readable

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives import AUTO, METHODS, value
from fedmerit.incentives.methods import SHAPLEY

OF_UPDATES = ("gradient-alignment", "cgsv")
OF_ROUNDS = ("gtg", "fedsv", "comfedsv", "group-shapley")
OF_WORTHS = [name for name in METHODS if name not in OF_UPDATES]
#: Groups of two cannot be made of one.
OF_ONE = [name for name in OF_WORTHS if name != "group-shapley"]

every = pytest.mark.parametrize("method", METHODS)
of_worths = pytest.mark.parametrize("method", OF_WORTHS)


def sound(coalitions):
    return 1 + np.sqrt(coalitions @ np.arange(1.0, coalitions.shape[1] + 1))


class Formula:
    """A game given by a function of the coalition matrix."""

    def __init__(self, n, worth=sound, names=None):
        self.participants = tuple(map(str, range(n))) if names is None else names
        self.worth = worth


class Run(Formula):
    """A game of two rounds, which shows updates."""

    def __init__(self, n, worth=sound, names=None):
        super().__init__(n, worth, names)
        rng = np.random.default_rng(n)
        self.rounds = [Formula(n, worth, names) for _ in range(2)]
        self.present = np.ones((2, n), dtype=bool)
        self.weights = np.full((2, n), 1 / max(n, 1))
        self.updates, self.gradients = rng.normal(size=(2, n, 3)), rng.normal(size=(2, 3))


def made(kind, method, n, worth=sound):
    """Make a game of a kind; of rounds, where the method reads those."""
    return readable(method, kind(n, worth)) if kind is Formula else kind(n, worth)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda asked: np.full(len(asked), np.nan), "not finite"),
        (lambda asked: np.full(len(asked), -np.inf), "not finite"),
        (lambda asked: sound(asked)[:, None], r"shape \(\d+, 1\)"),
        (lambda asked: sound(asked)[1:], r"gave shape \(\d+,\)"),
        (lambda _: 1.0, r"gave shape \(\)"),
        (lambda asked: sound(asked).astype(str), "gave <U"),
        (lambda asked: sound(asked) + 0j, "gave complex128"),
        (lambda _: None, "gave object"),
    ],
    ids=["NaN", "infinite", "a column", "one short", "a number", "text", "complex", "nothing"],
)
@pytest.mark.parametrize("kind", [Formula, Run])
@of_worths
def test_an_answer_that_breaks_the_contract_is_refused(method, kind, wrong, said):
    with pytest.raises(GameError, match=said):
        value(made(kind, method, 4, wrong), method=method, budget=40, seed=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["updates", "weights", "gradients"])
@pytest.mark.parametrize("method", OF_UPDATES)
def test_updates_that_are_not_finite_are_refused(method, name, bad):
    game = Run(4)
    getattr(game, name)[1, 2] = bad

    with pytest.raises(GameError, match=f"{name} hold"):
        value(game, method=method, budget=0, seed=0)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (np.zeros(2**17 - 1), "131071"),
        (np.zeros((2**17, 1)), "131072, 1"),
        (np.full(2**17, np.nan), "not finite"),
        (np.zeros(2**17, dtype=complex), "complex"),
    ],
    ids=["one short", "a column", "NaN", "complex"],
)
@pytest.mark.parametrize("method", ["exact", "least-core", "nucleolus"])
def test_a_whole_table_that_breaks_the_contract_is_refused(method, table, said):
    game = Formula(17)
    game.every_worth = lambda: table

    with pytest.raises(GameError, match=said):
        value(game, method=method, budget=2**17, seed=0)


def unsteady():
    rng = np.random.default_rng(0)
    return lambda asked: sound(asked) + rng.normal(size=len(asked))


@of_worths
def test_a_game_that_answers_differently_is_caught_if_the_budget_has_room(method):
    with pytest.raises(GameError, match="asked twice") as caught:
        value(readable(method, Formula(5, unsteady())), method=method, budget=40, seed=0)

    assert "RepeatedGame" in caught.value.hint


@pytest.mark.parametrize("method", OF_ROUNDS)
def test_a_round_that_answers_differently_is_caught_if_the_budget_has_room(method):
    with pytest.raises(GameError, match="asked twice"):
        value(Run(5, unsteady()), method=method, budget=80, seed=0)


@of_worths
@pytest.mark.parametrize("kind", [Formula, Run])
@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_the_budget_that_the_hint_names_works_and_one_less_does_not(method, n, kind):
    with pytest.raises(BudgetTooSmall) as caught:
        value(made(kind, method, n), method=method, budget=0, seed=3)
    named = int(re.search(r"budget=(\d+)", caught.value.hint)[1])

    with pytest.raises(BudgetTooSmall, match=f"{named - 1} evaluations.*{method} needs {named}"):
        value(made(kind, method, n), method=method, budget=named - 1, seed=3)
    found = value(made(kind, method, n), method=method, budget=named, seed=3)
    assert 0 < found.evaluations <= named
    assert found.method == method
    assert np.isfinite(found.interval()).all()


@pytest.mark.parametrize("budget", [-1, 0])
@of_worths
def test_no_budget_is_too_small_and_nothing_worse(method, budget):
    with pytest.raises(BudgetTooSmall, match=f"^{budget} evaluations"):
        value(readable(method, Formula(3)), method=method, budget=budget, seed=0)


@pytest.mark.parametrize("method", OF_ONE)
def test_one_participant_alone_is_worth_all_that_it_adds(method):
    found = value(readable(method, Formula(1)), method=method, budget=2, seed=0)

    assert found.values == pytest.approx([1.0])
    assert found.standard_errors.tolist() == [0.0]
    assert found.outranks().tolist() == [[0.5]]


def test_of_one_participant_no_groups_are_made():
    with pytest.raises(GameError, match="groups of 2 cannot be made of 1") as caught:
        value(Formula(1), method="group-shapley", budget=50, seed=0)

    assert "any other method" in caught.value.hint


def test_the_updates_of_one_participant_are_its_own():
    game = Run(1)

    assert value(game, method="cgsv", budget=0, seed=0).values.tolist() == [1.0]
    descent = -(game.updates[:, 0] * game.gradients).sum()
    aligned = value(game, method="gradient-alignment", budget=0, seed=0)
    assert aligned.values == pytest.approx([descent])


@pytest.mark.parametrize("method", OF_WORTHS)
def test_two_participants_are_valued_from_all_that_can_be_asked(method):
    alone, other, both = sound(np.array([[True, False], [False, True], [True, True]])) - 1

    found = value(readable(method, Formula(2)), method=method, budget=50, seed=0)

    assert found.evaluations <= 4
    assert np.isfinite(found.interval()).all()
    if method in SHAPLEY or method == "nucleolus":  # one standard solution for two
        gain = (both - alone - other) / 2
        assert found.values == pytest.approx([alone + gain, other + gain])


@every
@pytest.mark.parametrize(
    ("names", "said"),
    [((), "none"), (("ada", "bob", "ada"), r"repeat: \['ada'\]"), (("ada", 2, "cyd"), r"\[2\]")],
    ids=["nobody", "repeated", "not text"],
)
def test_participants_that_nobody_can_be_paid_by_are_refused(method, names, said):
    with pytest.raises(GameError, match=said):
        value(Run(len(names), names=names), method=method, budget=200, seed=0)


@pytest.mark.parametrize("method", [AUTO, *METHODS])
def test_a_negative_seed_is_refused(method):
    with pytest.raises(GameError, match="-7"):
        value(Run(3), method=method, budget=200, seed=-7)


@every
def test_a_slip_of_the_finger_is_answered_with_the_name_that_was_meant(method):
    slip = method + method[-1]

    with pytest.raises(GameError, match=slip) as caught:
        value(Run(3), method=slip, budget=200, seed=0)

    assert caught.value.hint == f"Did you mean {method!r}?"
