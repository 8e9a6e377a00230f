"""The fast ways to measure coalition models give what the slow one gives."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from fedmerit.federation import (
    Federation,
    Honest,
    Member,
    ModelSpec,
    RoundGame,
    measure_rows,
    network,
)
from fedmerit.federation.batched.evaluation import Mapped, evaluation
from fedmerit.federation.batched.layered import Layered
from fedmerit.federation.batched.likelihoods import gain
from fedmerit.federation.batched.measure import MICRO, SATURATION, Gains, log_likelihood
from fedmerit.federation.games.enumerated import every_log_likelihood
from fedmerit.federation.horizontal.record import Round, TrainingRecord
from fedmerit.federation.horizontal.settings import TrainingSettings

COLUMNS, CLASSES, ROWS = 12, 5, 150
SPECS = {
    "logistic": ModelSpec(),
    "one hidden layer": ModelSpec(kind="mlp", hidden=(33,)),
    "two hidden layers": ModelSpec(kind="mlp", hidden=(20, 7)),
}


#: A module that only mapping can evaluate.
CONVOLUTION = """
from torch import nn


class Convolution(nn.Module):
    def __init__(self, in_features, classes):
        super().__init__()
        self.first = nn.Conv1d(1, 3, 5)
        self.last = nn.Linear(3 * (in_features - 4), classes)

    def forward(self, rows):
        return self.last(self.first(rows.unsqueeze(1)).relu().flatten(1))
