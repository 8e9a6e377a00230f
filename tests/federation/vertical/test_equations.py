"""What a party sees is counted as equations; an attacker solves them, no better than allowed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fedmerit.errors import TrainingError
from fedmerit.federation import ModelSpec
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.vertical.equations import (
    MARGIN,
    check_exposures,
    dimensions,
    exposures,
    guessing,
    refused,
)
from fedmerit.federation.vertical.regression.parts import show_parts
from fedmerit.federation.vertical.regression.regression import plain_regression, train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.vertical.task import Columns, VerticalTask, batches, intercept

#: The shapes at which a party once solved for every label: rows, columns of the bank and of the
#: shop, batch, epochs.
SOLVED = [
    (200, 8, 0, 50, 12),
    (250, 15, 3, 64, 6),
    *(pytest.param((1000, 30, shop, 128, 5), marks=pytest.mark.slow) for shop in (0, 3)),
]
BASE = RegressionSettings(learning_rate=0.3, tolerance=0, key_bits=512)


def unrelated(rows, *widths, rate=0.5, seed=0):
    """Give columns that tell nothing of the labels: what an attacker reads, the messages told."""
    rng = np.random.default_rng(seed)
    return VerticalTask(
        name="unrelated",
        parties=tuple(
            Columns(
                party=name,
                names=tuple(f"{name} {k}" for k in range(width)),
                training=rng.normal(size=(rows, width)),
                held_out=rng.normal(size=(20, width)),
            )
            for name, width in zip(("shop", "bank", "club"), widths, strict=False)
        ),
        labels=(rng.permutation(rows) < rate * rows).astype(np.float64),
        held_out_labels=(np.arange(20) < 10).astype(np.float64),
    )


def gradients_of(task, settings, party, seed=0):
    """Train in the clear, and keep the gradients that a party is told, one a batch.

    They are those of the encrypted run but for rounding, as other tests hold.
    """
    parts = [columns.training for columns in task.parties]
    rows = np.column_stack([np.ones(len(parts[0])), *parts])
    place = [columns.party for columns in task.parties].index(party)
    start = 1 + sum(part.shape[1] for part in parts[:place])
    own = slice(start, start + parts[place].shape[1])
    weights = np.zeros(rows.shape[1])
    weights[0] = intercept(task.labels, settings)
    for epoch in range(1, settings.epochs + 1):
        for batch in batches(len(rows), settings.batch_size, seed=seed, epoch=epoch):
            off = 0.5 + 0.25 * rows[batch] @ weights - task.labels[batch]
            gradient = rows[batch].T @ off / len(batch)
            yield batch, weights[own].copy(), gradient[own]
            weights = weights - settings.learning_rate * gradient


def labels_solved_for(task, told, party="bank"):
    """Solve a party's gradients for all labels, by least squares; it knows its columns alone.

    What others add to a residual is unknown to it: it is taken for one constant an epoch would
    not change much, the labels' rate.
    """
    rows = next(columns.training for columns in task.parties if columns.party == party)
    left, right = [], []
    for batch, weights, gradient in told:
        block = np.zeros((rows.shape[1], len(rows)))
        block[:, batch] = rows[batch].T
        known = 0.5 + 0.25 * rows[batch] @ weights - task.labels.mean()
        left.append(block)
        right.append(rows[batch].T @ known - len(batch) * gradient)
    solved = np.linalg.lstsq(np.concatenate(left), np.concatenate(right), rcond=1e-9)[0]
    order = np.argsort(-solved)
    guess = np.zeros(len(rows))
    guess[order[: int(task.labels.sum())]] = 1
    rate = task.labels.mean()
    return max(float((guess == task.labels).mean()), 0.0), max(rate, 1 - rate)


@pytest.mark.parametrize("shape", SOLVED)
def test_a_party_that_solved_for_the_labels_is_refused_with_settings_that_would_do(shape):
    rows, bank, shop, batch, epochs = shape
    task = unrelated(rows, shop, bank)
    settings = replace(BASE, batch_size=batch, epochs=epochs)

    solved, _ = labels_solved_for(task, gradients_of(task, settings, "bank"))
    assert solved > 0.75  # where guessing reads half

    with pytest.raises(TrainingError, match=r"would see .* independent equations .* unknown"):
        check_exposures(task, settings, seed=0)


@pytest.mark.parametrize("form", ["third party", "label holder"])
def test_the_attack_on_messages_reads_what_the_plain_twin_was_counted_for(form):
    # The bank of the first shape, on the messages that it really receives.
    task = unrelated(48, 0, 4)
    settings = replace(BASE, batch_size=12, epochs=6, coordinator=form)
    run = train_regression(task, settings, seed=0)
    weights, _ = plain_regression(task, settings, seed=0)
    assert run.weights["bank"] == pytest.approx(weights["bank"], abs=1e-6)

    solved, _ = labels_solved_for(task, gradients_of(task, settings, "bank"))

    # The bank's weights moved by its gradients alone, so it has them all.
    assert solved > 0.85
    assert refused(_labels(exposures(task, settings, seed=0)), task.labels)


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
@pytest.mark.parametrize(
    "shape",
    [
        (1100, (0, 6), 0.5, 5000, 3),
        (1100, (3, 6), 0.5, 5000, 3),
        (400, (0, 30), 0.1, 400, 4),
        (900, (2, 5), 0.15, 300, 2),
        (2000, (0, 3), 0.5, 1000, 2),
    ],
)
def test_where_a_run_is_allowed_the_attack_reads_no_more_than_the_majority_and_three_points(
    shape, seed
):
    rows, widths, rate, batch, epochs = shape
    task = unrelated(rows, *widths, rate=rate, seed=seed)
    settings = replace(BASE, batch_size=batch, epochs=epochs)
    check_exposures(task, settings, seed=0)

    solved, majority = labels_solved_for(task, gradients_of(task, settings, "bank"))

    luck = 2.6 * np.sqrt(0.25 / rows)  # of a guess at random, once in two hundred times
    assert solved <= majority + MARGIN + luck


def _labels(counted, party="bank"):
    return next(one for one in counted if (one.party, one.secret) == (party, "labels"))


def test_batches_and_epochs_are_counted_once_each():
    task = unrelated(300, 0, 4)

    def equations(**changes):
        return _labels(exposures(task, replace(BASE, **changes), seed=0)).equations

    assert equations(batch_size=300, epochs=50) == 4  # the same four in every epoch
    assert equations(batch_size=150, epochs=1) == 8
    # Both batches of an epoch add up to all rows, whatever the epoch.
    assert equations(batch_size=150, epochs=3) == 4 * (1 + 3)
    doubled = task.parties[1]
    doubled.training[:, 3] = doubled.training[:, 2]
    assert equations(batch_size=300, epochs=1) == 3


def test_coalitions_that_are_trained_again_add_no_equation_of_a_regression():
    task = unrelated(120, 2, 4, 3)
    settings = replace(BASE, batch_size=60, epochs=2)
    bank = task.parties[1].training
    spans = []
    for others in ((0, 1, 2), (1, 2), (0, 1)):
        coalition = replace(task, parties=tuple(task.parties[place] for place in others))
        for batch, _, gradient in gradients_of(coalition, settings, "bank"):
            block = np.zeros((4, 120))
            block[:, batch] = bank[batch].T
            spans.append(block)
            assert gradient.shape == (4,)

    rank = np.linalg.matrix_rank(np.concatenate(spans))

    assert _labels(exposures(task, settings, seed=0)).equations == rank


def test_noise_on_opened_gradients_is_a_part_of_an_equation_and_stops_the_attack():
    task = unrelated(300, 0, 6)
    plain = replace(BASE, batch_size=50, epochs=10)
    noisy = replace(plain, gradient_noise=NoiseSettings(clip=2.5, noise=150.0))
    with pytest.raises(TrainingError, match="unknown") as raised:
        check_exposures(unrelated(400, 0, 12), replace(plain, batch_size=80, epochs=3), seed=0)
    assert "gradient_noise of" in raised.value.hint
    assert "epsilon" in raised.value.hint

    counted = _labels(exposures(task, noisy, seed=0))

    assert counted.equations < _labels(exposures(task, plain, seed=0)).equations
    assert counted.guess <= 0.53
    # What the bank is told: its gradients, and on each noise of a clipping norm times 150.
    rng = np.random.default_rng(0)
    told = [
        (batch, weights, gradient + 150 * 2.5 * rng.normal(size=6) / len(batch))
        for batch, weights, gradient in gradients_of(task, plain, "bank")
    ]
    solved, majority = labels_solved_for(task, told)
    assert solved <= majority + MARGIN + 2.6 * np.sqrt(0.25 / 300)


@pytest.mark.parametrize("form", ["third party", "label holder"])
def test_whoever_opens_a_gradient_adds_the_noise_that_was_agreed(form):
    task = unrelated(64, 1, 2)
    noise = NoiseSettings(clip=4.0, noise=500.0)
    settings = replace(BASE, batch_size=64, epochs=1, coordinator=form, gradient_noise=noise)
    one_step = replace(settings, learning_rate=1.0)

    moved = [
        np.concatenate(list(train_regression(task, one_step, seed=0).weights.values()))
        for _ in range(5)
    ]

    sums = 64 * np.array(moved)[:, [0, 2, 3]]  # without the intercept, which begins elsewhere
    assert np.std(sums) == pytest.approx(4.0 * 500.0, rel=0.5)
    assert len(set(sums.ravel().tolist())) == sums.size
    with pytest.raises(TrainingError, match="no epsilon where the loss"):
        replace(settings, sigmoid="exact")


# Parts of scores, and split learning


def features_read(numbers, features):
    """Fit features on half of the rows, and give how much of the others' variance is told."""
    half = len(features) // 2
    left = np.column_stack([np.ones(len(numbers)), numbers])
    fitted = np.linalg.lstsq(left[:half], features[:half], rcond=None)[0]
    off = features[half:] - left[half:] @ fitted
    return 1 - (off**2).sum() / ((features[half:] - features[:half].mean(axis=0)) ** 2).sum()


