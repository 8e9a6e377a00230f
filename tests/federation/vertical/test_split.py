"""Split learning learns what one network learns, encrypted or not, and protects what it says."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from fedmerit.errors import TrainingError
from fedmerit.federation import ModelSpec
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.vertical.tables import area_under_curve

MLP = ModelSpec(kind="mlp", hidden=(6,))
QUICK = SplitSettings(
    bottom=MLP, top=MLP, width=3, epochs=3, batch_size=16, learning_rate=0.5, key_bits=512
)


@pytest.fixture
def made(make_task):
    return make_task(2, 3, 2, rows=120, held_out=60)


def test_a_split_network_learns(made):
    found = train_split(made, replace(QUICK, epochs=15), seed=0)

    assert area_under_curve(made.held_out_labels, found.scores) > 0.9
    assert found.embeddings["bank"][0].shape == (120, 3)
    assert set(found.bottoms) == set(made.participants)


class Gated(nn.Module):
    """A module of somebody's own: one layer gates another."""

    def __init__(self, in_features, classes):
        super().__init__()
        self.open = nn.Linear(in_features, classes)
        self.gate = nn.Linear(in_features, classes)

    def forward(self, rows):
        return self.open(rows) * torch.sigmoid(self.gate(rows))


@pytest.mark.parametrize("forward", ["plain", "encrypted"])
def test_parties_may_have_any_module_at_either_end(made, forward, monkeypatch):
    monkeypatch.setitem(sys.modules, "house", SimpleNamespace(Gated=Gated))
    own = ModelSpec(kind="house:Gated")
    settings = replace(QUICK, bottom=own, top=own, epochs=12, forward=forward)

    found = train_split(made, settings, seed=0)

    assert set(found.bottoms["bank"]) == {"open.weight", "open.bias", "gate.weight", "gate.bias"}
    assert area_under_curve(made.held_out_labels, found.scores) > 0.85


def test_one_batch_moves_all_networks_as_backpropagation_through_their_whole_does(make_task):
    made = make_task(0, 3, 2, rows=16)
    settings = replace(QUICK, epochs=1)
    before = train_split(made, replace(settings, learning_rate=1e-12), seed=0).bottoms

    after = train_split(made, settings, seed=0).bottoms

    def net(state):
        module = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
        for name in ("0", "2"):
            for part in ("weight", "bias"):
                value = nn.Parameter(torch.from_numpy(state[f"{name}.{part}"].copy()))
                setattr(module[int(name)], part, value)
        return module

    nets = {name: net(state) for name, state in before.items()}
    rows = [torch.from_numpy(c.training).float() for c in made.parties[1:]]
    cut = torch.cat([nets["bank"](rows[0]), nets["noise"](rows[1])], dim=1)
    labels = torch.from_numpy(made.labels.astype(np.int64))
    nn.functional.cross_entropy(nets["shop"](cut), labels).backward()
    for name, module in nets.items():
        for key, parameter in module.named_parameters():
            expected = parameter - 0.5 * parameter.grad
            assert np.allclose(after[name][key], expected.detach().numpy(), atol=1e-6)


def test_encryption_changes_no_more_than_rounding(made):
    encrypted = replace(QUICK, forward="encrypted", epochs=2)
    one = train_split(made, encrypted, seed=0)
    two = train_split(made, encrypted, seed=0)

    assert np.array_equal(one.scores, two.scores)
    assert one.embeddings == {}
    assert area_under_curve(made.held_out_labels, one.scores) > 0.75


def test_the_same_seed_and_secret_give_the_same_bits_and_another_secret_others(made):
    noisy = replace(QUICK, labels=NoiseSettings(clip=1, noise=1, micro_batch=4))
    one, two, other = (train_split(made, noisy, seed=0, secret=s).scores for s in (1, 1, 2))

    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_without_a_secret_noise_is_the_runs_own(made):
    noisy = replace(QUICK, labels=NoiseSettings(clip=1, noise=1))
    one, two = (train_split(made, noisy, seed=0).scores for _ in range(2))

    assert not np.array_equal(one, two)


def test_micro_batches_alone_change_nothing(made):
    one, five = (
        train_split(made, replace(QUICK, labels=NoiseSettings(micro_batch=m)), seed=0).scores
        for m in (1, 5)
    )

    assert np.allclose(one, five, atol=1e-4)


def test_epsilons_are_stated_for_labels_and_features(made):
    settings = replace(QUICK, epochs=1, labels=NoiseSettings(clip=1, noise=10))

    found = train_split(made, settings, seed=0, secret=0)

    assert found.epsilons["labels"] == pytest.approx(1.2, abs=0.2)
    assert found.epsilons["features"] == float("inf")


def test_encrypting_a_single_embedding_is_refused(make_task):
    with pytest.raises(TrainingError, match="the sum of one embedding"):
        train_split(make_task(1, 2), replace(QUICK, forward="encrypted"), seed=0)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"width": 0}, {"learning_rate": 0}])
def test_settings_that_train_nothing_are_refused(wrong):
    with pytest.raises(TrainingError):
        replace(QUICK, **wrong)
