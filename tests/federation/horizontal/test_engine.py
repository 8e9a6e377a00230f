"""Training in batches of models is training each model in a plain loop."""

from __future__ import annotations

import sys

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from fedmerit.federation import ModelSpec, TrainingSettings
from fedmerit.federation.horizontal.engine import Engine

MODULE = """
import torch
from torch import nn

class Gated(nn.Module):
    def __init__(self, in_features, classes):
        super().__init__()
        self.norm = nn.LayerNorm(in_features)
        self.gate = nn.Parameter(torch.full((in_features,), 0.5))
        self.head = nn.Linear(in_features, classes)

    def forward(self, rows):
        return self.head(self.norm(rows) * torch.sigmoid(self.gate))
"""


@pytest.fixture
def specs(tmp_path, monkeypatch):
    (tmp_path / "house_gated.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield {
        "logistic": ModelSpec(),
        "mlp": ModelSpec(kind="mlp", hidden=(6,)),
        "deep": ModelSpec(kind="mlp", hidden=(10, 4)),
        "custom": ModelSpec(kind="house_gated:Gated"),
    }
    sys.modules.pop("house_gated", None)


def plainly_trained(engine, spec, start, member, round_):
    """Give one member's update by an ordinary loop over batches with torch.optim.SGD."""
    module = spec.build(member.features.shape[1], 3)
    vector_to_parameters(start.clone(), module.parameters())  # it trains in place
    settings = engine.settings
    optimiser = torch.optim.SGD(
        module.parameters(), lr=settings.learning_rate, momentum=settings.momentum
    )
    features, labels = torch.from_numpy(member.features), torch.from_numpy(member.labels)
    for batch in engine.draw(member, round_):
        optimiser.zero_grad()
        cross_entropy(module(features[batch]), labels[batch]).backward()
        optimiser.step()
    return parameters_to_vector(module.parameters()).detach() - start


def random_models(engine, count):
    stream = torch.Generator().manual_seed(0)
    initial = engine.network.initial
    return initial + 0.2 * torch.randn(count, len(initial), generator=stream)