@pytest.mark.parametrize(("width", "allowed"), [(3, False), (12, True)])
def test_a_shown_part_tells_one_of_a_partys_columns_and_needs_ten(width, allowed):
    task = unrelated(600, 1, width)
    settings = replace(BASE, batch_size=600, epochs=3)
    weights, _ = plain_regression(task, settings, seed=0)

    shown = show_parts(task, weights).results["shop"]["bank"][0]

    told = features_read(shown, task.parties[1].training)
    assert told == pytest.approx(1 / width, abs=0.05)
    seen = next(
        one
        for one in exposures(task, settings, seed=0, show_parts=True)
        if one.secret == "features of bank"  # noqa: S105 - what it is called
    )
    assert seen.share == pytest.approx(1 / width)
    assert refused(seen, task.labels) is not allowed


def test_levels_of_one_question_are_one_unknown_fewer():
    level = np.eye(4)[np.random.default_rng(0).integers(0, 4, 50)]
    columns = Columns(party="bank", names=("a", "b", "c", "d"), training=level, held_out=level)

    assert dimensions(columns) == 3


SPLIT = SplitSettings(bottom=ModelSpec(), width=2, epochs=1, batch_size=150, learning_rate=0.3)


def label_from_gradients(task, settings):
    run = train_split(task, settings, seed=0, secret=1, record=True)
    got = np.zeros((len(task.labels), settings.width))
    numbered = (m for _, m in run.recorded["bank"] if m.kind == "gradients")
    for epoch in range(1, settings.epochs + 1):
        for batch in batches(len(got), settings.batch_size, seed=0, epoch=epoch):
            shape = (len(batch), settings.width)
            got[batch] += next(numbered).array("rows", "<f4", shape)
    centred = got - got.mean(axis=0)
    line = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    guesses = [(sign * line > 0).astype(float) for sign in (1, -1)]
    return max(float((guess == task.labels).mean()) for guess in guesses)


