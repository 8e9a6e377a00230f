"""One seed gives the same numbers to the last bit, however the work was shared out or kept."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from readable import readable
from threadpoolctl import threadpool_limits

from fedmerit.federation import (
    Faulty,
    Federation,
    FreeRider,
    Honest,
    Member,
    ModelSpec,
    RetrainingGame,
    RoundGame,
    RunGame,
    TrainingSettings,
    train,
)
from fedmerit.incentives import METHODS, CachedGame, value
from fedmerit.incentives.methods.enumeration import every_coalition

OF_UPDATES = ("gradient-alignment", "cgsv")
OF_ROUNDS = ("gtg", "fedsv", "comfedsv", "group-shapley")
FITTED = ("gp", "trees", "surrogate")
OF_WORTHS = [name for name in METHODS if name not in OF_UPDATES]
N = 6
#: Below 2**6, so that samplers sample; what must see everything has its way.
BUDGET = {"exact": 64, "nucleolus": 64}
MLP = ModelSpec(kind="mlp", hidden=(5,))
QUICK = TrainingSettings(
    rounds=2, local_epochs=1, batch_size=8, learning_rate=0.1, momentum=0.5, tolerance=0.0
)


def member(name, rows, behaviour=None):
    rng = np.random.default_rng([*name.encode()])
    return Member(
        name=name,
        features=rng.normal(size=(rows, 4)).astype(np.float32),
        labels=rng.integers(3, size=rows),
        declared_rows=max(1, rows),
        behaviour=behaviour or Honest(),
    )


@cache
def federation():
    judge = member("judge", 30)
    return Federation(
        name="six",
        members=(
            *(member(f"m{k}", 5 + 9 * k) for k in range(4)),
            member("rider", 7, FreeRider()),
            member("broken", 7, Faulty("nan")),
        ),
        classes=("a", "b", "c"),
        feature_names=tuple("wxyz"),
        validation_features=judge.features,
        validation_labels=judge.labels,
        validation_owners=np.zeros(30, dtype=np.int64),
    )


@cache
def record():
    return train(federation(), MLP, QUICK, seed=3)


def retraining(workers):
    return RetrainingGame(federation(), MLP, QUICK, rounds=2, seed=3, workers=workers)


@cache
def warm(workers):
    """Give a cache that was asked for everything, in an odd order and in odd batches."""
    cached = CachedGame(retraining(workers), batch=7)
    cached.lookup(np.random.default_rng(workers).permutation(every_coalition(N)))
    return cached


def bits(result):
    """Give all the numbers of a valuation, so that lists can be compared."""
    rows = () if result.row_values is None else result.row_values.tolist()
    trace = [(at.evaluations, *at.values, *at.standard_errors) for at in result.trace]
    covariance, degrees = result.sampling_covariance.tolist(), result.sampling_degrees
    return result.values.tolist(), covariance, degrees, rows, result.evaluations, trace


def valued(method, game):
    return bits(
        value(readable(method, game), method=method, budget=BUDGET.get(method, 54), seed=11)
    )


@pytest.mark.parametrize("method", OF_WORTHS)
def test_values_of_retraining_do_not_depend_on_workers_or_on_what_a_cache_knows(method):
    cold = valued(method, retraining(1))

    assert valued(method, warm(2)) == cold
    assert valued(method, warm(4)) == cold


def test_workers_train_and_measure_the_same_worths():
    coalitions = every_coalition(N)

    alone, *shared = (retraining(workers).worth_by_row(coalitions) for workers in (1, 2, 4))

    assert len(np.unique(alone, axis=0)) > 10
    assert all(worths.tobytes() == alone.tobytes() for worths in shared)
    assert warm(2).lookup(coalitions).tobytes() == alone.tobytes()


@pytest.fixture
def threads():
    """Set torch's threads, and put them back in the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("method", [*OF_ROUNDS, *OF_UPDATES])
def test_values_of_a_run_do_not_depend_on_how_many_threads_measure_it(method, threads):
    found = []
    for count in (1, 2, 4):
        threads(count)
        found.append(valued(method, RunGame(record(), federation())))

    assert found[0] == found[1] == found[2]


class Warm:
    """A run each of whose rounds was asked for everything before."""

    def __init__(self, run):
        self.participants, self.present = run.participants, run.present
        self.rounds = [CachedGame(round_, batch=5) for round_ in run.rounds]
        for round_ in self.rounds:
            round_.lookup(every_coalition(N)[::-1])

    def worth(self, coalitions, /):
        return np.sum([round_.worth(coalitions) for round_ in self.rounds], axis=0)


@pytest.mark.parametrize("method", OF_ROUNDS)
def test_values_of_a_run_do_not_depend_on_what_was_asked_before(method):
    run = RunGame(record(), federation())

    assert valued(method, Warm(run)) == valued(method, run)


@pytest.mark.parametrize("options", [{}, {"weights": "renormalised"}, {"metric": "accuracy"}])
def test_a_rounds_worths_do_not_depend_on_threads_or_on_the_batch(options, threads):
    coalitions = every_coalition(N)
    whole = RoundGame(record(), 1, federation(), **options).worth_by_row(coalitions)

    for count in (1, 2, 4):
        threads(count)
        game = RoundGame(record(), 1, federation(), **options)
        parts = [game.worth_by_row(part) for part in np.array_split(coalitions, 2 * count + 1)]
        assert np.vstack(parts).tobytes() == whole.tobytes()


class Curved:
    """A game of seven by a formula, measured on rows."""

    participants = tuple(map(str, range(7)))
    gains = np.random.default_rng(1).gamma(2, 0.2, size=(7, 5))

    def worth_by_row(self, coalitions, /):
        return 1 - np.exp(-(coalitions[:, :, None] * self.gains).sum(axis=1))

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


@pytest.mark.parametrize("method", OF_WORTHS)
def test_values_do_not_depend_on_the_threads_of_linear_algebra(method):
    dear = {
        "exact": 128,
        "nucleolus": 128,
        "least-core": 30,
        "gp": 60,
        "trees": 60,
        "surrogate": 60,
    }

    found = []
    for count in (1, 4):
        with threadpool_limits(count):
            game, budget = readable(method, Curved()), dear.get(method, 100)
            found.append(bits(value(game, method=method, budget=budget, seed=2)))

    assert found[0] == found[1]


@pytest.mark.parametrize("method", OF_WORTHS)
def test_values_do_not_depend_on_how_many_coalitions_are_asked_for_at_once(method):
    known = CachedGame(Curved())
    budget = {"exact": 128, "nucleolus": 128, "stratified": 100}.get(method, 40)

    straight = value(readable(method, Curved()), method=method, budget=budget, seed=2)

    batched = readable(method, CachedGame(known, batch=6))
    again = value(batched, method=method, budget=budget, seed=2)
    assert bits(again) == bits(straight)
    assert known.evaluations == straight.evaluations
