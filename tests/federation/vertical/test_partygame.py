"""Parties' games: what columns and labels are worth, by retraining and by recorded embeddings."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from fedmerit.errors import GameError
from fedmerit.federation import ModelSpec
from fedmerit.federation.vertical.attribution import explain
from fedmerit.federation.vertical.partygame import EmbeddingGame, PartyGame, joint_scores
from fedmerit.federation.vertical.regression.regression import plain_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.vertical.task import intercept
from fedmerit.incentives import value

SETTINGS = RegressionSettings(epochs=20, batch_size=32, learning_rate=0.3, sigmoid="exact")
SPLIT = SplitSettings(
    bottom=ModelSpec(kind="mlp", hidden=(4,)), width=2, epochs=4, batch_size=50, learning_rate=0.5
)


def silenced(made, party):
    """Make one party's columns noise that has nothing to do with the labels."""
    rng = np.random.default_rng(9)
    return replace(
        made,
        parties=tuple(
            replace(
                columns,
                training=rng.normal(size=columns.training.shape),
                held_out=rng.normal(size=columns.held_out.shape),
            )
            if columns.party == party
            else columns
            for columns in made.parties
        ),
    )


@pytest.fixture
def made(make_task):
    return silenced(make_task(2, 3, 2, rows=400, held_out=300), "noise")


def every(players):
    return np.array(list(product([False, True], repeat=players)))


def test_all_together_are_worth_the_run_itself(made):
    game = PartyGame(made, SETTINGS, seed=3)
    scores = plain_regression(made, SETTINGS, seed=3)[1]

    [row] = game.worth_by_row(np.ones((1, 3), dtype=np.bool_))

    rate = made.labels.mean()
    base = np.where(made.held_out_labels == 1, np.log(rate), np.log(1 - rate))
    likelihood = -np.log1p(np.exp(np.where(made.held_out_labels == 1, -scores, scores)))
    assert np.allclose(row, likelihood - base, atol=1e-6)


def test_labels_are_given_or_a_contribution(made):
    given = PartyGame(made, SETTINGS, seed=3).worth(every(3))
    mandatory = PartyGame(made, SETTINGS, seed=3, label_holder="mandatory").worth(every(3))

    assert given[0] == mandatory[0] == 0
    assert (mandatory[1:4] == 0).all()
    assert given[0b010] > 0.1
    assert np.array_equal(given[4:], mandatory[4:])


@pytest.mark.parametrize("label_holder", ["given", "mandatory"])
def test_the_interval_of_noise_covers_zero_and_of_others_does_not(made, label_holder):
    game = PartyGame(made, SETTINGS, seed=3, label_holder=label_holder)

    found = value(game, method="exact", budget=8, seed=0)

    half = 1.96 * found.standard_errors
    shop, bank, noise = zip(found.values - half, found.values + half, strict=True)
    assert noise[0] < 0 < noise[1]
    assert shop[0] > 0
    assert bank[0] > 0


def test_a_label_holder_is_worth_more_where_its_labels_count(made):
    games = [PartyGame(made, SETTINGS, seed=3, label_holder=h) for h in ("given", "mandatory")]

    given, mandatory = (value(game, method="exact", budget=8, seed=0).values for game in games)

    assert mandatory[0] > given[0] + 0.1
    assert mandatory[1] < given[1] - 0.1
    assert mandatory.sum() == pytest.approx(given.sum())


def test_networks_are_retrained_for_every_coalition(made):
    game = PartyGame(made, SPLIT, seed=0)

    worths = game.worth(every(3))

    assert worths[0] == 0
    assert worths[0b111] > worths[0b001] + 0.1
    scores = train_split(made, SPLIT, seed=0).scores
    [row] = game.worth_by_row(np.ones((1, 3), dtype=np.bool_))
    assert np.corrcoef(row, np.where(made.held_out_labels == 1, scores, -scores))[0, 1] > 0.7


def test_recorded_embeddings_rank_parties_without_training_them_again(made):
    embeddings = train_split(made, SPLIT, seed=0).embeddings
    game = EmbeddingGame(made, embeddings)

    found = value(game, method="exact", budget=8, seed=0)

    assert found.values[:2].min() > found.values[2] + 2 * found.standard_errors[2]


