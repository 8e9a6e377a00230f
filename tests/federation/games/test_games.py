"""The games are the run, with some members left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from fedmerit.errors import GameError
from fedmerit.federation import (
    Faulty,
    FreeRider,
    ModelSpec,
    RetrainingGame,
    train,
)

MLP = ModelSpec(kind="mlp", hidden=(5,))


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


@pytest.mark.parametrize(("participation", "full"), [(1.0, False), (0.5, False), (0.5, True)])
@pytest.mark.parametrize("spec", [ModelSpec(), MLP], ids=["logistic", "mlp"])
def test_everyone_together_is_the_run_and_nobody_is_worth_nothing(
    mixed, quick, spec, participation, full
):
    settings = replace(quick, participation=participation, full_round=full)
    record = train(mixed, spec, settings, seed=3)

    game = RetrainingGame(mixed, spec, settings, rounds=3, seed=3)

    nobody, everyone = game.worth(np.array([[False] * 4, [True] * 4]))
    before, after = record.metrics[0].log_likelihood, record.metrics[-1].log_likelihood
    assert nobody == 0
    assert everyone == pytest.approx(after - before, abs=2e-6)
    assert game.models(every(4))[-1].numpy().tobytes() == record.final.tobytes()


def test_a_coalition_is_the_run_that_its_members_alone_would_have_had(
    make_federation, make_member, quick
):
    ada, bob, cyd = make_member("ada", 23), make_member("bob", 9), make_member("cyd", 14)
    whole, alone = make_federation(ada, bob, cyd), make_federation(ada, cyd)

    game = RetrainingGame(whole, MLP, quick, rounds=3, seed=3)

    model = game.models(np.array([[True, False, True]]))[0].numpy()
    assert model == pytest.approx(train(alone, MLP, quick, seed=3).final, abs=1e-6)


def test_the_worth_is_the_mean_of_the_rows_in_whole_micro_nats(mixed, quick):
    game = RetrainingGame(mixed, MLP, quick, rounds=3, seed=3)

    rows = game.worth_by_row(every(4))

    micro = rows * 1e6
    assert rows.shape == (16, 40)
    assert micro == pytest.approx(np.rint(micro), abs=1e-6)
    assert game.worth(every(4)) == pytest.approx(rows.mean(axis=1), abs=1e-12)


def test_a_faulty_member_is_a_null_player(mixed, quick):
    game = RetrainingGame(mixed, MLP, quick, rounds=3, seed=3)
    coalitions = every(4)
    with_it, without = coalitions[coalitions[:, 3]], coalitions[~coalitions[:, 3]]

    assert game.worth(with_it) == pytest.approx(game.worth(without), abs=2e-6)


def test_a_free_rider_alone_is_worth_nothing_and_damps_the_others(mixed, quick):
    game = RetrainingGame(mixed, ModelSpec(), quick, rounds=1, seed=3)

    rider, ada, both = game.models(np.array([[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 1, 0]], dtype=bool))

    assert not rider.any()
    assert both.numpy() == pytest.approx(ada.numpy() * 23 / 35, abs=1e-6)


def test_chunks_of_any_size_give_the_same_worths(mixed, quick):
    coalitions = every(4)
    told = []

    whole = RetrainingGame(mixed, MLP, quick, rounds=3, seed=3)
    parts = RetrainingGame(
        mixed,
        MLP,
        quick,
        rounds=3,
        seed=3,
        memory_bytes=5000,
        progress=lambda done, total: told.append((done, total)),
    )

    assert torch.equal(parts.models(coalitions), whole.models(coalitions))
    told.clear()
    assert parts.worth_by_row(coalitions) == pytest.approx(whole.worth_by_row(coalitions), abs=2e-6)
    assert parts._at_once < 4
    assert told[-1] == (16, 16)
    assert told == sorted(told)


def test_no_coalition_is_no_error(mixed, quick):
    game = RetrainingGame(mixed, MLP, quick, rounds=1, seed=3)

    assert game.worth(np.zeros((0, 4), dtype=bool)).shape == (0,)


def test_coalitions_of_the_wrong_width_are_refused(mixed, quick):
    game = RetrainingGame(mixed, MLP, quick, rounds=1, seed=3)

    with pytest.raises(GameError, match=r"\(2, 3\) do not fit 4"):
        game.worth(np.ones((2, 3), dtype=bool))


@pytest.fixture
def crowd(make_federation, make_member):
    riding = {"rider": FreeRider(), "broken": Faulty("nan")}
    return make_federation(
        *(make_member(f"m{k}", 5 + 9 * k) for k in range(6)),
        *(make_member(name, 7, behaviour=behaviour) for name, behaviour in riding.items()),
    )


@pytest.mark.parametrize("participation", [1.0, 0.5])
def test_any_number_of_workers_trains_the_same_models(crowd, quick, participation):
    settings = replace(quick, participation=participation)
    games = [
        RetrainingGame(crowd, MLP, settings, rounds=3, seed=3, workers=workers)
        for workers in (1, 2, 4)
    ]

    alone, *shared = [game.models(every(8)) for game in games]

    assert alone[-1].numpy().tobytes() == train(crowd, MLP, settings, seed=3).final.tobytes()
    assert len(alone.unique(dim=0)) > 50
    assert all(torch.equal(models, alone) for models in shared)


def test_workers_leave_torchs_threads_and_each_others_alone(crowd, quick):
    before, heard = torch.get_num_threads(), []
    torch.set_num_threads(2)
    game = RetrainingGame(
        crowd,
        MLP,
        quick,
        rounds=1,
        seed=3,
        workers=2,
        progress=lambda *_: heard.append(torch.get_num_threads()),
    )

    game.worth(every(8))

    heard.append(torch.get_num_threads())
    torch.set_num_threads(before)
    assert heard == [1, 2]


def test_the_order_of_the_question_changes_no_model(crowd, quick):
    game = RetrainingGame(crowd, MLP, quick, rounds=2, seed=3)
    coalitions = every(8)
    mixed_up = np.random.default_rng(0).permutation(256)

    assert torch.equal(game.models(coalitions[mixed_up]), game.models(coalitions)[mixed_up])


def test_the_numbers_do_not_depend_on_how_many_threads_torch_has(mixed, quick):
    before, found = torch.get_num_threads(), []

    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        game = RetrainingGame(mixed, MLP, quick, rounds=2, seed=3)
        found.append((game.worth_by_row(every(4)), train(mixed, MLP, quick, seed=3).final))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)

    assert all(np.array_equal(worths, found[0][0]) for worths, _ in found)
    assert all(np.array_equal(final, found[0][1]) for _, final in found)
