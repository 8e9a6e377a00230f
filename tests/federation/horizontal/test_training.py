"""FedAvg as McMahan et al. (2017) define it, exactly repeatable."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from fedmerit.errors import TrainingError
from fedmerit.federation import Faulty, FreeRider, ModelSpec, pooled_baseline, train
from fedmerit.federation.horizontal.sampling import sampled

MLP = ModelSpec(kind="mlp", hidden=(5,))


def assert_same_rounds(first, second):
    assert len(first.rounds) == len(second.rounds)
    for one, other in zip(first.rounds, second.rounds, strict=True):
        assert one.global_before.tobytes() == other.global_before.tobytes()
        assert one.updates.tobytes() == other.updates.tobytes()
        assert one.weights.tobytes() == other.weights.tobytes()
    assert first.final.tobytes() == second.final.tobytes()


def test_the_next_model_is_the_average_weighted_by_declared_rows(
    make_federation, make_member, quick
):
    made = make_federation(make_member("ada", 20, declared=10), make_member("bob", 12, declared=30))

    record = train(made, ModelSpec(), quick, seed=0)

    first, second = record.rounds[:2]
    by_hand = 0.25 * first.updates[0] + 0.75 * first.updates[1]
    assert first.weights.tolist() == [0.25, 0.75]
    assert second.global_before == pytest.approx(first.global_before + by_hand, abs=1e-6)


def test_training_learns(ragged, quick):
    record = train(ragged, MLP, replace(quick, rounds=20), seed=0)

    assert record.metrics[-1].log_likelihood > record.metrics[0].log_likelihood + 0.1
    assert record.metrics[-1].accuracy > record.metrics[0].accuracy
    assert len(record.metrics) == 21


def test_the_same_seed_gives_the_same_bits_and_another_does_not(ragged, quick):
    first, again, other = (train(ragged, MLP, quick, seed=seed) for seed in (1, 1, 2))

    assert_same_rounds(first, again)
    assert first.metrics == again.metrics
    assert first.final.tobytes() != other.final.tobytes()


@pytest.mark.parametrize("done", [0, 1, 3])
def test_an_interrupted_run_continues_to_the_same_bits(ragged, quick, done):
    settings = replace(quick, participation=0.6)
    whole = train(ragged, MLP, settings, seed=1)
    heard = []

    continued = train(
        ragged, MLP, settings, seed=1, so_far=whole.rounds[:done], on_round=heard.append
    )

    assert_same_rounds(whole, continued)
    assert whole.metrics == continued.metrics
    assert [round_.number for round_ in heard] == list(range(done + 1, 4))


def test_a_converged_run_is_not_continued(ragged, quick):
    settings = replace(quick, rounds=50, tolerance=0.5)
    whole = train(ragged, MLP, settings, seed=1)

    continued = train(ragged, MLP, settings, seed=1, so_far=whole.rounds)

    assert continued.stop == "converged"
    assert len(continued.rounds) == len(whole.rounds)


def test_rounds_of_another_run_are_not_continued(ragged, quick):
    other = train(ragged, MLP, quick, seed=2)

    with pytest.raises(TrainingError, match="round 1 did not start"):
        train(ragged, MLP, quick, seed=1, so_far=other.rounds)


def test_rounds_of_another_shape_or_order_are_not_continued(ragged, quick):
    record = train(ragged, MLP, quick, seed=1)

    with pytest.raises(TrainingError, match="cannot be round 1"):
        train(ragged, ModelSpec(), quick, seed=1, so_far=record.rounds)
    with pytest.raises(TrainingError, match="round 2"):
        train(ragged, MLP, quick, seed=1, so_far=record.rounds[1:])


def test_adding_a_member_changes_nobodys_first_update(make_federation, make_member, quick):
    ada, bob, cyd = (make_member(name, 15) for name in ("ada", "bob", "cyd"))

    few = train(make_federation(ada, bob), MLP, quick, seed=0).rounds[0]
    many = train(make_federation(ada, bob, cyd), MLP, quick, seed=0).rounds[0]

    assert few.updates == pytest.approx(many.updates[:2], abs=1e-6)


def test_a_round_samples_the_stated_share_and_at_least_one():
    names = [f"member {k}" for k in range(10)]

    half = [sampled(names, 0.5, round_=k, seed=0) for k in range(200)]
    least = [sampled(names, 0.01, round_=k, seed=0) for k in range(20)]

    assert {int(chosen.sum()) for chosen in half} == {5}
    assert {int(chosen.sum()) for chosen in least} == {1}
    assert 0.35 < np.mean(half, axis=0).min() <= np.mean(half, axis=0).max() < 0.65


def test_a_full_round_has_everyone_first_and_changes_no_later_draw():
    names = [f"member {k}" for k in range(10)]

    usual, full = (
        [sampled(names, 0.3, round_=k, seed=0, full_round=full) for k in range(1, 6)]
        for full in (False, True)
    )

    assert full[0].all()
    assert not usual[0].all()
    assert np.array_equal(full[1:], usual[1:])


def test_those_not_sampled_weigh_nothing_and_are_sent_nothing(ragged, quick):
    record = train(ragged, ModelSpec(), replace(quick, participation=0.5, rounds=8), seed=0)

    for round_ in record.rounds:
        out = round_.weights == 0
        assert out.sum() == 1
        assert not round_.updates[out].any()
        assert round_.weights.sum() == pytest.approx(1)
        assert round_.bytes_up == round_.bytes_down == 2 * 4 * 15


def test_a_model_that_stands_still_ends_the_training(ragged, quick):
    settings = replace(quick, rounds=100, tolerance=0.2, patience=2)

    record = train(ragged, ModelSpec(), settings, seed=0)

    assert record.stop == "converged"
    globals_ = [*(round_.global_before for round_ in record.rounds), record.final]
    moved = [np.linalg.norm(b - a) / np.linalg.norm(b) for a, b in pairwise(globals_)]
    assert max(moved[-2:]) < 0.2
    assert not any(max(pair) < 0.2 for pair in pairwise(moved[:-1]))


def test_a_run_that_uses_its_rounds_up_says_so(ragged, quick):
    assert train(ragged, ModelSpec(), quick, seed=0).stop == "rounds"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("nan", "15 of 15 values were NaN or infinite"),
        ("inf", "15 of 15 values were NaN or infinite"),
        ("shape", "sent 16 values for 15 parameters"),
    ],
)
def test_a_faulty_member_is_excluded_and_the_run_is_as_without_it(
    make_federation, make_member, quick, kind, reason
):
    ada, bob = make_member("ada", 15), make_member("bob", 9)
    broken = make_member("broken", 12, behaviour=Faulty(kind))

    record = train(make_federation(ada, broken, bob), ModelSpec(), quick, seed=0)
    without = train(make_federation(ada, bob), ModelSpec(), quick, seed=0)

    assert record.excluded() == {"broken": dict.fromkeys((1, 2, 3), reason)}
    assert not any(round_.updates[1].any() or round_.weights[1] for round_ in record.rounds)
    assert record.final == pytest.approx(without.final, abs=1e-6)
    assert record.idle == ()


def test_a_round_that_nobody_survives_leaves_the_model(make_federation, make_member, quick):
    made = make_federation(make_member("broken", 12, behaviour=Faulty("nan")))

    record = train(made, MLP, replace(quick, tolerance=1e-3), seed=0)

    assert len(record.rounds) == 3
    assert record.final.tobytes() == record.rounds[0].global_before.tobytes()
    assert record.rounds[0].weights.tolist() == [0]


def test_a_diverging_member_is_excluded_and_the_run_goes_on(make_federation, make_member, quick):
    wild = make_member("wild", 16)
    wild.features[:] *= np.float32(1e30)

    record = train(make_federation(make_member("ada", 16), wild), MLP, quick, seed=0)

    assert set(record.excluded()) == {"wild"}
    assert np.isfinite(record.final).all()


def test_members_whose_every_update_was_zero_are_named(make_federation, make_member, quick):
    made = make_federation(
        make_member("ada", 15), make_member("rider", 0, behaviour=FreeRider(), declared=15)
    )

    record = train(made, ModelSpec(), quick, seed=0)

    assert record.idle == ("rider",)
    assert record.rounds[0].weights.tolist() == [0.5, 0.5]


class Stale:
    """Sends what the global model last moved by: a free-rider that does not look like one."""

    needs_rows = False

    def prepare(self, rows, _classes, _stream):
        return rows

    def send(self, _updates, exchange):
        return exchange.before - exchange.previous


def test_a_behaviour_sees_the_model_of_the_round_before(make_federation, make_member, quick):
    made = make_federation(make_member("ada", 15), make_member("stale", 0, behaviour=Stale()))

    whole = train(made, MLP, quick, seed=0)
    continued = train(made, MLP, quick, seed=0, so_far=whole.rounds[:2])

    moved = whole.rounds[1].global_before - whole.rounds[0].global_before
    assert whole.rounds[2].global_before - moved == pytest.approx(
        whole.rounds[1].global_before + whole.rounds[1].updates.T @ whole.rounds[1].weights - moved,
        abs=1e-6,
    )
    assert (whole.rounds[1].updates[1] == moved).all()
    assert_same_rounds(whole, continued)


def test_the_pooled_model_is_one_members_with_everybodys_rows(make_federation, make_member, quick):
    ada, bob = make_member("ada", 15), make_member("bob", 9)
    everyone = replace(
        ada,
        name="everyone",
        features=np.concatenate([ada.features, bob.features]),
        labels=np.concatenate([ada.labels, bob.labels]),
    )

    pooled = pooled_baseline(make_federation(ada, bob), MLP, quick, rounds=3, seed=0)

    assert pooled == train(make_federation(everyone), MLP, quick, seed=0).metrics[-1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_trains_the_same_model(ragged, quick):
    on_cpu = train(ragged, MLP, quick, seed=0)
    on_gpu = train(ragged, MLP, replace(quick, device="cuda"), seed=0)

    assert on_gpu.final == pytest.approx(on_cpu.final, abs=1e-4)
