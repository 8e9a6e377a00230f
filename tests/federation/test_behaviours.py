"""Behaviours act on rows, then on updates."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import DataError, TrainingError
from fedmerit.federation import (
    BEHAVIOURS,
    DisguisedRider,
    DropOut,
    Faulty,
    FeatureNoise,
    FreeRider,
    Honest,
    LabelFlip,
    ModelSpec,
    Partition,
    RetrainingGame,
    Role,
    StaleRider,
    TrainingSettings,
    UnderEffort,
    UpdateNoise,
    federate,
    load_builtin,
    train,
)
from fedmerit.federation.behaviours import ClientContext
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.scenario.model import Scenario

CONTEXT = ClientContext(torch.ones(2, 3), torch.ones(2, 3), np.random.default_rng(0))


def rows(count, classes):
    return np.zeros((count, 2), dtype=np.float32), np.arange(count) % classes


@given(count=st.integers(1, 60), classes=st.integers(2, 6), share=st.floats(0, 1))
def test_label_flip_changes_the_stated_share_and_stays_among_the_classes(count, classes, share):
    features, labels = rows(count, classes)

    _, flipped = LabelFlip(share).prepare((features, labels), classes, np.random.default_rng(1))

    assert (flipped != labels).sum() == round(share * count)
    assert set(flipped) <= set(range(classes))


def test_label_flip_leaves_the_callers_labels_alone():
    features, labels = rows(10, 2)
    before = labels.copy()

    LabelFlip(1.0).prepare((features, labels), 2, np.random.default_rng(1))

    assert (labels == before).all()


def test_label_flip_spreads_over_all_other_classes():
    _, flipped = LabelFlip(1.0).prepare(rows(400, 4), 4, np.random.default_rng(1))

    counts = np.bincount(flipped[::4], minlength=4)
    assert counts[0] == 0
    assert counts[1:].min() > 20


def test_a_free_rider_has_no_rows_and_sends_zeros():
    features, labels = FreeRider().prepare(rows(5, 2), 2, np.random.default_rng(0))

    assert len(features) == len(labels) == 0
    assert not FreeRider().send(torch.ones(2, 3), CONTEXT).any()


def moved(parameters=2000, seed=0):
    """Two global models that have moved: one by 3 in every parameter, one not at all."""
    before = torch.ones(2, parameters)
    previous = torch.stack([torch.full((parameters,), -2.0), torch.ones(parameters)])
    return ClientContext(before, previous, np.random.default_rng(seed))


def cosine(left, right):
    return float(left @ right / left.norm() / right.norm())


def test_a_stale_rider_sends_each_models_last_move():
    sent = StaleRider().send(torch.rand(2, 2000), moved())

    assert (sent[0] == 3).all()
    assert not sent[1].any()
    assert not StaleRider().needs_rows


def test_a_disguised_rider_sends_noise_of_the_size_of_the_last_move():
    sent = DisguisedRider(noise=2.0).send(torch.rand(2, 2000), moved())

    assert float(sent[0].square().mean().sqrt()) == pytest.approx(6, rel=0.1)
    assert abs(cosine(sent[0], moved().before[0])) < 0.1


def test_a_disguised_rider_sends_something_before_anything_has_moved():
    sent = DisguisedRider().send(torch.rand(2, 2000), moved())

    assert 0 < float(sent[1].abs().max()) < 0.1


def test_a_disguised_rider_can_hide_the_last_move_beneath_noise():
    move = moved().before[0] - moved().previous[0]

    bare = DisguisedRider(noise=0.0, copied=0.5).send(torch.rand(2, 2000), moved())
    noisy = DisguisedRider(noise=1.0, copied=1.0).send(torch.rand(2, 2000), moved())

    assert torch.equal(bare[0], 0.5 * move)
    assert cosine(noisy[0], move) == pytest.approx(0.5**0.5, abs=0.05)


def test_update_noise_has_the_stated_share_of_the_updates_own_norm():
    updates = torch.stack([torch.full((2000,), 5.0), torch.zeros(2000)])

    sent = UpdateNoise(0.5).send(updates, moved())

    assert float((sent[0] - updates[0]).norm() / updates[0].norm()) == pytest.approx(0.5, rel=0.1)
    assert not sent[1].any()


@pytest.mark.parametrize("behaviour", [DisguisedRider(copied=0.3), UpdateNoise()])
def test_noise_on_a_model_does_not_depend_on_which_other_models_are_asked_for(behaviour):
    updates = torch.rand(2, 50, generator=torch.Generator().manual_seed(1))
    both = moved(50)
    second = ClientContext(both.before[1:], both.previous[1:], np.random.default_rng(0))

    assert torch.equal(behaviour.send(updates, both)[1:], behaviour.send(updates[1:], second))


@pytest.mark.parametrize("behaviour", [DisguisedRider(copied=0.3), UpdateNoise(), StaleRider()])
def test_a_retrained_coalition_of_everyone_is_the_run_whatever_one_member_sends(
    make_federation, make_member, quick, behaviour
):
    rows = 9 if behaviour.needs_rows else 0
    made = make_federation(
        make_member("ada", 23), make_member("odd", rows, behaviour=behaviour, declared=9)
    )
    record = train(made, ModelSpec(), quick, seed=3)

    game = RetrainingGame(made, ModelSpec(), quick, rounds=3, seed=3)

    gained = record.metrics[-1].log_likelihood - record.metrics[0].log_likelihood
    assert record.rounds[1].updates[1].any()
    assert game.worth(np.array([[True, True]]))[0] == pytest.approx(gained, abs=2e-6)


def test_feature_noise_is_measured_in_each_columns_own_spread():
    stream = np.random.default_rng(0)
    features = (stream.normal(size=(5000, 3)) * [1, 100, 0] + 7).astype(np.float32)
    labels = np.zeros(5000, dtype=np.int64)

    noisy, same = FeatureNoise(0.5).prepare((features, labels), 2, stream)

    added = (noisy - features).std(axis=0)
    assert added == pytest.approx([0.5, 50, 0], rel=0.05)
    assert noisy.dtype == np.float32
    assert same is labels


def test_feature_noise_leaves_no_rows_as_they_are():
    features, labels = FeatureNoise().prepare(rows(0, 2), 2, np.random.default_rng(0))

    assert len(features) == len(labels) == 0


@pytest.mark.parametrize("kind", [DisguisedRider, FeatureNoise, UpdateNoise])
@pytest.mark.parametrize("noise", [-0.1, float("inf"), float("nan")])
def test_noise_that_cannot_be_drawn_is_refused(kind, noise):
    with pytest.raises(TrainingError, match=f"strength {noise}") as caught:
        kind(noise)

    assert "0 or more" in caught.value.hint


@pytest.mark.parametrize("kind", ["nan", "inf"])
def test_a_faulty_member_sends_what_is_no_number(kind):
    sent = Faulty(kind).send(torch.ones(2, 3), CONTEXT)

    assert sent.shape == (2, 3)
    assert not sent.isfinite().any()


def test_a_faulty_member_can_send_the_wrong_shape():
    assert Faulty("shape").send(torch.ones(2, 3), CONTEXT).shape == (2, 4)


def test_an_unknown_fault_is_refused_with_the_nearest():
    with pytest.raises(TrainingError, match="'nann'") as caught:
        Faulty("nann")

    assert "'nan'" in caught.value.hint


def test_a_share_above_one_is_refused():
    with pytest.raises(TrainingError, match=r"share of 1\.2"):
        LabelFlip(1.2)


def test_under_effort_takes_its_share_of_the_steps_and_keeps_its_weight(
    make_federation, make_member, quick
):
    def last_round(behaviour):
        made = make_federation(
            make_member("ada", 23), make_member("bob", 40, behaviour=behaviour, declared=40)
        )
        return train(made, ModelSpec(), quick, seed=3).rounds[0]

    full, half = last_round(Honest()), last_round(UnderEffort(0.5))

    # 2 epochs of 5 batches: half of them are the first epoch, which was the same.
    assert 0.4 < np.linalg.norm(half.updates[1]) / np.linalg.norm(full.updates[1]) < 0.9
    assert np.array_equal(half.updates[0], full.updates[0])
    assert np.array_equal(half.weights, full.weights)


def test_under_effort_rounds_up_and_leaves_the_rest_to_what_it_does_otherwise():
    lazy = UnderEffort(0.5, otherwise=LabelFlip(1.0))

    _, flipped = lazy.prepare(rows(6, 2), 2, np.random.default_rng(0))

    assert [lazy.steps(agreed) for agreed in (0, 1, 5, 6)] == [0, 1, 3, 3]
    assert (flipped == 1 - rows(6, 2)[1]).all()
    assert UnderEffort(0.5, otherwise=FreeRider()).steps(8) == 0


@pytest.mark.parametrize("effort", [0.0, -1.0, 1.1, float("nan")])
def test_an_effort_that_is_no_part_of_the_work_is_refused(effort):
    with pytest.raises(TrainingError, match="effort of"):
        UnderEffort(effort)


def test_a_drop_out_is_left_out_of_some_rounds_and_the_others_weigh_more(
    make_federation, make_member
):
    made = make_federation(make_member("ada", 23), make_member("bob", 23, behaviour=DropOut(0.5)))
    settings = TrainingSettings(rounds=20, local_epochs=1, batch_size=8, tolerance=0.0)

    record = train(made, ModelSpec(), settings, seed=3)

    missing = record.excluded()["bob"]
    assert 5 < len(missing) < 15
    assert set(missing.values()) == {"did not answer"}
    for round_ in record.rounds:
        gone = round_.number in missing
        assert round_.weights.tolist() == ([1.0, 0.0] if gone else [0.5, 0.5])


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_a_rate_that_is_no_chance_is_refused(rate):
    with pytest.raises(TrainingError, match="no chance"):
        DropOut(rate)


def copied(**options):
    partition = Partition(participants=3, recipe="iid")
    return federate(load_builtin("digits"), seed=0, partition=partition, roles=[Role(**options)])


def test_a_copy_trains_on_the_others_rows_and_measures_nobody():
    made = copied(name="copy", copy_of="member-2")

    original, copy = made.members[1], made.members[3]
    assert (copy.features == original.features).all()
    assert (copy.labels == original.labels).all()
    assert copy.declared_rows == original.declared_rows
    assert len(original.labels) > 400
    assert set(made.validation_owners) == {0, 1, 2}


def test_a_copy_behaves_in_its_own_way_on_the_rows_it_has():
    made = copied(name="copy", copy_of="member-2", behaviour=LabelFlip(1.0))

    assert (made.members[3].labels != made.members[1].labels).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "copy", "copy_of": "membre-2"}, "no participant is called 'membre-2'"),
        ({"name": "member-1", "copy_of": "member-2"}, "rows of its own"),
        (
            {"name": "copy", "copy_of": "member-2", "rows_from": "member-1", "row_count": 5},
            "takes from 'member-1' and is a copy of 'member-2'",
        ),
    ],
)
def test_a_copy_of_nobody_or_of_two_is_refused(options, said):
    with pytest.raises(DataError, match=said) as caught:
        copied(**options)

    assert caught.value.hint


def test_a_scenario_can_name_every_noise_and_copy():
    noisy = ["disguised-rider", "feature-noise", "update-noise"]
    members = [
        {"name": f"member-{k}", "behaviour": b, "noise": 0.25} for k, b in enumerate(noisy, 1)
    ]
    scenario = Scenario.model_validate(
        {
            "name": "noises",
            "data": {"source": "digits", "partition": {"participants": 5}},
            "members": [*members, {"name": "copy", "copy_of": "member-5"}],
        }
    )

    made = assemble(scenario).federation

    assert [member.behaviour.noise for member in made.members[:3]] == [0.25] * 3
    assert (made.members[5].labels == made.members[4].labels).all()


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_can_be_made_by_its_name_alone(name):
    assert isinstance(BEHAVIOURS[name]().needs_rows, bool)


def test_the_mapping_of_behaviours_is_read_only():
    with pytest.raises(TypeError):
        BEHAVIOURS["mine"] = FreeRider
