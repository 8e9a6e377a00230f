"""Groups hide their members, and tell less of them the larger they are."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.runs.groups import grouped, grouping, privacy_curve
from fedmerit.streams import generator

N = 9
NAMES = tuple(f"p{i}" for i in range(N))
WEIGHTS = np.linspace(0.05, 0.8, N)


class Saturating:
    participants = NAMES

    def __init__(self, scale=1.0):
        self.scale = scale
        self.asked = set()

    def worth(self, coalitions, /):
        self.asked |= {tuple(row) for row in coalitions.tolist()}
        return self.scale * (1 - np.exp(-(coalitions @ WEIGHTS)))


class Run:
    participants = NAMES

    def __init__(self, rounds=6):
        self.rounds = [Saturating(1 + at) for at in range(rounds)]
        self.present = np.random.default_rng(0).random((rounds, N)) < 0.8
        for round_, here in zip(self.rounds, self.present, strict=True):
            inner = round_.worth
            round_.worth = lambda coalitions, inner=inner, here=here: inner(coalitions & here)

    def worth(self, coalitions, /):
        return np.sum([round_.worth(coalitions) for round_ in self.rounds], axis=0)


def is_union(coalition, groups):
    return all(inside.all() or not inside.any() for inside in (coalition[g] for g in groups))


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("budget", [40, 300])
def test_only_whole_groups_are_ever_asked_for(monkeypatch, size, budget):
    drawn = []

    def remembering(*arguments):
        drawn.append(grouping(*arguments))
        return drawn[-1]

    monkeypatch.setattr("fedmerit.incentives.methods.runs.groups.grouping", remembering)
    game = Saturating()

    grouped(game, budget=budget, seed=0, group_size=size)

    assert len(drawn) > 1
    for coalition in map(np.array, game.asked):
        assert any(is_union(coalition, groups) for groups in drawn)


def test_with_rounds_each_round_is_grouped_once(monkeypatch):
    drawn = []

    def remembering(*arguments):
        drawn.append(grouping(*arguments))
        return drawn[-1]

    monkeypatch.setattr("fedmerit.incentives.methods.runs.groups.grouping", remembering)
    run = Run()

    found = grouped(run, budget=500, seed=0)

    assert len(drawn) == len(run.rounds)
    for round_, groups in zip(run.rounds, drawn, strict=True):
        assert all(is_union(np.array(coalition), groups) for coalition in round_.asked)
    assert sum(len(round_.asked) for round_ in run.rounds) == found.evaluations <= 500
    assert (found.standard_errors > 0).all()


@pytest.mark.parametrize(("present", "size", "sizes"), [(9, 2, 4), (9, 4, 2), (3, 4, 1), (8, 4, 2)])
def test_no_group_is_smaller_than_it_should_be(present, size, sizes):
    here = np.arange(N) < present

    groups = grouping(generator(0, "test"), here, size)

    assert len(groups) == sizes
    assert groups.sum(axis=0).tolist() == here.astype(int).tolist()
    assert groups.sum(axis=1).min() >= min(size, present)


def test_values_add_up_whatever_the_groups():
    for size in range(1, N + 1):
        found = grouped(Saturating(), budget=120, seed=4, group_size=size)

        assert found.values.sum() == pytest.approx(1 - np.exp(-WEIGHTS.sum()), abs=1e-12)


def test_groups_of_one_meet_the_shapley_values():
    found = grouped(Saturating(), budget=400, seed=0, group_size=1)

    truth = exact(Saturating(), budget=512, seed=0).values
    assert np.abs(found.values - truth).max() < 4 * found.standard_errors.max()


def test_one_group_of_all_shares_evenly_at_two_evaluations():
    found = grouped(Saturating(), budget=2, seed=0, group_size=N)

    assert found.evaluations == 2
    assert found.values == pytest.approx(np.full(N, found.values.mean()))
    assert found.standard_errors.tolist() == [0.0] * N


def test_larger_groups_tell_less():
    curve = privacy_curve(Saturating(), budget=512, seed=1, sizes=[1, 2, 4, 9])

    errors = [point.relative_error for point in curve]
    assert errors == sorted(errors)
    assert curve[0].relative_error < 0.01 < curve[-1].relative_error
    assert [point.group_size for point in curve] == [1, 2, 4, 9]
    assert curve[0].rank_correlation > 0.9
    assert curve[-1].rank_correlation == 0
    assert all(point.evaluations <= 512 for point in curve)


@pytest.mark.slow
def test_intervals_cover_the_draw_of_the_groups():
    def run(seed, budget):
        return grouped(Saturating(), budget=budget, seed=seed, group_size=3)

    truth = np.mean([run(seed, 500).values for seed in range(1000, 1040)], axis=0)
    hits = []
    for seed in range(200):
        low, high = run(seed, 150).interval().T
        hits.append((low <= truth) & (truth <= high))

    assert 0.92 <= np.mean(hits) <= 0.98


@pytest.mark.parametrize(("size", "needed"), [(1, 34), (2, 14), (3, 10), (9, 2)])
def test_the_budget_that_is_said_to_work_does(size, needed):
    game = Saturating()

    with pytest.raises(BudgetTooSmall) as caught:
        grouped(game, budget=needed - 1, seed=0, group_size=size)

    assert caught.value.needed == needed
    assert not game.asked
    found = grouped(game, budget=needed, seed=0, group_size=size)
    assert len(game.asked) == found.evaluations <= needed


@pytest.mark.parametrize("size", [0, 10])
def test_groups_that_cannot_be_made_are_refused(size):
    with pytest.raises(GameError, match=str(size)):
        grouped(Saturating(), budget=100, seed=0, group_size=size)