@pytest.mark.parametrize("kind", ["logistic", "mlp", "deep", "custom"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_batched_updates_equal_a_plain_loops(specs, ragged, kind, momentum):
    settings = TrainingSettings(local_epochs=3, batch_size=8, learning_rate=0.1, momentum=momentum)
    engine = Engine(ragged, specs[kind], settings, seed=4)
    models = random_models(engine, 2)

    updates = engine.updates(models, torch.ones(2, 3, dtype=torch.bool), 5)

    for model, row in zip(models, updates, strict=True):
        for member, update in zip(ragged.members, row, strict=True):
            expected = plainly_trained(engine, specs[kind], model, member, 5)
            assert torch.allclose(update, expected, atol=1e-5)
            assert update.any()


def test_only_those_who_take_part_are_trained(ragged, quick):
    engine = Engine(ragged, ModelSpec(), quick, seed=0)
    taking_part = torch.tensor([[True, False, True], [False, True, False]])

    updates = engine.updates(random_models(engine, 2), taking_part, 1)

    assert torch.equal(updates.any(dim=2), taking_part)


def test_a_member_without_rows_changes_nothing(make_federation, make_member, quick):
    engine = Engine(
        make_federation(make_member("ada", 9), make_member("rider", 0)), ModelSpec(), quick, seed=0
    )

    updates = engine.updates(random_models(engine, 1), torch.ones(1, 2, dtype=torch.bool), 1)

    assert updates[0, 0].any()
    assert not updates[0, 1].any()


def test_nobody_with_rows_is_no_error(make_federation, make_member, quick):
    engine = Engine(make_federation(make_member("rider", 0)), ModelSpec(), quick, seed=0)

    assert not engine.updates(random_models(engine, 1), torch.ones(1, 1, dtype=torch.bool), 1).any()


def test_a_members_updates_do_not_depend_on_who_else_there_is(make_federation, make_member, quick):
    spec = ModelSpec(kind="mlp", hidden=(5,))
    ada, bob, cyd = make_member("ada", 23), make_member("bob", 70), make_member("cyd", 4)
    few = Engine(make_federation(ada), spec, quick, seed=9)
    many = Engine(make_federation(bob, cyd, ada), spec, quick, seed=9)
    models = random_models(few, 1)

    alone = few.updates(models, torch.ones(1, 1, dtype=torch.bool), 1)[0, 0]
    among = many.updates(models, torch.ones(1, 3, dtype=torch.bool), 1)[0, 2]

    assert torch.allclose(alone, among, atol=1e-6)


@pytest.mark.parametrize("kind", ["logistic", "mlp", "custom"])
@pytest.mark.parametrize("pairs", [1, 2, 5, 30])
def test_the_number_of_pairs_at_once_changes_no_result(specs, ragged, quick, kind, pairs):
    engine = Engine(ragged, specs[kind], quick, seed=0)
    models, everyone = random_models(engine, 20), torch.ones(20, 3, dtype=torch.bool)
    expected = engine.updates(models, everyone, 1)

    engine._pairs_at_once = pairs

    updates = engine.updates(models, everyone, 1)
    assert torch.allclose(updates, expected, atol=1e-6)
    assert kind == "custom" or torch.equal(updates, expected)


@pytest.mark.parametrize("kind", ["logistic", "mlp"])
def test_an_update_is_the_same_to_the_bit_however_many_models_there_are(specs, ragged, quick, kind):
    engine = Engine(ragged, specs[kind], quick, seed=0)
    models = random_models(engine, 50)
    some = torch.rand(50, 3, generator=torch.Generator().manual_seed(1)) < 0.6

    together = engine.updates(models, some, 1)

    for index in range(50):
        alone = engine.updates(models[index : index + 1], some[index : index + 1], 1)
        assert torch.equal(alone[0], together[index])


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_an_update_is_the_same_to_the_bit_on_any_number_of_threads(specs, ragged, quick, threads):
    engine = Engine(ragged, specs["mlp"], quick, seed=0)
    models, everyone = random_models(engine, 50), torch.ones(50, 3, dtype=torch.bool)
    before, here = torch.get_num_threads(), engine.updates(models, everyone, 1)
    try:
        torch.set_num_threads(threads)
        there = engine.updates(models, everyone, 1)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)

    assert torch.equal(there, here)


def test_equal_models_are_trained_once(ragged, quick, monkeypatch):
    engine = Engine(ragged, ModelSpec(kind="mlp", hidden=(5,)), quick, seed=0)
    two = random_models(engine, 2)
    models = two[[0, 1, 0, 0, 1, 0]]
    taking_part = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 1]])
    expected = torch.cat([engine.updates(two[:1], torch.ones(1, 3, dtype=torch.bool), 1)] * 6)
    expected[1] = engine.updates(two[1:], torch.tensor([[True, False, False]]), 1)[0]
    trained, descend = [], engine._descent.descend

    def counting(starts, steps, settings):
        trained.extend(starts.flatten(0, 1))
        return descend(starts, steps, settings)

    monkeypatch.setattr(engine._descent, "descend", counting)

    updates = engine.updates(models, taking_part.bool(), 1)

    assert torch.equal(updates, expected * taking_part[:, :, None])
    assert len(trained) == 4


def test_batches_are_every_row_once_an_epoch_and_new_each_round(ragged, quick):
    engine = Engine(ragged, ModelSpec(), quick, seed=0)
    ada = ragged.members[0]

    first, second = engine.draw(ada, 1), engine.draw(ada, 2)

    assert [len(batch) for batch in first] == [8, 8, 7, 8, 8, 7]
    assert sorted(row for batch in first[:3] for row in batch) == list(range(23))
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in second]
