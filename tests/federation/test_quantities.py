"""Labels that are a quantity: their scale, their loss, what models gain on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score, root_mean_squared_error

from fedmerit.errors import DataError, GameError, TrainingError
from fedmerit.federation import (
    LabelFlip,
    ModelSpec,
    Partition,
    RetrainingGame,
    Role,
    RoundGame,
    RunGame,
    Table,
    TrainingSettings,
    federate,
    network,
    train,
)
from fedmerit.federation.horizontal.descent import Chained, Mapped, Step

MODELS = {
    "linear": ModelSpec(kind="linear"),
    "narrow": ModelSpec(kind="mlp", hidden=(3,)),
    "deep": ModelSpec(kind="mlp", hidden=(8, 5)),
}
QUICK = TrainingSettings(rounds=3, local_epochs=2, batch_size=8, learning_rate=0.05, tolerance=0.0)


def table(rows=120, *, scale=1.0, shift=0.0, members=3):
    rng = np.random.default_rng(7)
    features = rng.normal(size=(rows, 3))
    labels = features @ np.array([2.0, -1.0, 0.5]) + rng.normal(scale=0.7, size=rows)
    return Table(
        name="made up",
        features=pd.DataFrame(features, columns=["a", "b", "c"]),
        labels=shift + scale * labels,
        classes=(),
        participants=tuple(f"owner {k}" for k in range(members)),
        owners=np.arange(rows) % members,
        label="price",
    )


@pytest.fixture
def quantified():
    return federate(table(), seed=3)


def observed(federation, models, spec):
    """Give each model's predictions of the validation rows."""
    built = network(federation, spec, seed=0, device="cpu")
    rows = torch.from_numpy(federation.validation_features)
    return built.logits(torch.from_numpy(models), rows).double().numpy()[..., 0]


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_a_step_written_out_goes_where_the_automatic_gradient_goes(quantified, spec):
    built = network(quantified, spec, seed=0, device="cpu")
    stream = torch.Generator().manual_seed(1)
    models = torch.randn(2, 9, len(built.initial), generator=stream)
    rows, labels = torch.randn(2, 16, 3, generator=stream), torch.randn(2, 16, generator=stream)
    weights = torch.full((2, 16), 1 / 16)
    ended = {}
    for way in (Chained(built.widths), Mapped(built)):
        ready = way.ready(rows.flatten(0, 1)).unflatten(0, labels.shape)
        ended[way] = way.descend(models.clone(), [Step(ready, labels, weights)] * 3, QUICK)

    ours, automatic = ended.values()
    assert torch.allclose(ours, automatic, atol=1e-5)


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_a_gain_is_that_of_a_normal_log_likelihood(quantified, spec):
    record = train(quantified, spec, QUICK, seed=3)
    models = np.stack([record.rounds[0].global_before, record.rounds[1].global_before])
    before, after = norm.logpdf(quantified.validation_labels, observed(quantified, models, spec))

    gains = RoundGame(record, 1, quantified).worth_by_row(np.ones((1, 3), dtype=np.bool_))[0]

    assert gains == pytest.approx(after - before, abs=2e-6)


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_less_squared_error_is_twice_the_gain_in_log_likelihood(quantified, spec):
    record = train(quantified, spec, QUICK, seed=3)
    coalitions = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=np.bool_)
    likely, squares = (
        RunGame(record, quantified, metric=metric).worth(coalitions)
        for metric in ("loss", "squared-error")
    )
    anew = [
        RetrainingGame(quantified, spec, QUICK, rounds=3, seed=3, metric=metric).worth(coalitions)
        for metric in ("loss", "squared-error")
    ]

    assert squares == pytest.approx(2 * likely, abs=1e-5)
    assert anew[1] == pytest.approx(2 * anew[0], abs=1e-5)


def test_every_worth_of_a_round_is_what_asking_for_each_gives(quantified):
    record = train(quantified, MODELS["linear"], QUICK, seed=3)
    game = RoundGame(record, 2, quantified)
    coalitions = np.array([[code >> k & 1 for k in range(3)] for code in range(8)], dtype=np.bool_)

    assert game.every_worth() == pytest.approx(game.worth(coalitions), abs=2e-6)


