"""A round's game is its average with some updates left out, measured as one asks."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from fedmerit.errors import GameError
from fedmerit.federation import (
    Faulty,
    FreeRider,
    ModelSpec,
    RoundGame,
    RunGame,
    TrainingSettings,
    measure_rows,
    train,
)

MLP = ModelSpec(kind="mlp", hidden=(5,))
QUICK = TrainingSettings(
    rounds=3, local_epochs=2, batch_size=8, learning_rate=0.1, momentum=0.5, tolerance=0.0
)


def every(count):
    return np.array(list(product([False, True], repeat=count)))


@pytest.fixture
def mixed(make_federation, make_member):
    return make_federation(
        make_member("ada", 23),
        make_member("bob", 9),
        make_member("rider", 0, behaviour=FreeRider(), declared=12),
        make_member("broken", 7, behaviour=Faulty("nan")),
    )


@pytest.fixture
def record(mixed):
    return train(mixed, MLP, QUICK, seed=3)


def models_by_hand(round_, coalitions, *, renormalise):
    """Average each coalition's updates in a plain loop."""
    models = [round_.global_before]
    for inside in coalitions:
        weights = np.where(inside, round_.weights, 0.0)
        if renormalise and weights.sum() > 0:
            weights = weights / weights.sum()
        models.append(round_.global_before + (weights[:, None] * round_.updates).sum(axis=0))
    return np.array(models, dtype=np.float32)


@pytest.mark.parametrize("weights", ["fixed", "renormalised"])
@pytest.mark.parametrize("spec", [ModelSpec(), MLP], ids=["logistic", "mlp"])
def test_a_rounds_game_is_its_average_with_some_updates_left_out(mixed, spec, weights):
    record = train(mixed, spec, QUICK, seed=3)
    models = models_by_hand(record.rounds[1], every(4), renormalise=weights == "renormalised")

    gains = RoundGame(record, 2, mixed, weights=weights).worth_by_row(every(4))

    likely, _ = measure_rows(mixed, spec, models, seed=3)
    assert gains == pytest.approx(likely[1:] - likely[0], abs=3e-6)


def test_renormalising_changes_what_parts_are_worth_and_not_what_everyone_is(mixed, record):
    fixed, stretched = (
        RoundGame(record, 1, mixed, weights=name).worth(every(4))
        for name in ("fixed", "renormalised")
    )

    assert stretched[-1] == pytest.approx(fixed[-1], abs=2e-6)
    assert abs(stretched[1:-1] - fixed[1:-1]).max() > 1e-3


def test_accuracy_is_the_share_of_rows_that_are_classified_right(mixed, record):
    models = models_by_hand(record.rounds[0], every(4), renormalise=False)
    _, right = measure_rows(mixed, MLP, models, seed=3)

    worth = RoundGame(record, 1, mixed, metric="accuracy").worth(every(4))

    assert worth == pytest.approx(right[1:].mean(axis=1) - right[0].mean(), abs=1e-9)
    assert worth.any()


def test_any_function_of_logits_and_labels_can_be_the_metric(mixed, record):
    def brier(logits, labels):
        chances = logits.softmax(dim=2)
        own = chances.gather(2, labels.expand(len(logits), -1).unsqueeze(2)).squeeze(2)
        return 2 * own - chances.square().sum(dim=2) - 1

    def likelihood(logits, labels):
        likely = logits.log_softmax(dim=2)
        return likely.gather(2, labels.expand(len(logits), -1).unsqueeze(2)).squeeze(2)

    ours = RoundGame(record, 1, mixed).worth_by_row(every(4))
    same = RoundGame(record, 1, mixed, metric=likelihood).worth_by_row(every(4))
    other = RoundGame(record, 1, mixed, metric=brier).worth_by_row(every(4))

    assert same == pytest.approx(ours, abs=2e-6)
    assert abs(other).max() <= 2
    assert np.corrcoef(other[1:].ravel(), ours[1:].ravel())[0, 1] > 0.8


def test_a_metric_of_the_wrong_shape_is_refused(mixed, record):
    game = RoundGame(record, 1, mixed, metric=lambda logits, _: logits.mean(dim=(1, 2)))

    with pytest.raises(GameError, match="into shape") as caught:
        game.worth(every(4))

    assert "per model and row" in caught.value.hint


