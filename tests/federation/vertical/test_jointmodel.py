"""Parts of a model, put together or shown: the same scores, and no column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fedmerit.federation import ModelSpec
from fedmerit.federation.vertical.regression.parts import show_parts
from fedmerit.federation.vertical.regression.regression import train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.jointmodel import joint_network
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.vertical.yardstick import joined_scores, measured, untrained

NETWORKS = SplitSettings(
    bottom=ModelSpec(kind="mlp", hidden=(3,)),
    width=2,
    epochs=2,
    batch_size=20,
    learning_rate=0.5,
    key_bits=512,
)
REGRESSION = RegressionSettings(epochs=2, batch_size=20, learning_rate=0.3, key_bits=512)


@pytest.mark.parametrize("forward", ["plain", "encrypted"])
@pytest.mark.parametrize("widths", [(2, 1, 2), (0, 2, 1)])
def test_networks_put_together_give_the_scores_of_the_run(forward, widths, make_task):
    made = make_task(*widths)
    settings = replace(NETWORKS, forward=forward)
    found = train_split(made, settings, seed=3)

    scores = joint_network(made, settings, found.bottoms, seed=3)

    rows = np.column_stack([columns.held_out for columns in made.parties])
    assert np.allclose(scores(rows), found.scores, atol=1e-4)


def test_shown_parts_add_up_to_the_mean_score_for_each_is_the_mean_of_its_step(make_task):
    made = make_task(2, 1, 2)
    found = train_regression(made, REGRESSION, seed=3)

    shown = show_parts(made, found.weights)

    parts = shown.results["shop"]
    total = sum(training for training, _ in parts.values()).ravel()
    scores = sum(
        columns.training @ found.weights[columns.party][: len(columns.names)]
        for columns in made.parties
    )
    assert set(parts) == {"shop", "bank", "noise"}
    assert total.mean() == pytest.approx(scores.mean(), abs=1e-6)
    assert np.corrcoef(total, scores)[0, 1] > 0.7
    assert len(np.unique(parts["bank"][0])) == 2
    assert shown.results["bank"] == {}
    assert {entry.receiver for entry in shown.transcript.entries} == {"shop"}


@pytest.mark.parametrize("settings", [REGRESSION, NETWORKS], ids=["regression", "networks"])
def test_the_joined_tables_model_is_better_than_the_labels_alone(settings, make_task):
    made = make_task(2, 3, rows=300, held_out=200)

    joined = measured(made.held_out_labels, joined_scores(made, settings, seed=3))
    alone = measured(made.held_out_labels, untrained(made, settings))

    assert joined.area > 0.8 > alone.area == 0.5
    assert joined.log_likelihood > alone.log_likelihood


def test_measures_are_those_of_their_definitions():
    labels, scores = np.array([0.0, 1.0, 1.0, 0.0]), np.array([-1.0, 2.0, -3.0, 0.5])

    found = measured(labels, scores)

    p = 1 / (1 + np.exp(-scores))
    assert found.log_likelihood == pytest.approx(np.log(np.where(labels == 1, p, 1 - p)).mean())
    assert found.accuracy == 0.5
    assert found.area == roc_auc_score(labels, scores)
