"""What is published of a vertical run's gains gives the same values and errors, and no labels.

The attack is of the strongest party there could be: it knows what every coalition's model says
of every validation row, so that each published number is a linear equation in the labels.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest

from fedmerit.bundle.directory import Bundle
from fedmerit.errors import BundleError, ScenarioError
from fedmerit.incentives import RecordedGame, value
from fedmerit.incentives.methods.interactions import interactions
from fedmerit.kinds.vertical.retraining import _SPREAD, spread_apart
from fedmerit.kinds.vertical.tables import (
    ROWS_A_NUMBER,
    check_rows,
    every_coalition,
    least_people,
    least_rows,
    party_game,
    read_table,
    summarise,
)
from fedmerit.units import MICRO, NANO

#: Labels that ROWS_A_NUMBER lets the strongest attack read beyond half of them.
MARGIN = np.arcsin(np.sqrt(1 / ROWS_A_NUMBER)) / np.pi


def gains_by_label(players, rows, seed):
    """Give every coalition's gains if all labels were 0, and if all were 1."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(players, rows))
    scores = np.tanh(every_coalition(players) @ own + 0.3 * rng.normal(size=(2**players, rows)))
    scores[0] = 0
    return tuple(-np.logaddexp(0, sign * scores) + np.log(2) for sign in (1, -1))


def published(gains, label_holder="given"):
    return summarise(gains, "exact", label_holder)


# The same values and errors


@pytest.mark.parametrize("label_holder", ["given", "mandatory"])
@pytest.mark.parametrize("method", ["exact", "banzhaf", "leave-one-out", "individual"])
@pytest.mark.parametrize("players", [2, 3, 4])
def test_sums_give_the_values_errors_and_ranks_that_rows_gave(players, method, label_holder):
    gains = gains_by_label(players, 400, seed=players)[1].round(6)
    names, coalitions = tuple("abcd"[:players]), every_coalition(players)
    plays = coalitions[:, :1] | (label_holder == "given")
    by_row = RecordedGame(names, coalitions, np.where(plays, gains, 0.0))
    kept = summarise(gains, method, label_holder)

    game = party_game(names, kept, label_holder, kept.values_nano / NANO, rows=400)
    ours, theirs = (value(g, method=method, budget=2**players, seed=0) for g in (game, by_row))

    assert ours.values == pytest.approx(theirs.values, abs=2 / MICRO)
    assert ours.validation_errors == pytest.approx(theirs.validation_errors, rel=1e-5)
    assert ours.outranks() == pytest.approx(theirs.outranks(), abs=1e-3)
    assert ours.interval() == pytest.approx(theirs.interval(), abs=3 / MICRO)
    pairs = interactions(by_row, budget=2**players, seed=0).standard_errors
    assert np.sqrt(kept.pairs_nano / NANO / 400) == pytest.approx(pairs, abs=1e-5)


@pytest.mark.parametrize("kind", ["given_nano", "mandatory_nano", "values_nano", "pairs_nano"])
def test_a_small_partys_spread_that_is_made_smaller_is_seen_beside_a_large_ones(kind):
    rng = np.random.default_rng(0)
    sizes = np.array([1.0, 0.01, 0.005])[:, None]
    ours = published(every_coalition(3) @ (sizes * rng.normal(size=(3, 400))))
    kept = getattr(ours, kind)
    forged = kept.copy()
    forged[-1] = forged[-1] * 3 // 4 - 60 * (kind == "pairs_nano")

    assert np.abs(forged - kept).max() < 0.01 * max(kept.max(), 10_000)
    assert spread_apart(ours, ours) == 0
    assert spread_apart(replace(ours, **{kind: kept + 1}), ours) <= _SPREAD
    assert spread_apart(replace(ours, **{kind: forged}), ours) > 20 * _SPREAD


def test_a_method_that_samples_has_the_errors_of_the_values_it_approaches():
    gains = gains_by_label(3, 400, seed=1)[0]

    exact, sampled = (summarise(gains, method, "given") for method in ("exact", "permutation"))

    assert np.array_equal(exact.values_nano, sampled.values_nano)
    assert np.array_equal(exact.values_nano.diagonal(), exact.given_nano)


# Nothing of a row


