"""Encrypted regression is plain regression. Keys are short but for one test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fedmerit.errors import DataError, TrainingError
from fedmerit.federation.vertical.regression.regression import (
    descend,
    joined,
    plain_regression,
    train_regression,
)
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.yardstick import joined_scores

QUICK = RegressionSettings(epochs=2, batch_size=16, learning_rate=0.3, tolerance=0, key_bits=512)


def agrees_with_its_twin(made, settings):
    found = train_regression(made, settings, seed=3)
    weights, scores = plain_regression(made, settings, seed=3)
    assert set(found.weights) == set(made.participants)
    gaps = [np.abs(found.weights[name] - own).max(initial=0) for name, own in weights.items()]
    assert max(gaps) < 1e-4
    assert np.abs(found.scores - scores).max() < 1e-3
    assert np.abs(scores).max() > 0.1
    return found, max(gaps)


@pytest.mark.parametrize("coordinator", ["third party", "label holder"])
@pytest.mark.parametrize("widths", [(2, 3), (0, 2), (1, 2, 2), (2, 1, 1, 3)])
@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_weights_are_those_of_the_plain_twin(make_task, coordinator, widths, kind):
    settings = replace(QUICK, coordinator=coordinator, kind=kind, learning_rate=0.2, l2=0.01)

    _, gap = agrees_with_its_twin(make_task(*widths, kind=kind), settings)

    assert gap < 1e-4


@pytest.mark.parametrize("coordinator", ["third party", "label holder"])
@pytest.mark.parametrize("widths", [(2, 3), (1, 2, 2)])
def test_an_exact_sigmoid_gives_the_exact_twins_weights(make_task, coordinator, widths):
    settings = replace(QUICK, coordinator=coordinator, sigmoid="exact", key_bits=1024)

    _, gap = agrees_with_its_twin(make_task(*widths, rows=20), settings)

    assert gap < 1e-4


@pytest.mark.parametrize("sigmoid", ["taylor", pytest.param("exact", marks=pytest.mark.slow)])
def test_keys_of_full_length_give_the_same(make_task, sigmoid):
    settings = replace(QUICK, epochs=1, batch_size=8, key_bits=2048, sigmoid=sigmoid)

    _, gap = agrees_with_its_twin(make_task(2, 3, rows=8), settings)

    assert gap < 1e-4


def overlapping(make_task):
    """Give columns of which one party's are the same but for a little, and one a sum of others."""
    made = make_task(2, 3, rows=200)
    bank = made.parties[1]
    for rows in (bank.training, bank.held_out):
        rows[:, 1] = rows[:, 0] + 0.05 * rows[:, 1]
        rows[:, 2] = rows[:, 0] + rows[:, 1]
    return made


@pytest.mark.parametrize("coordinator", ["third party", "label holder"])
def test_columns_made_uncorrelated_give_the_twins_weights_of_the_columns_as_they_were(
    make_task, coordinator
):
    settings = replace(QUICK, coordinator=coordinator, whiten=True, batch_size=200, l2=0.01)

    _, gap = agrees_with_its_twin(overlapping(make_task), settings)

    assert gap < 1e-4


def test_columns_made_uncorrelated_need_few_epochs_and_as_they_were_they_need_many(make_task):
    made = overlapping(make_task)
    settings = replace(QUICK, whiten=True, batch_size=200, epochs=6, learning_rate=3.0)
    fitted = joined_scores(made, settings, seed=0)

    def off(asked):
        return np.abs(plain_regression(made, asked, seed=0)[1] - fitted).max()

    assert off(settings) < 0.01
    assert off(replace(settings, whiten=False, learning_rate=0.3, epochs=60)) > 0.1


