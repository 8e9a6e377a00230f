"""Scores read off the updates: what they equal, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import GameError
from fedmerit.federation import FreeRider, ModelSpec, RunGame, TrainingSettings, train
from fedmerit.incentives import TableGame, value
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.runs.alignment import (
    UpdatesGame,
    cgsv,
    cosines,
    gradient_alignment,
    unit,
)


class LinearRun:
    """Rounds whose validation loss is linear along the updates."""

    def __init__(self, seed=0, *, rounds=3, n=4, parameters=5, absent=()):
        rng = np.random.default_rng(seed)
        self.participants = tuple(f"m{k}" for k in range(n))
        self.present = np.ones((rounds, n), dtype=bool)
        for round_, member in absent:
            self.present[round_, member] = False
        weights = rng.random((rounds, n)) * self.present
        self.weights = weights / weights.sum(axis=1, keepdims=True)
        self.updates = rng.normal(size=(rounds, n, parameters)) * self.present[..., None]
        self.gradients = rng.normal(size=(rounds, parameters))

    def worth(self, coalitions):
        moves = np.einsum("cn,tn,tnp->ctp", coalitions * 1.0, self.weights, self.updates)
        return -(moves * self.gradients).sum(axis=(1, 2))


@given(seed=st.integers(0, 10**6))
def test_gradient_alignment_is_the_exact_shapley_value_where_the_loss_is_linear(seed):
    game = LinearRun(seed, absent=[(0, 1), (2, 3)])

    found = gradient_alignment(game, budget=0, seed=0)

    assert found.values == pytest.approx(exact(game, budget=16, seed=0).values, abs=1e-9)
    assert found.evaluations == 0
    assert found.errors == "unstated"
    assert np.isinf(found.standard_errors).all()


@given(seed=st.integers(0, 10**6))
def test_cgsv_shares_are_never_negative_and_add_up_to_one(seed):
    shares = cgsv(LinearRun(seed, rounds=6, absent=[(1, 0), (1, 2)]), budget=0, seed=0).values

    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1)


@given(seed=st.integers(0, 10**6), factor=st.floats(1e-3, 1e3))
def test_cgsv_does_not_see_how_long_an_update_is(seed, factor):
    game = LinearRun(seed)
    before = cgsv(game, budget=0, seed=0).values

    game.updates[:, 0] *= factor

    assert cgsv(game, budget=0, seed=0).values == pytest.approx(before, abs=1e-9)


def test_a_round_of_cgsv_is_the_papers_step():
    game = LinearRun(rounds=1, n=3, parameters=2)
    game.updates = np.array([[[2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]])

    shares = cgsv(game, budget=0, seed=0).values

    together = np.array([1, 2]) / np.sqrt(5)  # of unit vectors with equal shares
    moved = 0.95 / 3 + 0.05 * together[[0, 1, 1]]
    assert shares == pytest.approx(moved / moved.sum())


def test_cgsv_leaves_the_share_of_a_member_that_is_away_for_a_round():
    game = LinearRun(rounds=2, n=4, absent=[(0, 3), (1, 0), (1, 1), (1, 2)])

    assert cgsv(game, budget=0, seed=0).values[3] == pytest.approx(1 / 4)


def test_cgsv_gives_nothing_to_a_member_that_was_never_there_and_the_rest_to_others():
    game = LinearRun(rounds=2, n=4, absent=[(0, 3), (1, 3)])

    shares = cgsv(game, budget=0, seed=0).values

    assert shares[3] == 0
    assert shares.sum() == pytest.approx(1)
    game.present[:] = False
    assert not cgsv(game, budget=0, seed=0).values.any()


def test_cosines_survive_sizes_whose_squares_do_not_fit_and_zeros():
    rows = np.array([[3e200, 4e200], [3e-200, 4e-200], [0.0, 0.0]])

    assert cosines(rows, np.array([0.0, 1e-300])) == pytest.approx([0.8, 0.8, 0])
    assert unit(rows)[0] == pytest.approx([0.6, 0.8])


def test_a_game_without_updates_is_refused_with_the_way_out():
    with pytest.raises(GameError, match="TableGame shows none") as caught:
        gradient_alignment(TableGame(("a",), {}), budget=1, seed=0)

    assert "training run" in caught.value.hint


@pytest.mark.parametrize("name", ["weights", "present", "gradients"])
def test_arrays_that_do_not_fit_the_updates_are_refused(name):
    game = LinearRun()
    setattr(game, name, getattr(game, name)[:-1])

    with pytest.raises(GameError, match=f"{name} of shape"):
        cgsv(game, budget=0, seed=0)


def test_a_real_runs_alignment_is_near_its_round_games_values(make_run):
    record, federation = make_run
    game = RunGame(record, federation)

    aligned = gradient_alignment(game, budget=0, seed=0)

    assert isinstance(game, UpdatesGame)
    shapley = value(game, method="exact", budget=16, seed=0)
    assert aligned.values == pytest.approx(shapley.values, rel=0.1, abs=1e-3)
    assert aligned.values[3] == 0  # the free-rider
    assert aligned.row_values is None


@pytest.fixture
def make_run():
    """A run in steps so short that the loss is nearly linear along them."""
    from fedmerit.federation import Partition, Role, federate, load_builtin  # noqa: PLC0415 - torch

    made = federate(
        load_builtin("digits"),
        seed=1,
        partition=Partition(participants=3, recipe="iid"),
        roles=[Role(name="rider", behaviour=FreeRider())],
    )
    short = TrainingSettings(rounds=2, local_epochs=1, learning_rate=0.005, tolerance=0.0)
    return train(made, ModelSpec(), short, seed=1), made
