"""Any module is a flat vector, and an unfit one is refused by name."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pytest
import torch

from fedmerit.errors import TrainingError
from fedmerit.federation import ModelSpec, network
from fedmerit.federation.models import Network

MODULES = """
    import torch
    from torch import nn

    class Fit(nn.Module):
        def __init__(self, in_features, classes, width=3):
            super().__init__()
            self.norm = nn.LayerNorm(in_features)
            self.skip = nn.Linear(in_features, classes, bias=False)
            self.frozen = nn.Linear(in_features, width)
            self.frozen.requires_grad_(False)
            self.head = nn.Linear(width, classes)

        def forward(self, rows):
            hidden = torch.tanh(self.frozen(self.norm(rows)))
            return self.head(hidden) + self.skip(rows)

    class Running(nn.Sequential):
        def __init__(self, in_features, classes):
            normal = nn.BatchNorm1d(in_features, momentum=None)
            super().__init__(normal, nn.Linear(in_features, classes))

    class Twice(nn.Module):
        def __init__(self, in_features, classes):
            super().__init__()
            self.norm, self.leave = nn.BatchNorm1d(in_features), nn.Linear(in_features, classes)

        def forward(self, rows):
            return self.leave(self.norm(self.norm(rows).relu()))

    class Uncalled(nn.Linear):
        def __init__(self, in_features, classes):
            super().__init__(in_features, classes)
            self.norm = nn.BatchNorm1d(in_features)

    class Planes(nn.Sequential):
        def __init__(self, in_features, classes):
            normal = nn.BatchNorm2d(1)
            deep = nn.Unflatten(1, (1, 1, in_features))
            super().__init__(deep, normal, nn.Flatten(), nn.Linear(in_features, classes))

    class Deep(nn.Sequential):
        def __init__(self, in_features, classes):
            deep = nn.Unflatten(1, (in_features, 1))
            normal = nn.BatchNorm1d(in_features)
            super().__init__(deep, normal, nn.Flatten(), nn.Linear(in_features, classes))

    class Mixing(nn.Sequential):
        def __init__(self, in_features, classes):
            normal = nn.BatchNorm1d(in_features, track_running_stats=False)
            super().__init__(normal, nn.Linear(in_features, classes))

    class Standardising(nn.Linear):
        def __init__(self, in_features, classes):
            super().__init__(in_features, classes)

        def forward(self, rows):
            return super().forward((rows - rows.mean(0)) / rows.std(0))

    class Attending(nn.Module):
        def __init__(self, in_features, classes):
            super().__init__()
            self.enter = nn.Linear(in_features, 4)
            self.attention = nn.MultiheadAttention(4, 1, batch_first=True)
            self.leave = nn.Linear(4, classes)

        def forward(self, rows):
            hidden = self.enter(rows)[None]
            return self.leave(self.attention(hidden, hidden, hidden)[0][0])

    class Counting(nn.Linear):
        def __init__(self, in_features, classes):
            super().__init__(in_features, classes)
            nn.init.zeros_(self.weight)
            nn.init.zeros_(self.bias)

        def forward(self, rows):
            return super().forward(rows) / len(rows)

    class Spectral(nn.Sequential):
        def __init__(self, in_features, classes):
            normal = nn.utils.parametrizations.spectral_norm(nn.Linear(in_features, 4))
            super().__init__(normal, nn.Linear(4, classes))

    class Recurrent(nn.Module):
        def __init__(self, in_features, classes):
            super().__init__()
            self.cells = nn.GRU(1, 4, batch_first=True)
            self.leave = nn.Linear(4, classes)

        def forward(self, rows):
            return self.leave(self.cells(rows[:, :, None])[0][:, -1])

    class Branching(nn.Linear):
        def __init__(self, in_features, classes):
            super().__init__(in_features, classes)

        def forward(self, rows):
            scores = super().forward(rows)
            return scores if scores.sum() > 0 else -scores

    class Dropping(nn.Sequential):
        def __init__(self, in_features, classes):
            super().__init__(nn.Linear(in_features, classes), nn.Dropout())

    class Narrow(nn.Linear):
        def __init__(self, in_features, classes):
            super().__init__(in_features, 1)

    class Empty(nn.Identity):
        def __init__(self, in_features, classes):
            super().__init__()

    class Raising(nn.Module):
        def __init__(self, in_features, classes):
            raise RuntimeError("no weights here")

    def number(in_features, classes):
        return 7
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    (tmp_path / "house_modules.py").write_text(dedent(MODULES))
    monkeypatch.syspath_prepend(tmp_path)
    yield "house_modules"
    sys.modules.pop("house_modules", None)