def labels_read(if_zero, if_one, kept, coalitions):
    """Guess labels by least squares from every published number about *coalitions*."""
    rows = if_zero.shape[1]
    means = kept.worths_micro / MICRO
    equations = [
        (if_zero[s], if_one[s], means[s]) for s in coalitions if (if_zero[s] - if_one[s]).any()
    ]
    if len(coalitions) == len(if_zero):
        n = len(kept.given_nano)
        names = tuple(map(str, range(n)))

        def shapley(gains):
            game = RecordedGame(names, every_coalition(n), gains)
            return value(game, method="exact", budget=2**n, seed=0).row_values

        zero, one = shapley(if_zero), shapley(if_one)
        centre = shapley(means[:, None])[:, 0]
        for i, j in combinations_with_replacement(range(n), 2):
            second = kept.values_nano[i, j] / NANO * (rows - 1) / rows + centre[i] * centre[j]
            equations.append((zero[i] * zero[j], one[i] * one[j], second))
    slopes = np.array([one - zero for zero, one, _ in equations])
    sides = np.array([rows * said - zero.sum() for zero, _, said in equations])
    scale = np.linalg.norm(slopes, axis=1, keepdims=True)
    off = (sides - slopes.sum(axis=1) / 2) / scale[:, 0]
    return 0.5 + np.linalg.lstsq(slopes / scale, off, rcond=None)[0] > 0.5


def share_read(players, rows, draws):
    """Give the share of labels, which nothing else tells, that the strongest attack reads."""
    right = []
    for seed in range(draws):
        if_zero, if_one = gains_by_label(players, rows, seed)
        labels = np.random.default_rng(1000 + seed).integers(0, 2, rows).astype(bool)
        kept = published(np.where(labels, if_one, if_zero))
        guess = labels_read(if_zero, if_one, kept, range(2**players))
        right.append((guess == labels).mean())
    return float(np.mean(right))


def test_a_gain_on_a_row_was_its_label():
    if_zero, if_one = gains_by_label(3, 300, seed=0)
    labels = np.random.default_rng(5).integers(0, 2, 300).astype(bool)

    alone = np.where(labels, if_one, if_zero)[1]  # of one party, which knows its own scores

    assert np.array_equal(np.abs(alone - if_one[1]) < np.abs(alone - if_zero[1]), labels)


@pytest.mark.parametrize("players", [2, 3, 4])
def test_published_sums_tell_labels_no_better_than_guessing_and_a_stated_margin(players):
    rows = least_rows(players, games=1)
    draws = -(-8000 // rows)

    luck = 3 * np.sqrt(0.25 / (rows * draws))
    assert MARGIN < 0.103
    assert share_read(players, rows, draws) < 0.5 + MARGIN + luck


def test_about_few_rows_the_same_sums_would_tell_most_labels_hence_the_least():
    assert share_read(3, rows=12, draws=40) > 0.85


def test_one_partys_own_coalition_tells_it_next_to_nothing():
    rows, right = least_rows(3, games=1), []
    for seed in range(20):
        if_zero, if_one = gains_by_label(3, rows, seed)
        labels = np.random.default_rng(seed).integers(0, 2, rows).astype(bool)
        kept = published(np.where(labels, if_one, if_zero))
        right.append((labels_read(if_zero, if_one, kept, [2]) == labels).mean())

    # One equation: asin(sqrt(1 / rows)) / pi is 1.8%, and luck.
    assert np.mean(right) < 0.5 + 0.018 + 3 * np.sqrt(0.25 / (rows * 20))


def test_too_few_validation_rows_are_refused_with_the_number_that_does():
    check_rows(3, 1, least_rows(3, 1), share=0.3, common=1000)
    with pytest.raises(ScenarioError, match=f"below {least_rows(3, 1)} it would") as caught:
        check_rows(3, 1, least_rows(3, 1) - 1, share=0.3, common=997)
    assert "validation_share" in caught.value.hint
    assert "and there are 997" in str(caught.value)
    assert [least_rows(n, 1) for n in (2, 3, 8)] == [200, 310, 3440]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.85])
@pytest.mark.parametrize("rows", [1, 2, 190, 300])
def test_so_many_common_people_would_do_and_one_fewer_would_not(rows, share):
    people = least_people(rows, share)

    assert round(share * people) >= rows > round(share * (people - 1))


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_strangers_bundle_with_next_to_no_rows_is_refused_and_not_divided_by(rows):
    kept = published(gains_by_label(3, 300, seed=0)[0])

    with pytest.raises(BundleError, match="of 3 parties have no spread"):
        party_game(("a", "b", "c"), kept, "given", kept.values_nano / NANO, rows)


def test_a_file_of_gains_by_row_is_no_longer_read(tmp_path):
    bundle = Bundle(tmp_path)
    bundle.write_tensors("t.safetensors", {"gains_micro": np.zeros((4, 9), dtype=np.int64)})

    with pytest.raises(BundleError, match="gains_micro"):
        read_table(bundle, "t.safetensors", 2)
