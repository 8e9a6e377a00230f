"""Metrics that are no means over rows: what scikit-learn gives, and jackknife numbers by row."""

from __future__ import annotations

import sys
from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from fedmerit.errors import GameError
from fedmerit.federation import METRICS, ModelSpec, RetrainingGame, RunGame, network, train
from fedmerit.federation.batched.measure import metric_of
from fedmerit.federation.batched.whole import (
    area,
    areas,
    average_precision,
    f1,
    pseudo_rows,
)
from fedmerit.federation.data.quantities import Quantity
from fedmerit.incentives import value

THEIRS = {
    "auc": (area, roc_auc_score),
    "f1": (f1, lambda positive, scores: f1_score(positive, scores > 0, zero_division=0)),
    "average-precision": (average_precision, average_precision_score),
}
WHOLE = pytest.mark.parametrize("name", THEIRS)


def drawn(seed):
    """Give labels and scores, of which some tie, and some all do."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(4, 25))
    positive = np.arange(rows) < rng.integers(2, rows - 1)
    scores = rng.normal(size=rows) + positive
    return rng.permutation(positive), np.round(scores, int(rng.integers(-1, 4)))


@WHOLE
@pytest.mark.parametrize("seed", range(60))
def test_a_metric_and_what_it_is_without_each_row_are_scikit_learns(name, seed):
    ours, theirs = THEIRS[name]
    positive, scores = drawn(seed)

    whole, without = ours(positive, scores)

    assert whole == pytest.approx(theirs(positive, scores))
    rows = range(len(scores))
    left = [theirs(np.delete(positive, row), np.delete(scores, row)) for row in rows]
    assert without == pytest.approx(left)


@WHOLE
def test_the_mean_of_the_rows_is_the_metric_and_their_error_the_jackknifes(name):
    whole, without = THEIRS[name][0](*drawn(3))

    rows = pseudo_rows(whole, without)

    n = len(rows)
    assert rows.mean() == pytest.approx(whole)
    jackknife = (n - 1) / n * ((without - without.mean()) ** 2).sum()
    assert rows.var(ddof=1) / n == pytest.approx(jackknife)


def test_the_error_of_an_area_is_about_delongs():
    rng = np.random.default_rng(2)
    positive = rng.random(3000) < 0.3
    scores = rng.normal(size=3000) + positive
    ones, zeros = scores[positive], scores[~positive]
    above = (ones[:, None] > zeros).astype(float)
    delong = above.mean(1).var(ddof=1) / len(ones) + above.mean(0).var(ddof=1) / len(zeros)

    rows = pseudo_rows(*area(positive, scores))

    assert rows.var(ddof=1) / 3000 == pytest.approx(delong, rel=0.01)


@WHOLE
def test_one_row_of_a_class_is_refused_since_none_is_left_without_it(name):
    with pytest.raises(GameError, match="1 and 3 validation rows of the two classes"):
        THEIRS[name][0](np.array([True, False, False, False]), np.arange(4.0))


def test_areas_of_one_class_alone_are_no_number():
    assert np.isnan(areas(np.ones(4, dtype=np.int64), np.zeros((2, 4)))).all()


# As the worth of a game


@pytest.fixture
def two(make_federation, make_member):
    sizes = {"ada": 30, "bob": 18, "cyd": 25}
    members = [make_member(name, rows, classes=2) for name, rows in sizes.items()]
    return make_federation(*members, classes=2)


def by_hand(federation, models, before, metric):
    """Give what members of three are worth, by all orders of joining, from models' scores."""
    built = network(federation, ModelSpec(), seed=3, device="cpu")
    rows = torch.from_numpy(federation.validation_features)
    labels = federation.validation_labels == 1

    def measured(parameters):
        logits = built.logits(torch.from_numpy(parameters)[None], rows)[0].double().numpy()
        return metric(labels, logits[:, 1] - logits[:, 0])

    worth = {coalition: measured(each) - measured(before) for coalition, each in models.items()}
    worth[()] = 0.0
    values = np.zeros(3)
    for order in permutations(range(3)):
        for place, member in enumerate(order):
            held = tuple(sorted(order[:place]))
            values[member] += worth[tuple(sorted((*held, member)))] - worth[held]
    return values / factorial(3)