def built(kind, *, seed=0, **options):
    return Network(ModelSpec(kind=kind, **options), in_features=4, classes=3, seed=seed)


def test_logistic_regression_starts_at_zero():
    assert built("logistic").initial.tolist() == [0.0] * 15


def test_an_mlp_has_the_layers_it_was_asked_for():
    assert built("mlp", hidden=(5, 2)).initial.numel() == 4 * 5 + 5 + 5 * 2 + 2 + 2 * 3 + 3


def test_initial_parameters_follow_the_seed_and_nothing_else():
    torch.manual_seed(1)
    first = built("mlp", seed=3).initial
    torch.manual_seed(2)

    assert torch.equal(first, built("mlp", seed=3).initial)
    assert not torch.equal(first, built("mlp", seed=4).initial)


def test_building_a_model_leaves_torchs_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)

    built("mlp")

    assert torch.equal(torch.rand(3), expected)


def test_gradients_of_a_batch_of_models_are_those_of_each_alone(modules):
    fit = built(f"{modules}:Fit", arguments={"width": 6})
    models = fit.initial + 0.3 * torch.randn(5, len(fit.initial))
    rows, labels = torch.randn(5, 7, 4), torch.randint(3, (5, 7))
    weights = torch.full((5, 7), 1 / 7)

    together = fit.gradients(models, rows, labels, weights)

    for index, model in enumerate(models):
        leaf = model.clone().requires_grad_()
        fit._loss(leaf, rows[index], labels[index], weights[index]).backward()
        assert torch.allclose(together[index], leaf.grad, atol=1e-6)


def test_frozen_parameters_are_not_part_of_the_model(modules):
    fit = built(f"{modules}:Fit", arguments={"width": 6})

    assert fit.initial.numel() == 2 * 4 + 4 * 3 + 6 * 3 + 3


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("Running", "0.running_mean, 0.running_var", "GroupNorm"),
        ("Planes", "1.running_mean, 1.running_var", "GroupNorm"),
        ("Twice", "called twice for a batch", ""),
        ("Uncalled", "does not call", "Leave that layer out"),
        ("Deep", "given 3 dimensions", ""),
        ("Mixing", "scores a row otherwise beside other rows", "LayerNorm"),
        ("Standardising", "scores a row otherwise beside other rows", "LayerNorm"),
        ("Attending", "scores a row otherwise beside other rows", "attend"),
        ("Counting", "scores a row otherwise beside other rows", "by itself"),
        ("Spectral", r"changes its buffers when it is called: .*_u", "spectral"),
        ("Recurrent", "cannot be trained in batches of models", "'gru'"),
        ("Branching", "cannot be trained in batches of models", "torch.where"),
        ("Dropping", "cannot be trained in batches of models", "dropout"),
        ("Narrow", r"shape \(2, 1\), not \(2, 3\)", "one score per class"),
        ("Empty", "no parameters to train", "parameter"),
        ("Raising", "no weights here", "in_features"),
        ("number", "no subclass of torch.nn.Module", "Name a class"),
        ("Absent", "cannot be imported", "PYTHONPATH"),
    ],
)
def test_an_unfit_module_is_refused_by_name(modules, name, message, hint):
    with pytest.raises(TrainingError, match=message) as caught:
        built(f"{modules}:{name}")

    assert name in str(caught.value)
    assert hint in caught.value.hint


def test_a_module_that_cannot_be_found_is_refused():
    with pytest.raises(TrainingError, match="no_such_package"):
        built("no_such_package.models:Net")


def test_an_unknown_kind_is_refused_with_the_nearest():
    with pytest.raises(TrainingError, match="'logistc'") as caught:
        built("logistc")

    assert "'logistic'" in caught.value.hint


def test_an_mlp_layer_without_units_is_refused():
    with pytest.raises(TrainingError, match="widths"):
        built("mlp", hidden=(0,))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused(ragged):
    with pytest.raises(TrainingError, match="cuda") as caught:
        network(ragged, ModelSpec(), seed=0, device="cuda")

    assert "cpu" in caught.value.hint


def test_threads_that_share_a_network_do_not_mix_their_models():
    shared = Network(ModelSpec(kind="mlp", hidden=(8,)), in_features=6, classes=3, seed=0)
    drawn = torch.Generator().manual_seed(0)
    models = torch.randn(64, shared.initial.numel(), generator=drawn)
    rows = torch.randn(50, 6, generator=drawn)
    alone = [shared.logits(model[None], rows) for model in models]

    with ThreadPoolExecutor(4) as threads:
        for _ in range(10):
            together = threads.map(lambda model: shared.logits(model[None], rows), models)
            assert all(map(torch.equal, alone, together))