def test_classes_worths_average_to_the_whole(mixed, record):
    labels = mixed.validation_labels
    whole = RoundGame(record, 2, mixed).worth_by_row(every(4))

    for index, name in enumerate(mixed.classes):
        part = RoundGame(record, 2, mixed, label=name).worth_by_row(every(4))
        assert part == pytest.approx(whole[:, labels == index], abs=2e-6)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"weights": "renormalized"}, "'renormalised'"),
        ({"metric": "acuracy"}, "'accuracy'"),
        ({"label": "class 7"}, "'class"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest_one(mixed, record, wrong, hint):
    for game in (RoundGame, RunGame):
        arguments = (record, 1, mixed) if game is RoundGame else (record, mixed)
        with pytest.raises(GameError, match=next(iter(wrong.values()))) as caught:
            game(*arguments, **wrong)
        assert hint in caught.value.hint


def test_a_class_without_validation_rows_has_no_worth(mixed, record):
    without = replace(mixed, validation_labels=np.zeros(40, dtype=np.int64))

    with pytest.raises(GameError, match="no validation row is of class 'class 1'"):
        RoundGame(record, 1, without, label="class 1")


def test_the_round_games_of_everyone_add_up_to_the_runs_gain(mixed, record):
    everyone, nobody = np.ones((1, 4), dtype=bool), np.zeros((1, 4), dtype=bool)

    games = [RoundGame(record, number, mixed) for number in (1, 2, 3)]

    gain = record.metrics[-1].log_likelihood - record.metrics[0].log_likelihood
    assert sum(game.worth(everyone)[0] for game in games) == pytest.approx(gain, abs=5e-6)
    assert [game.worth(nobody)[0] for game in games] == [0, 0, 0]


@pytest.mark.parametrize("options", [{}, {"weights": "renormalised", "metric": "accuracy"}])
def test_the_runs_game_is_the_sum_of_its_rounds(mixed, record, options):
    run = RunGame(record, mixed, **options)
    rounds = [RoundGame(record, number, mixed, **options) for number in (1, 2, 3)]

    by_row = sum(game.worth_by_row(every(4)) for game in rounds)
    assert run.worth_by_row(every(4)) == pytest.approx(by_row, abs=1e-9)
    assert run.worth(every(4)) == pytest.approx(by_row.mean(axis=1), abs=1e-9)
    assert len(run.rounds) == 3


def test_a_run_shows_its_updates_and_whose_were_accepted(mixed):
    record = train(mixed, MLP, replace(QUICK, participation=0.5), seed=3)

    run = RunGame(record, mixed)

    assert run.updates.shape == (3, 4, len(record.final))
    assert run.updates.dtype == np.float32
    assert not run.updates[~run.present].any()
    assert not run.present[:, 3].any()
    assert run.weights.sum(axis=1) == pytest.approx([1, 1, 1])
    assert (run.present == (run.weights > 0)).all()


def test_gradients_predict_what_a_short_step_gains(mixed, record):
    run = RunGame(record, mixed)
    short = tuple(replace(r, updates=r.updates * np.float32(0.01)) for r in record.rounds)
    game = RunGame(replace(record, rounds=short), mixed)

    alone = np.array([round_.worth(np.eye(4, dtype=bool)) for round_ in game.rounds])
    steps = 0.01 * run.weights[:, :, None] * run.updates
    predicted = -np.einsum("tnp,tp->tn", steps, run.gradients)

    assert abs(predicted).max() > 3e-4
    assert alone == pytest.approx(predicted, abs=1e-5)


def test_a_run_without_rounds_has_no_game(mixed, record):
    with pytest.raises(GameError, match="no rounds"):
        RunGame(replace(record, rounds=()), mixed)


def test_the_idle_the_excluded_and_those_not_sampled_are_null_players(mixed):
    record = train(mixed, MLP, replace(QUICK, participation=0.75), seed=3)
    coalitions = every(4)

    for round_ in record.rounds:
        worth = RoundGame(record, round_.number, mixed).worth(coalitions)
        for index in np.flatnonzero(~round_.updates.any(axis=1)):
            inside = coalitions[:, index]
            assert (worth[inside] == worth[~inside]).all()


def test_a_round_that_accepted_nobody_is_worth_nothing(mixed, record):
    first = record.rounds[0]
    empty = replace(first, updates=first.updates * 0, weights=first.weights * 0)
    game = RoundGame(replace(record, rounds=(empty,)), 1, mixed)

    assert not game.worth_by_row(every(4)).any()
    assert game.every_worth().tolist() == [0] * 16


@pytest.mark.parametrize("spec", [ModelSpec(), MLP], ids=["logistic", "mlp"])
@pytest.mark.parametrize("size", [1e30, 3e37])
def test_a_diverged_member_spoils_its_own_coalitions_alone(mixed, spec, size):
    record = train(mixed, spec, QUICK, seed=3)
    updates = record.rounds[0].updates.copy()
    updates[1] *= np.float32(size) / abs(updates[1]).max()
    broken = replace(record, rounds=(replace(record.rounds[0], updates=updates),))

    rows = RoundGame(broken, 1, mixed).worth_by_row(every(4))

    assert np.isfinite(rows).all()
    assert rows.min() == -2000
    fine = RoundGame(record, 1, mixed).worth_by_row(every(4))
    apart = ~every(4)[:, 1]
    assert rows[apart] == pytest.approx(fine[apart], abs=3e-6)


def test_a_round_that_was_not_run_has_no_game(mixed, record):
    with pytest.raises(GameError, match="no round 4") as caught:
        RoundGame(record, 4, mixed)

    assert "1 to 3" in caught.value.hint


def test_coalitions_of_the_wrong_width_are_refused(mixed, record):
    with pytest.raises(GameError, match=r"\(2, 3\) do not fit 4"):
        RoundGame(record, 1, mixed).worth(np.ones((2, 3), dtype=bool))