"""


@pytest.fixture
def convolution(tmp_path, monkeypatch):
    (tmp_path / "convolutions.py").write_text(CONVOLUTION)
    monkeypatch.syspath_prepend(tmp_path)
    return ModelSpec(kind="convolutions:Convolution")


@pytest.fixture
def made():
    def make(spec, count, *, absent=0, size=0.2, rows=ROWS, classes=CLASSES):
        rng = np.random.default_rng(count)
        names = [f"member {k}" for k in range(count)]
        nothing = np.zeros((1, COLUMNS), dtype=np.float32), np.zeros(1, dtype=np.int64)
        federation = Federation(
            name="random",
            members=tuple(
                Member(
                    name=name,
                    features=nothing[0],
                    labels=nothing[1],
                    declared_rows=1,
                    behaviour=Honest(),
                )
                for name in names
            ),
            classes=tuple(f"class {k}" for k in range(classes)),
            feature_names=tuple(f"column {k}" for k in range(COLUMNS)),
            validation_features=rng.normal(size=(rows, COLUMNS)).astype(np.float32),
            validation_labels=rng.integers(classes, size=rows),
            validation_owners=np.zeros(rows, dtype=np.int64),
        )
        before = network(federation, spec, seed=1, device="cpu").initial.numpy()
        weights = rng.dirichlet(np.ones(count))
        weights[:absent] = 0
        updates = rng.normal(size=(count, len(before))) * size * (weights > 0)[:, None]
        round_ = Round(
            number=1,
            global_before=before,
            updates=updates.astype(np.float32),
            weights=weights / weights.sum(),
            excluded={},
            bytes_up=0,
            bytes_down=0,
            seconds=0.0,
        )
        record = TrainingRecord(
            participants=federation.participants,
            model=spec,
            settings=TrainingSettings(),
            seed=1,
            rounds=(round_,),
            final=before,
            stop="rounds",
            metrics=(),
            idle=(),
        )
        return record, federation

    return make


def some(count, participants):
    return np.random.default_rng(7).random((count, participants)) < 0.5


def every(participants):
    return (np.arange(2**participants)[:, None] >> np.arange(participants) & 1).astype(bool)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_sums_of_products_give_the_logits_of_the_models_themselves(
    made, spec, scaled, compiled, monkeypatch
):
    if not compiled:  # as on a GPU
        monkeypatch.setattr("fedmerit.federation.batched.layered._fused", lambda: None)
    record, federation = made(spec, 12)
    round_ = record.rounds[0]

    def build():
        return network(federation, spec, seed=1, device="cpu")

    base = torch.from_numpy(round_.global_before)
    steps = torch.from_numpy(round_.weights[:, None] * round_.updates)
    rows = torch.from_numpy(federation.validation_features)
    labels = torch.from_numpy(federation.validation_labels)
    inside, scale = torch.from_numpy(some(70, 12)), torch.linspace(0.5, 2, 70).double()
    scale = scale if scaled else torch.ones_like(scale)

    fast = evaluation(build, base=base, steps=steps, rows=rows, classes=CLASSES, memory_bytes=2**20)
    slow = Mapped(build, base, steps, rows, CLASSES)

    assert isinstance(fast, Layered)
    for k in range(CLASSES):
        found, wanted = (
            way.measure(inside, scale, lambda logits, _, k=k: logits[:, :, k].double())
            for way in (fast, slow)
        )
        assert found.numpy() == pytest.approx(wanted.numpy(), abs=1e-5)
    found, wanted = (
        way.measure(inside, scale, lambda logits, part: log_likelihood(logits, labels[part]))
        for way in (fast, slow)
    )
    assert found.numpy() == pytest.approx(wanted.numpy(), abs=1e-5)


@pytest.mark.parametrize("classes", [2, 3, 10, 11])
@pytest.mark.parametrize(("width", "rows"), [(1, 1), (3, 50), (33, 16), (8, 33)])
@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_gains_of_any_shape_are_those_of_the_models_themselves(made, count, width, rows, classes):
    spec = ModelSpec(kind="mlp", hidden=(width,))
    record, federation = made(spec, count, rows=rows, classes=classes)
    round_, coalitions = record.rounds[0], some(41, count)
    models = np.vstack([np.zeros(count), coalitions * round_.weights]) @ round_.updates
    models = (models + round_.global_before).astype(np.float32)
    likely, _ = measure_rows(federation, spec, models, seed=1)

    gains = RoundGame(record, 1, federation).worth_by_row(coalitions)

    # Logits are near 1; their float32 sums, taken in another order, differ in the last bits.
    assert gains == pytest.approx(likely[1:] - likely[0], abs=5e-6)


@pytest.mark.parametrize("hidden", [(33,), (20, 7)])
def test_compiled_gains_have_the_same_bits_on_any_threads_in_any_question(made, hidden):
    spec = ModelSpec(kind="mlp", hidden=hidden)
    record, federation = made(spec, 50, classes=11)
    coalitions = some(1500, 50)
    before, whole = torch.get_num_threads(), None
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            game = RoundGame(record, 1, federation)
            found = game.worth_by_row(coalitions)
            whole = found if whole is None else whole
            assert np.array_equal(found, whole)
            assert np.array_equal(game.worth_by_row(coalitions[1300:1307]), whole[1300:1307])
    finally:
        torch.set_num_threads(before)


def test_compiled_gains_are_what_torch_gives_even_where_scores_are_no_numbers():
    rng = np.random.default_rng(0)
    scores = torch.from_numpy((20 * rng.normal(size=(60, 6, 16))).astype(np.float32))
    scores[:20] *= 1e3
    for k, odd in enumerate((np.nan, np.inf, -np.inf, 3e38, -3e38)):
        scores[k, :, :6].fill_diagonal_(odd)
        scores[k + 5, :, :] = odd
    labels = torch.from_numpy(rng.integers(6, size=13))
    score = Gains(log_likelihood, labels, torch.from_numpy(-np.abs(rng.normal(size=13))))
    wanted = score(scores[:, :, :13].transpose(1, 2), slice(0, 13)).numpy()
    found = np.empty_like(wanted)

    gain(*(each.numpy() for each in (scores, labels, score.before)), SATURATION, MICRO, found)

    # In units of a gain's size: float32 rounds each score once.
    assert found == pytest.approx(wanted, rel=1e-6, abs=5e-6)
    assert np.array_equal(found[:10] == -SATURATION, wanted[:10] == -SATURATION)


def test_a_model_without_hidden_layers_needs_no_compiler():
    code = (
        "import sys, torch; from fedmerit.federation.batched.layered import Layered; "
        "game = Layered(torch.zeros(3, 12), torch.zeros(5, 3), (3, 3), memory_bytes=0); "
        "args = torch.ones(4, 2, dtype=torch.bool), torch.ones(4).double(); "
        "game.measure(*args, lambda logits, rows: logits.sum(dim=2).double()); "
        "assert 'numba' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("weights", ["fixed", "renormalised"])
def test_any_other_module_is_mapped_over(made, convolution, weights):
    record, federation = made(convolution, 5)
    round_, coalitions = record.rounds[0], some(21, 5)
    shares = coalitions * round_.weights
    if weights == "renormalised":
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    models = np.vstack([np.zeros(5), shares]) @ round_.updates + round_.global_before
    likely, _ = measure_rows(federation, convolution, models.astype(np.float32), seed=1)

    game = RoundGame(record, 1, federation, weights=weights)

    gains = game.worth_by_row(coalitions)
    assert gains == pytest.approx(likely[1:] - likely[0], abs=2e-6)
    assert np.array_equal(gains[7:18], game.worth_by_row(coalitions[7:18]))


def test_mapped_modules_do_not_mix_their_parameters_between_threads(made, convolution):
    record, federation = made(convolution, 5)
    coalitions = some(200, 5)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 4):
            torch.set_num_threads(threads)
            found.append(RoundGame(record, 1, federation).worth_by_row(coalitions))
    finally:
        torch.set_num_threads(before)

    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize("weights", ["fixed", "renormalised"])
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_gains_do_not_depend_on_what_else_is_asked_on_threads_or_on_memory(made, spec, weights):
    record, federation = made(spec, 9, absent=2)
    coalitions = some(200, 9)
    whole = RoundGame(record, 1, federation, weights=weights).worth_by_row(coalitions)
    before = torch.get_num_threads()
    try:
        for threads, portion, memory in ((1, 1, 0), (2, 37, 0), (3, 64, 2**29)):
            torch.set_num_threads(threads)
            game = RoundGame(record, 1, federation, weights=weights, memory_bytes=memory)
            parts = [
                game.worth_by_row(coalitions[start : start + portion])
                for start in range(0, 200, portion)
            ]
            assert np.array_equal(np.concatenate(parts), whole)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("absent", [0, 3])
@pytest.mark.parametrize("options", [{}, {"weights": "renormalised"}, {"metric": "accuracy"}])
@pytest.mark.parametrize("name", ["logistic", "one hidden layer"])
def test_every_worth_is_the_worth_of_every_coalition(made, name, options, absent):
    record, federation = made(SPECS[name], 8, absent=absent)
    game = RoundGame(record, 1, federation, **options)

    assert game.every_worth() == pytest.approx(game.worth(every(8)), abs=1e-6)


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 10])
@pytest.mark.parametrize("size", [0.1, 3.0])
def test_products_of_halves_are_the_likelihoods_of_all_sums(steps, size):
    rng = np.random.default_rng(steps)
    parts = torch.from_numpy((size * rng.normal(size=(1 + steps, 4, 90))).astype(np.float32))
    labels = torch.from_numpy(rng.integers(4, size=90))

    found = every_log_likelihood(parts, labels)

    inside = torch.from_numpy(every(steps)).double()
    logits = parts[0] + torch.einsum("sk,kcr->scr", inside, parts[1:].double())
    likely = logits.log_softmax(dim=1).gather(1, labels.expand(len(logits), 1, -1))
    assert found is not None
    assert found.numpy() == pytest.approx(likely.mean(dim=(1, 2)).numpy(), abs=size * 2e-6)


@pytest.mark.parametrize("size", [100.0, 5000.0])
def test_halves_too_far_apart_for_float32_are_asked_in_portions(made, size):
    record, federation = made(ModelSpec(), 6, size=size)
    game = RoundGame(record, 1, federation)

    assert game._every_mean() is None
    assert game.every_worth() == pytest.approx(game.worth(every(6)), abs=1e-9)


def test_the_halves_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    parts = torch.from_numpy(rng.normal(size=(15, 4, 60)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(4, size=60))
    before, found = torch.get_num_threads(), []

    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(every_log_likelihood(parts, labels))

    torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
