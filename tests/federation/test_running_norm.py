"""Batch normalisation under FedAvg: as torch has it, with statistics that are averaged by rows."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from fedmerit.coalitions import every_coalition
from fedmerit.federation import (
    ModelSpec,
    RetrainingGame,
    RunGame,
    TrainingSettings,
    federate,
    load_builtin,
    train,
)
from fedmerit.federation.batched.measure import measure_rows
from fedmerit.federation.behaviours import UpdateNoise
from fedmerit.federation.data.holdings import Role
from fedmerit.federation.data.partition import Partition
from fedmerit.federation.horizontal.engine import Engine

CODE = """
from torch import nn

class Normed(nn.Sequential):
    def __init__(self, in_features, classes, width=6):
        super().__init__(
            nn.BatchNorm1d(in_features),
            nn.Linear(in_features, width),
            nn.BatchNorm1d(width, momentum=0.3, affine=False),
            nn.ReLU(),
            nn.Linear(width, classes),
        )
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normed")
    (folder / "normed_model.py").write_text(CODE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield ModelSpec(kind="normed_model:Normed")
    sys.modules.pop("normed_model", None)


@pytest.fixture(scope="module")
def federation():
    partition = Partition(recipe="quantity", participants=3, alpha=2.0)
    table = load_builtin("heart-disease")
    bare = type(table)(
        **{n: getattr(table, n) for n in table.__slots__ if n not in {"participants", "owners"}},
        participants=(),
        owners=np.zeros_like(table.labels),
    )
    return federate(bare, seed=2, partition=partition)


def settings(rows, **more):
    return TrainingSettings(rounds=2, local_epochs=2, batch_size=rows, tolerance=0.0, **more)


def module_of(spec, federation, network, parameters):
    """Give the user's own module, untouched, with these parameters and statistics."""
    plain = spec.build(len(federation.feature_names), len(federation.classes))
    state = network.state(parameters)
    plain.load_state_dict({name: torch.from_numpy(np.array(v)) for name, v in state.items()})
    return plain


def single_row_batch(federation, index):
    """Give a size of batches that leaves one row over for a member."""
    return len(federation.members[index].labels) - 1


@pytest.mark.parametrize(
    ("index", "size", "momentum"), [(0, None, 0.0), (1, None, 0.5), (2, 13, 0.5), (0, 32, 0.0)]
)
def test_a_members_update_is_torchs_own(spec, federation, index, size, momentum):
    rows = size or single_row_batch(federation, index)
    asked = settings(rows, learning_rate=0.1, momentum=momentum)
    engine = Engine(federation, spec, asked, seed=4)
    member = federation.members[index]
    plain = module_of(spec, federation, engine.network, engine.network.initial.numpy())
    optimiser = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=momentum)
    features, labels = torch.from_numpy(member.features), torch.from_numpy(member.labels)
    sizes = set()
    for batch in engine.draw(member, 1):
        plain.train(len(batch) > 1)  # torch refuses to normalise a single row by itself
        optimiser.zero_grad()
        cross_entropy(plain(features[batch]), labels[batch]).backward()
        optimiser.step()
        sizes.add(len(batch))
    assert size or 1 in sizes

    taking_part = torch.zeros((1, 3), dtype=torch.bool)
    taking_part[0, index] = True
    updates = engine.updates(engine.network.initial[None], taking_part, 1)

    ended = engine.network.state((engine.network.initial + updates[0, index]).numpy())
    for name, values in plain.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert ended[name] == pytest.approx(values.numpy(), abs=2e-5), name


def test_statistics_are_averaged_by_rows_as_weights_are(spec, federation):
    record = train(federation, spec, settings(16), seed=4)
    engine = Engine(federation, spec, settings(16), seed=4)
    first = record.rounds[0]
    sent = [engine.network.state(first.global_before + update) for update in first.updates]
    after = engine.network.state(record.rounds[1].global_before)

    rows = np.array([len(member.labels) for member in federation.members])
    for name in ("0.running_mean", "0.running_var", "2.running_var", "1.weight"):
        mean = sum(n * state[name] for n, state in zip(rows, sent, strict=True)) / rows.sum()
        assert after[name] == pytest.approx(mean, abs=1e-5)
        assert not np.allclose(sent[0][name], sent[1][name])


def test_rows_are_scored_by_the_running_statistics_each_by_itself(spec, federation):
    record = train(federation, spec, settings(16), seed=4)
    engine = Engine(federation, spec, settings(16), seed=4)
    plain = module_of(spec, federation, engine.network, record.final).eval()
    features = torch.from_numpy(federation.validation_features)
    with torch.no_grad():
        expected = plain(features).log_softmax(1)[
            torch.arange(len(features)), torch.from_numpy(federation.validation_labels)
        ]

    likely, _ = measure_rows(federation, spec, record.final[None], seed=4)

    assert likely[0] == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_coalition_of_everyone_is_the_run_and_does_not_depend_on_who_else_is_asked(
    spec, federation
):
    record = train(federation, spec, settings(16), seed=4)
    game = RetrainingGame(federation, spec, settings(16), rounds=2, seed=4)
    every = every_coalition(3)

    together = game.models(every).numpy()

    assert together[-1] == pytest.approx(record.final, abs=1e-6)
    alone = np.concatenate([game.models(every[k : k + 1]).numpy() for k in range(8)])
    assert together == pytest.approx(alone, abs=1e-5)


def test_gradients_of_the_validation_loss_are_of_rows_scored_by_themselves(spec, federation):
    record = train(federation, spec, settings(16), seed=4)
    engine = Engine(federation, spec, settings(16), seed=4)
    run = RunGame(record, federation)
    model = torch.from_numpy(record.rounds[1].global_before).clone().requires_grad_()
    logits = engine.network._forward(model, torch.from_numpy(federation.validation_features))
    cross_entropy(logits, torch.from_numpy(federation.validation_labels)).backward()

    assert run.gradients[1] == pytest.approx(model.grad.numpy(), abs=1e-5)


def test_noise_that_makes_a_variance_negative_is_scored_and_not_a_number_nowhere(spec):
    partition = Partition(recipe="iid", participants=3)
    noisy = Role(name="member-2", behaviour=UpdateNoise(noise=1000.0))
    made = federate(load_builtin("digits"), seed=2, partition=partition, roles=[noisy])
    record = train(made, spec, settings(64), seed=4)
    engine = Engine(made, spec, settings(64), seed=4)
    assert min(engine.network.state(record.final)["0.running_var"]) < 0

    gains = RunGame(record, made).worth_by_row(every_coalition(3))

    assert np.isfinite(gains).all()


def test_modules_without_batch_normalisation_keep_no_statistics(federation):
    engine = Engine(federation, ModelSpec(kind="mlp"), settings(16), seed=4)

    assert len(engine.network.running) == 0
    assert isinstance(engine.network._module, nn.Module)