@WHOLE
def test_values_of_retrained_coalitions_are_those_by_hand(two, quick, name):
    game = RetrainingGame(two, ModelSpec(), quick, rounds=3, seed=3, metric=name)
    sets = [held for size in (1, 2, 3) for held in combinations(range(3), size)]
    inside = np.array([[k in held for k in range(3)] for held in sets])
    models = dict(zip(sets, game.models(inside).numpy(), strict=True))
    untrained = network(two, ModelSpec(), seed=3, device="cpu").initial.numpy()

    found = value(game, method="exact", budget=8, seed=0)

    assert found.values == pytest.approx(by_hand(two, models, untrained, THEIRS[name][1]), abs=2e-6)
    assert (found.standard_errors > 0).all()


@WHOLE
def test_values_of_a_recorded_round_are_those_by_hand(two, quick, name):
    record = train(two, ModelSpec(), quick, seed=3)
    game = RunGame(record, two, metric=name).rounds[1]
    of = record.rounds[1]
    sets = [held for size in (1, 2, 3) for held in combinations(range(3), size)]
    models = {
        held: (of.global_before + of.weights[list(held)] @ of.updates[list(held)]).astype("f4")
        for held in sets
    }

    found = value(game, method="exact", budget=8, seed=0)

    assert found.values == pytest.approx(
        by_hand(two, models, of.global_before, THEIRS[name][1]), abs=2e-6
    )


@pytest.mark.parametrize("name", [n for n in METRICS if n != "squared-error"])
def test_everyone_gains_over_the_rounds_what_the_run_did(two, quick, name):
    record = train(two, ModelSpec(), quick, seed=3)
    everyone = np.ones((1, 3), dtype=np.bool_)
    by_rounds = RunGame(record, two, metric=name).worth(everyone)[0]
    anew = RetrainingGame(two, ModelSpec(), quick, rounds=3, seed=3, metric=name)

    assert anew.worth(everyone)[0] == pytest.approx(by_rounds, abs=1e-5)


def test_metrics_of_two_classes_are_refused_for_three(ragged, quick):
    with pytest.raises(GameError, match="'auc' is for two classes"):
        RetrainingGame(ragged, ModelSpec(), quick, rounds=3, seed=3, metric="auc")


# A function of one's own


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a module of metrics, and give what imports one of them."""
    (tmp_path / "ownmetrics.py").write_text(
        "import numpy as np\n"
        "from sklearn.metrics import roc_auc_score\n"
        "def ranked(labels, scores):\n    return roc_auc_score(labels, scores)\n"
        "def wide(labels, scores):\n    return float(scores.shape[1])\n"
        "def mean(labels, scores):\n    return float(labels.mean() - scores.mean())\n"
        "def huge(labels, scores):\n    return 1e6\n"
        "def nothing(labels, scores):\n    return np.nan\n"
        "def failing(labels, scores):\n    raise RuntimeError('no such thing')\n"
        "constant = 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ownmetrics", raising=False)
    return lambda name: f"ownmetrics:{name}"


def test_a_function_of_ones_own_is_worth_what_it_says(two, quick, own):
    coalitions = np.array([[1, 0, 1], [1, 1, 1]], dtype=np.bool_)
    ours, theirs = (
        RetrainingGame(two, ModelSpec(), quick, rounds=3, seed=3, metric=metric)
        for metric in ("auc", own("ranked"))
    )

    assert theirs.worth_by_row(coalitions) == pytest.approx(ours.worth_by_row(coalitions), abs=2e-6)


def test_a_function_of_ones_own_gets_probabilities_of_more_classes(ragged, own):
    logits = torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.from_numpy(ragged.validation_labels)

    assert metric_of(own("wide"), ragged)(logits, labels) == pytest.approx(3.0)


def test_a_function_of_ones_own_gets_a_quantity_in_its_own_unit(own):
    scale = Quantity(name="price", mean=100.0, deviation=20.0)
    predictions, labels = torch.tensor([[[0.5], [-0.5]]]), torch.tensor([1.0, 2.0])

    class Quantified:
        quantity = scale

    rows = metric_of(own("mean"), Quantified())(predictions, labels)

    assert rows.mean() == pytest.approx(130 - 100)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("huge", "gave 1000000.0"),
        ("nothing", "gave nan"),
        ("failing", "failed on 39 validation rows: no such thing"),
        ("constant", "is no Python function"),
        ("absent", "cannot be imported"),
    ],
)
def test_a_function_that_is_none_or_gives_no_number_is_refused(two, quick, own, name, message):
    with pytest.raises(GameError, match=message):
        RetrainingGame(two, ModelSpec(), quick, rounds=3, seed=3, metric=own(name)).worth_by_row(
            np.ones((1, 3), dtype=np.bool_)
        )
