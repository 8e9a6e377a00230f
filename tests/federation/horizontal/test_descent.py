"""Gradients written out are the automatic ones, and nobody's depend on who else is trained."""

from __future__ import annotations

import pytest
import torch

from fedmerit.federation import ModelSpec, TrainingSettings
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.horizontal.descent import Chained, Mapped, Step, descent
from fedmerit.federation.models import Network

SPECS = {
    "logistic": ModelSpec(),
    "narrow": ModelSpec(kind="mlp", hidden=(3,)),
    "wide": ModelSpec(kind="mlp", hidden=(24,)),
    "deep": ModelSpec(kind="mlp", hidden=(9, 2, 11)),
}
SHAPES = [(1, 1), (1, 9), (7, 1), (4, 3)]


def built(spec, *, columns=5, classes=3):
    return Network(spec, in_features=columns, classes=classes, seed=0)


def drawn(network, groups, each, *, columns=5, classes=3, steps=1, batch=16):
    """Give random models, and random steps of which every second group misses the last."""
    stream = torch.Generator().manual_seed(0)
    models = torch.randn(groups, each, len(network.initial), generator=stream)
    taken = []
    for step in range(steps):
        still = groups if step < steps - 1 else -(-groups // 2)
        weights = torch.full((still, batch), 1 / batch)
        weights[-1] = (torch.arange(batch) < 5) / 5
        features = torch.randn(still, batch, columns, generator=stream)
        taken.append((features, torch.randint(classes, (still, batch), generator=stream), weights))
    return models, taken


@single_thread()
def ended(way, models, steps, settings):
    prepared = [
        Step(way.ready(features.flatten(0, 1)).unflatten(0, labels.shape), labels, weights)
        for features, labels, weights in steps
    ]
    return way.descend(models, prepared, settings)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("classes", [2, 10])
def test_one_step_goes_down_the_automatic_gradient(spec, shape, classes):
    network = built(spec, classes=classes)
    models, steps = drawn(network, *shape, classes=classes)
    still = steps[0][0].shape[0]
    plain = TrainingSettings(learning_rate=1.0)

    moved = models - ended(Chained(network.widths), models, steps, plain)

    rows, labels, weights = (part.repeat_interleave(shape[1], 0) for part in steps[0])
    gradients = network.gradients(models[:still].flatten(0, 1), rows, labels, weights)
    assert gradients.any()
    assert torch.allclose(moved[:still].flatten(0, 1), gradients, atol=2e-6)
    assert not moved[still:].any()


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_many_steps_end_where_automatic_gradients_lead(spec, momentum):
    network = built(spec)
    models, steps = drawn(network, 4, 3, steps=6)
    settings = TrainingSettings(learning_rate=0.1, momentum=momentum)

    by_hand = ended(Chained(network.widths), models, steps, settings)

    assert torch.allclose(by_hand, ended(Mapped(network), models, steps, settings), atol=1e-5)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_what_padding_rows_hold_changes_no_bit(spec):
    network = built(spec)
    models, steps = drawn(network, 1, 9)
    features, labels, weights = steps[0]
    other = torch.where(weights[..., None] > 0, features, torch.ones(()))
    settings = TrainingSettings()

    first = ended(Chained(network.widths), models, steps, settings)

    assert (weights == 0).any()
    assert torch.equal(
        first, ended(Chained(network.widths), models, [(other, labels, weights)], settings)
    )


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("columns", [2, 13, 64])
@pytest.mark.parametrize("batch", [8, 32])
def test_a_model_ends_the_same_to_the_bit_whoever_is_in_its_group(spec, columns, batch):
    network = built(spec, columns=columns)
    models, steps = drawn(network, 1, 40, columns=columns, steps=3, batch=batch)
    way, settings = Chained(network.widths), TrainingSettings(momentum=0.5)

    whole = ended(way, models, steps, settings)

    for part in (slice(0, 1), slice(39, 40), slice(3, 5), slice(2, 19)):
        assert torch.equal(ended(way, models[:, part], steps, settings), whole[:, part])
    each = [tuple(part.expand(40, *part.shape[1:]) for part in step) for step in steps]
    assert torch.equal(ended(way, models.transpose(0, 1), each, settings), whole.transpose(0, 1))


def test_the_packages_own_models_are_written_out_and_others_are_mapped():
    network = built(ModelSpec(kind="mlp", hidden=(4,)))
    assert isinstance(descent(network), Chained)

    network.widths = ()

    assert isinstance(descent(network), Mapped)