def test_embeddings_that_were_encrypted_make_no_game(made):
    with pytest.raises(GameError, match="no embeddings of shop, bank, noise"):
        EmbeddingGame(made, {})


def test_a_label_holder_without_columns_is_a_dummy_where_labels_are_given(make_task):
    made = make_task(0, 2, rows=100, held_out=50)

    given = value(PartyGame(made, SETTINGS, seed=0), method="exact", budget=4, seed=0).values
    mandatory = PartyGame(made, SETTINGS, seed=0, label_holder="mandatory")
    shared = value(mandatory, method="exact", budget=4, seed=0).values

    assert abs(given[0]) < 0.01 < given[1]
    assert shared[0] == pytest.approx(shared[1], abs=0.01)


def test_linear_games_measure_squared_errors(make_task):
    made = make_task(1, 2, rows=200, held_out=100, kind="linear")
    game = PartyGame(made, replace(SETTINGS, kind="linear", learning_rate=0.1), seed=0)

    worths = game.worth(every(2))

    variance = ((made.held_out_labels - made.labels.mean()) ** 2).mean() / 2
    assert worths[3] == pytest.approx(variance - 0.3**2 / 2, rel=0.1)


def test_too_many_parties_are_refused(make_task):
    made = make_task(1, 1)
    many = tuple(replace(made.parties[1], party=f"party {k}") for k in range(8))

    with pytest.raises(GameError, match="9 parties have 512 coalitions"):
        PartyGame(replace(made, parties=(made.parties[0], *many)), SETTINGS, seed=0)


def test_coalitions_of_another_shape_are_refused(made):
    with pytest.raises(GameError, match="do not fit 3 participants"):
        PartyGame(made, SETTINGS, seed=0).worth(every(2))


def test_shaps_attributions_add_up_by_owner_to_the_models_scores(made):
    weights, scores = plain_regression(made, SETTINGS, seed=3)

    found = explain(made, joint_scores(made, weights), rows=50)

    total = sum(found.by_owner.values())
    assert np.allclose(total, scores[:50] - found.explanation.base_values, atol=1e-6)
    assert found.importance["noise"] < 0.3 * min(found.importance["shop"], found.importance["bank"])
    assert found.explanation.values.shape == (50, 7)
    assert found.explanation.feature_names[2] == "bank: bank 0"


def test_sums_over_validation_rows_tell_who_knows_all_scores_the_few_of_one_class(make_task):
    # Four of 300: sums that thousands of labels fit where classes are even, only these four do.
    made = make_task(2, 1, 2, rows=200, held_out=300)
    labels = np.zeros(300)
    labels[[3, 57, 101, 160]] = 1
    made = replace(made, held_out_labels=labels)
    settings = RegressionSettings(batch_size=200, epochs=3, key_bits=512)
    game = PartyGame(made, settings, seed=0)
    coalitions = every(3)[1:]
    published = np.rint(game.worth(coalitions) * 1e6) / 1e6

    # A row of the class gains its score more than one of the other, and the constant less.
    constant = intercept(made.labels, settings)
    scores = np.stack([game._scores(coalition) for coalition in coalitions])
    none = np.logaddexp(0, constant) - np.logaddexp(0, scores).mean(axis=1)
    wanted, each = 300 * (published - none), scores - constant
    first, second = np.triu_indices(300, 1)
    pairs = each[:, first] + each[:, second]
    order = np.argsort(pairs[0])
    low, high = (
        np.searchsorted(pairs[0][order], wanted[0] - pairs[0] + off) for off in (-1.8e-4, 1.8e-4)
    )
    left = wanted[1:, None] - pairs[1:]
    found = set()
    for a in range(len(first)):
        near = order[low[a] : high[a]]
        fits = near[np.abs(left[:, [a]] - pairs[1:, near]).max(axis=0) < 1.8e-4]
        found |= {frozenset(map(int, (first[a], second[a], first[b], second[b]))) for b in fits}

    assert {people for people in found if len(people) == 4} == {frozenset({3, 57, 101, 160})}