@pytest.mark.parametrize("sigmoid", ["taylor", "exact"])
@pytest.mark.parametrize("whiten", [False, True])
def test_the_yardstick_is_where_descent_ends(make_task, sigmoid, whiten):
    settings = replace(
        QUICK, sigmoid=sigmoid, whiten=whiten, batch_size=200, epochs=800, l2=0.05, learning_rate=1
    )
    made = make_task(2, 3, rows=200)

    found = plain_regression(made, settings, seed=0)[1]

    assert joined_scores(made, settings, seed=0) == pytest.approx(found, abs=1e-3)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_the_stated_rate_is_where_columns_made_uncorrelated_begin_to_diverge(make_task, l2):
    made, levels = make_task(2, 3, rows=200), np.random.default_rng(0).integers(0, 2, 200)
    training = np.eye(2)[levels]  # the intercept's ones and both parties' levels: one direction
    rows = joined([training, training])
    most = 2 / (3 / 4 + l2)

    def ends(rate):
        settings = replace(QUICK, whiten=True, batch_size=200, epochs=4000, l2=l2)
        slow = replace(settings, learning_rate=rate)
        return np.abs(descend(rows, made.labels, slow, seed=0, owners=[2, 2])).max()

    assert ends(0.99 * most) == pytest.approx(ends(0.5 * most), rel=1e-3)
    assert l2 or ends(1.05 * most) > 1e6


def test_training_ends_when_no_party_moves(make_task):
    settings = replace(QUICK, epochs=30, batch_size=64, learning_rate=1.0, tolerance=0.05)

    found, _ = agrees_with_its_twin(make_task(1, 1), settings)

    assert 2 < found.epochs < 30


def test_both_forms_and_any_run_have_the_same_weights_to_the_last_bit(make_task):
    runs = [
        train_regression(make_task(1, 2, 2), replace(QUICK, coordinator=form), seed=3)
        for form in ("third party", "label holder", "label holder")
    ]

    for run in runs[1:]:
        assert all(np.array_equal(run.weights[n], runs[0].weights[n]) for n in run.weights)
    assert len({run.transcript.root for run in runs}) == 3


def test_features_beyond_the_range_are_refused_with_their_owner(make_task):
    made = make_task(1, 1)
    made.parties[1].training[3] = 5000

    with pytest.raises(TrainingError, match="bank's columns reach 5000, beyond the 1024"):
        train_regression(made, QUICK, seed=0)


def test_a_training_that_diverges_is_stopped_before_it_overflows(make_task):
    made = make_task(1, 1)
    made.parties[1].training[:] *= 100

    with pytest.raises(TrainingError, match=r"linear predictors reach .* beyond"):
        train_regression(made, replace(QUICK, epochs=9, learning_rate=10.0), seed=0)


def test_an_exact_sigmoid_refuses_keys_that_are_too_short(make_task):
    with pytest.raises(TrainingError, match="more than 763 bits, not 512"):
        train_regression(make_task(1, 1), replace(QUICK, sigmoid="exact"), seed=0)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"learning_rate": 0}, {"l2": -1}])
def test_settings_that_train_nothing_are_refused(wrong):
    with pytest.raises(TrainingError):
        replace(QUICK, **wrong)


def test_rows_that_are_not_aligned_are_refused(make_task):
    made = make_task(1, 1)
    bank = replace(made.parties[1], training=made.parties[1].training[1:])

    with pytest.raises(DataError, match=r"bank has \(39, 10\) rows"):
        replace(made, parties=(made.parties[0], bank))


def test_one_party_is_no_federation(make_task):
    made = make_task(1, 1)

    with pytest.raises(DataError, match="needs two of different names"):
        replace(made, parties=made.parties[:1])


def test_batches_so_small_that_gradients_tell_labels_are_refused(make_task):
    with pytest.raises(TrainingError, match="over 2 rows tells bank, with its 3 columns"):
        train_regression(make_task(0, 3), replace(QUICK, batch_size=3), seed=0)
    with pytest.raises(TrainingError, match="over 2 rows tells shop, with its 4 columns"):
        train_regression(make_task(3, 1), replace(QUICK, batch_size=3), seed=0)