def test_gradients_and_embeddings_in_the_clear_are_counted_in_full_and_noise_as_it_hides():
    task = unrelated(600, 1, 12)
    loud = NoiseSettings(clip=1.0, noise=40.0)
    counted = {
        name: exposures(task, settings, seed=0)
        for name, settings in (
            ("plain", SPLIT),
            ("noised", replace(SPLIT, labels=loud, features=NoiseSettings(clip=1.0, noise=6.0))),
        )
    }

    assert [one.share for one in counted["plain"]] == [1.0, 1.0]
    assert [refused(one, task.labels) for one in counted["noised"]] == [False, False]
    assert label_from_gradients(task, SPLIT) > 0.85
    assert label_from_gradients(task, replace(SPLIT, labels=loud)) <= 0.53 + 2.6 * 0.5 / 600**0.5
    plain, noised = (
        train_split(task, replace(SPLIT, features=noise), seed=0, secret=1).embeddings["bank"][0]
        for noise in (NoiseSettings(), NoiseSettings(clip=1.0, noise=6.0))
    )
    features = task.parties[1].training
    assert features_read(plain, features) == pytest.approx(2 / 12, abs=0.06)  # of one training
    assert features_read(noised, features) < 0.1


def test_the_best_guess_is_as_good_as_stated():
    rng = np.random.default_rng(0)
    labels = (rng.random(200_000) < 0.3).astype(float)
    for seen in (0.02, 0.1, 0.4):
        spread = np.sqrt(seen * (1 - seen) * 0.21)
        estimate = seen * (labels - 0.3) + spread * rng.normal(size=len(labels))
        odds = np.log(0.3 / 0.7) + (estimate + 0.3 * seen - seen / 2) * seen / spread**2
        found = ((odds > 0) == labels).mean()
        assert found == pytest.approx(guessing(seen, 0.3), abs=0.004)
    assert guessing(1.0, 0.3) == pytest.approx(1.0)
