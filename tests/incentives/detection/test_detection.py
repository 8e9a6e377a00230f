"""Areas under the curve against counted pairs, and planted members against the rest."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import GameError
from fedmerit.federation import (
    DisguisedRider,
    FreeRider,
    LabelFlip,
    ModelSpec,
    Partition,
    Role,
    RunGame,
    StaleRider,
    TrainingSettings,
    UpdateNoise,
    federate,
    load_builtin,
    train,
)
from fedmerit.incentives.detection import auroc, deviations, suspicion
from fedmerit.incentives.methods.runs.alignment import descents

SETTINGS = TrainingSettings(rounds=30, participation=0.3, batch_size=16, tolerance=0.0)
PLANTED = ("member-2", "member-7", "member-11", "member-18")


def truth(count, guilty):
    return np.arange(count) < guilty


@given(
    guilty=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    others=st.lists(st.integers(0, 6), min_size=1, max_size=12),
)
def test_the_area_is_the_share_of_pairs_in_order_with_ties_as_halves(guilty, others):
    scores = np.array([*guilty, *others], dtype=np.float64)

    area = auroc(scores, truth(len(scores), len(guilty)))

    pairs = [(g > o) + (g == o) / 2 for g in guilty for o in others]
    assert area.value == pytest.approx(sum(pairs) / len(pairs))
    assert 0 <= area.low <= area.value <= area.high <= 1


def test_infinite_scores_are_scores():
    assert auroc(np.array([np.inf, np.inf, 0.0, np.inf]), truth(4, 2)).value == 0.75


def test_perfect_separation_has_an_interval_that_shrinks_with_the_sample():
    few, many = (auroc(np.arange(5.0 * k)[::-1], truth(5 * k, k)) for k in (3, 30))

    assert few.value == few.high == many.high == 1
    assert 0.6 < few.low < 0.9 < many.low < 1


def test_turning_the_scores_round_turns_the_interval_round():
    scores = np.random.default_rng(0).normal(size=30)

    one, other = auroc(scores, truth(30, 8)), auroc(-scores, truth(30, 8))

    assert (other.low, other.high) == pytest.approx((1 - one.high, 1 - one.low))


@pytest.mark.parametrize(("shift", "area"), [(0.0, 0.5), (1.0, 0.7602), (2.0, 0.9214)])
def test_nineteen_in_twenty_intervals_hold_the_true_area(shift, area):
    rng = np.random.default_rng(5)
    draws = rng.normal(size=(1000, 50))
    draws[:, :10] += shift

    found = [auroc(scores, truth(50, 10)) for scores in draws]

    assert 0.92 <= np.mean([f.low <= area <= f.high for f in found]) <= 0.98


@pytest.mark.parametrize(
    ("scores", "guilty", "said"),
    [
        (np.zeros(3), np.zeros(3, dtype=bool), "0 of 3 members"),
        (np.zeros(3), np.ones(3, dtype=bool), "3 of 3 members"),
        (np.zeros(3), np.zeros(2, dtype=bool), r"shape \(2,\)"),
        (np.zeros(2), np.array([0, 1]), "not int64"),
        (np.array([np.nan, 1.0]), truth(2, 1), "1 of 2 scores are NaN"),
    ],
)
def test_scores_without_a_truth_to_compare_with_are_refused(scores, guilty, said):
    with pytest.raises(GameError, match=said):
        auroc(scores, guilty)


def test_a_confidence_in_percent_is_refused():
    with pytest.raises(GameError, match="is 95"):
        auroc(np.arange(2.0), truth(2, 1), confidence=95)


def test_deviations_do_not_see_how_far_out_the_outliers_are():
    near, far = (deviations(np.array([1.0, 2, 3, 4, 5, outlier])) for outlier in (10, 10**6))

    assert near[:5] == pytest.approx(far[:5])
    assert deviations(np.array([np.nan, 2.0, 2.0]))[0] == 0
    assert deviations(np.array([0.0, 0.0, 0.0, 4.0]))[3] == pytest.approx(4 / 1.2533)


def run(roles, seed=3):
    """Train 20 members of uneven labels, 6 a round, and score them."""
    copies = sum(role.copy_of is not None for role in roles)
    made = federate(
        load_builtin("digits"),
        seed=seed,
        partition=Partition(participants=20 - copies, recipe="dirichlet", alpha=1.0),
        roles=roles,
    )
    game = RunGame(train(made, ModelSpec(), SETTINGS, seed=seed), made)
    # To first order, descents are the values of each round: cheap, and enough to test the rule.
    return suspicion(game, game.weights * descents(game))


@pytest.mark.parametrize(
    "behaviour",
    [
        FreeRider(),
        StaleRider(),
        DisguisedRider(),
        DisguisedRider(0.5, copied=1.0),
        UpdateNoise(),
        LabelFlip(1.0),
    ],
    ids=repr,
)
def test_planted_members_are_found_though_few_take_part_in_a_round(behaviour):
    found = run([Role(name=name, behaviour=behaviour) for name in PLANTED])

    guilty = np.isin(found.participants, PLANTED)
    assert auroc(found.scores, guilty).value >= 0.95


def test_a_member_and_its_copy_are_each_others_twins():
    found = run([Role(name="copy", copy_of="member-4"), Role(name="again", copy_of="member-9")])

    twins = np.argsort(found.signs["twinning"])[-4:]
    assert {found.participants[k] for k in twins} == {"copy", "member-4", "again", "member-9"}


def test_stale_members_are_named_for_what_they_do():
    found = run([Role(name=name, behaviour=StaleRider()) for name in PLANTED])

    guilty = np.isin(found.participants, PLANTED)
    assert found.signs["staleness"][guilty].min() > 2 > found.signs["staleness"][~guilty].max()


class Rounds:
    """Rounds written out by hand."""

    def __init__(self, updates, present):
        rounds, n, parameters = updates.shape
        self.participants = tuple(f"m{k}" for k in range(n))
        self.updates, self.present = updates * present[..., None], present
        self.weights = present / np.maximum(present.sum(axis=1, keepdims=True), 1)
        self.gradients = -np.ones((rounds, parameters))

    def worth(self, coalitions):
        return np.zeros(len(coalitions))


def hand_written(present):
    rng = np.random.default_rng(3)
    return Rounds(1 + rng.normal(size=(*present.shape, 8)), present)


def test_rounds_in_which_a_member_was_away_say_nothing_of_it():
    present = np.random.default_rng(1).random((12, 6)) < 0.6
    game = hand_written(present)
    values = game.weights * descents(game)

    with_junk = np.where(present, values, -100.0)

    assert suspicion(game, with_junk).scores == pytest.approx(suspicion(game, values).scores)


def test_a_member_that_never_took_part_is_not_suspicious_and_nothing_is_nan():
    present = np.ones((5, 6), dtype=bool)
    present[:, 2] = False
    present[3] = False
    game = hand_written(present)

    found = suspicion(game, game.weights * descents(game))

    assert np.isfinite(found.scores).all()
    assert found.scores[2] == 0
    assert all(sign[2] == 0 for sign in found.signs.values())


def test_members_that_are_all_alike_are_all_ordinary():
    game = Rounds(np.ones((4, 5, 3)), np.ones((4, 5), dtype=bool))

    assert suspicion(game, game.weights * descents(game)).scores == pytest.approx(np.zeros(5))


def of_three(updates, refused=None):
    game = Rounds(updates, np.ones(updates.shape[:2], dtype=bool))
    if refused is not None:
        game.refused = refused
        game.present, game.updates = ~refused, updates * ~refused[..., None]
        counts = game.present.sum(axis=1, keepdims=True)
        game.weights = game.present / np.maximum(counts, 1)
    return suspicion(game, game.weights * descents(game))


def test_a_scale_that_is_rounding_is_none():
    # Two send the same but for the last bits, the third nothing at all.
    updates = np.ones((4, 3, 5))
    updates[:, 1] += 1e-15
    updates[:, 2] = 0

    found = of_three(updates)

    assert found.signs["value"] == pytest.approx([0, 0, 2.394], abs=1e-3)
    assert found.signs["agreement"] == pytest.approx([0, 0, 2.394], abs=1e-3)
    assert found.scores[:2] == pytest.approx([0, 0], abs=1e-9)
    assert found.scores[2] > 2
    near = deviations(np.array([1.0, 1.0 + 1e-16, 1.0 - 2e-16, 1.0]))
    assert not near.any()


@pytest.mark.parametrize("seed", range(5))
def test_who_was_refused_in_every_round_stands_out_above_the_honest(seed):
    rng = np.random.default_rng(seed)
    for n in (3, 5, 9):
        updates = 1 + 0.3 * rng.normal(size=(6, n, 8))
        refused = np.zeros((6, n), dtype=bool)
        refused[:, -1] = True

        found = of_three(updates, refused)

        assert np.isfinite(found.scores).all()
        # All but perhaps the oddest of them.
        assert found.scores[-1] > max(0, *np.sort(found.scores[:-1])[:-1])
        assert found.signs["refusal"][-1] > 2


def test_values_of_another_shape_are_refused():
    game = hand_written(np.ones((4, 3), dtype=bool))

    with pytest.raises(GameError, match=r"values of shape \(3,\)"):
        suspicion(game, np.zeros(3))


def test_scores_do_not_depend_on_the_order_of_the_members():
    game = hand_written(np.random.default_rng(1).random((12, 6)) < 0.7)
    values = game.weights * descents(game)
    order = np.array([3, 1, 5, 0, 4, 2])
    turned = hand_written(game.present)
    turned.updates = game.updates[:, order]
    turned.weights, turned.present = game.weights[:, order], game.present[:, order]

    assert suspicion(turned, values[:, order]).scores == pytest.approx(
        suspicion(game, values).scores[order]
    )


@pytest.fixture
def benchmark():
    """Give the benchmark of detection, a script beside the package."""
    path = Path(__file__).parents[3] / "benchmarks" / "detection.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_detection", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for their module
    spec.loader.exec_module(module)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield module
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["free-rider, zeros", "all labels flipped"])
def test_ten_of_fifty_a_round_are_enough_to_find_free_riders_and_flipped_labels(benchmark, kind):
    setting = next(s for s in benchmark.SETTINGS if s.participation < 1)
    assert (setting.members, setting.participation) == (50, 0.2)

    # The first three of the seeds that the rule was not made on, pooled as the benchmark does.
    runs = [benchmark.scored(setting, benchmark.KINDS[kind], seed) for seed in (200, 201, 202)]

    scores = np.concatenate([found["combined"] for found, _ in runs])
    assert auroc(scores, np.concatenate([guilty for _, guilty in runs])).value >= 0.95