def test_everyone_retrained_is_the_run(quantified):
    record = train(quantified, MODELS["narrow"], QUICK, seed=3)
    game = RetrainingGame(quantified, MODELS["narrow"], QUICK, rounds=3, seed=3)
    gain = record.metrics[-1].log_likelihood - record.metrics[0].log_likelihood

    assert game.worth(np.ones((1, 3), dtype=np.bool_))[0] == pytest.approx(gain, abs=1e-6)


def test_r_squared_and_the_root_mean_squared_error_are_scikit_learns(quantified):
    record = train(quantified, MODELS["linear"], QUICK, seed=3)
    scale, truth = quantified.quantity, quantified.validation_labels
    [found] = observed(quantified, record.final[None], MODELS["linear"])

    assert record.metrics[-1].accuracy is None
    assert record.metrics[-1].r_squared == pytest.approx(r2_score(truth, found))
    off = root_mean_squared_error(*(scale.mean + scale.deviation * y for y in (truth, found)))
    assert record.metrics[-1].rmse * scale.deviation == pytest.approx(off)


def test_full_batches_go_to_the_least_squares_of_all_rows(quantified):
    settings = replace(QUICK, rounds=300, local_epochs=1, batch_size=200, learning_rate=0.2)
    record = train(quantified, MODELS["linear"], settings, seed=3)
    rows, labels = (
        np.concatenate([getattr(each, part) for each in quantified.members])
        for part in ("features", "labels")
    )
    fitted = LinearRegression().fit(rows, labels)

    assert record.final == pytest.approx([*fitted.coef_, fitted.intercept_], abs=1e-4)


@pytest.mark.parametrize(("scale", "shift"), [(1e250, 0.0), (1e-250, 0.0), (1e3, 1e6)])
def test_models_do_not_see_in_which_unit_a_quantity_is(quantified, scale, shift):
    other = federate(table(scale=scale, shift=shift), seed=3)

    for ours, theirs in zip(quantified.members, other.members, strict=True):
        assert theirs.labels == pytest.approx(ours.labels, abs=1e-5)
    assert other.quantity.deviation == pytest.approx(quantified.quantity.deviation * scale)


def test_the_scale_is_of_training_rows_alone(quantified):
    trained = np.concatenate([member.labels for member in quantified.members])

    assert trained.mean() == pytest.approx(0, abs=1e-6)
    assert trained.std() == pytest.approx(1, abs=1e-6)
    assert abs(quantified.validation_labels.mean()) > 1e-3


def test_a_quantity_that_is_the_same_in_all_training_rows_is_refused():
    made = table(rows=30)
    same = replace(made, labels=np.full(30, 4.0))

    with pytest.raises(DataError, match="all training rows have the same 'price'"):
        federate(same, seed=0)


def test_flipped_quantities_are_mirrored_about_the_mean(quantified):
    roles = [Role(name="owner 0", behaviour=LabelFlip(share=1.0))]

    flipped = federate(table(), seed=3, roles=roles)

    assert (flipped.members[0].labels == -quantified.members[0].labels).all()
    assert (flipped.members[1].labels == quantified.members[1].labels).all()


def test_a_dirichlet_deal_gives_members_other_parts_of_a_quantity():
    rows = replace(table(rows=400), participants=(), owners=np.zeros(400, dtype=np.int64))
    dealt = federate(rows, seed=3, partition=Partition(participants=4, alpha=0.1))
    even = federate(rows, seed=3, partition=Partition(recipe="iid", participants=4))

    spread = [np.std([member.labels.mean() for member in made.members]) for made in (dealt, even)]
    assert spread[0] > 3 * spread[1]


@pytest.mark.parametrize("metric", ["accuracy", "auc", "f1", "average-precision"])
def test_metrics_of_classes_are_refused_for_a_quantity(quantified, metric):
    with pytest.raises(GameError, match="does not measure predictions of a quantity"):
        RetrainingGame(quantified, MODELS["linear"], QUICK, rounds=3, seed=3, metric=metric)


def test_a_model_of_classes_is_refused_for_a_quantity_and_one_of_a_quantity_for_classes(
    quantified, ragged
):
    with pytest.raises(TrainingError, match="'price' is a quantity") as caught:
        network(quantified, ModelSpec(), seed=0, device="cpu")
    assert 'kind = "linear"' in caught.value.hint
    with pytest.raises(TrainingError, match="the labels are 3 classes"):
        network(ragged, ModelSpec(kind="linear"), seed=0, device="cpu")
