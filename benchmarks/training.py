"""Batched client training against the plain loop over modules, in one process.

100 clients of 100 rows train a 64-64-10 MLP for 5 local epochs in batches of 20: one
federated round's local work. Both engines get the same start, rows and batches, take turns,
and must arrive at the same parameters.

    python benchmarks/training.py [--clients 100] [--repeats 7] [--threads 1]
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from fedmerit.federation import Federation, Honest, Member, ModelSpec, TrainingSettings
from fedmerit.federation.horizontal.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, COLUMNS, CLASSES = 100, 64, 10
SPEC = ModelSpec(kind="mlp", hidden=(64,))
SETTINGS = TrainingSettings(local_epochs=5, batch_size=20, learning_rate=0.1, momentum=0.9)
TOLERANCE = 1e-4


def made_up(clients: int) -> Federation:
    """Give *clients* members with random rows."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(clients, ROWS, COLUMNS)).astype(np.float32)
    labels = rng.integers(CLASSES, size=(clients, ROWS))
    members = [
        Member(name=f"{k}", features=x, labels=y, declared_rows=ROWS, behaviour=Honest())
        for k, (x, y) in enumerate(zip(features, labels, strict=True))
    ]
    return Federation(
        name="random",
        members=tuple(members),
        classes=tuple(map(str, range(CLASSES))),
        feature_names=tuple(map(str, range(COLUMNS))),
        validation_features=features[0],
        validation_labels=labels[0],
        validation_owners=np.zeros(ROWS, dtype=np.int64),
    )


def batched(engine: Engine, round_: int) -> torch.Tensor:
    """Train every client at once."""
    everyone = torch.ones((1, len(engine.members)), dtype=torch.bool)
    return engine.updates(engine.network.initial.unsqueeze(0), everyone, round_)[0]


def looped(engine: Engine, round_: int) -> torch.Tensor:
    """Train one client after another, each a module with torch's own SGD."""
    start = engine.network.initial
    module = SPEC.build(COLUMNS, CLASSES)
    ended = []
    for member in engine.members:
        vector_to_parameters(start.clone(), module.parameters())
        optimiser = torch.optim.SGD(
            module.parameters(), lr=SETTINGS.learning_rate, momentum=SETTINGS.momentum
        )
        features, labels = torch.from_numpy(member.features), torch.from_numpy(member.labels)
        for batch in map(torch.from_numpy, engine.draw(member, round_)):
            optimiser.zero_grad()
            cross_entropy(module(features[batch]), labels[batch]).backward()
            optimiser.step()
        ended.append(parameters_to_vector(module.parameters()).detach() - start)
    return torch.stack(ended)


def timed(
    train: Callable[[Engine, int], torch.Tensor], engine: Engine, round_: int
) -> tuple[float, torch.Tensor]:
    """Give the seconds that one round takes, and its updates."""
    started = perf_counter()
    updates = train(engine, round_)
    return perf_counter() - started, updates


def main() -> None:
    """Print each engine's median, their ratio and their largest difference."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    engine = Engine(made_up(given.clients), SPEC, SETTINGS, seed=0)
    batched(engine, 0)
    looped(engine, 0)

    seconds: dict[str, list[float]] = {"batched": [], "plain loop": []}
    difference = 0.0
    for round_ in range(1, given.repeats + 1):
        fast, ours = timed(batched, engine, round_)
        slow, theirs = timed(looped, engine, round_)
        seconds["batched"].append(fast)
        seconds["plain loop"].append(slow)
        difference = max(difference, float((ours - theirs).abs().max()))

    for name, times in seconds.items():
        print(f"{name:<12} {median(times):8.3f} s a round, median of {given.repeats}")
    ratio = median(seconds["plain loop"]) / median(seconds["batched"])
    print(f"ratio        {ratio:8.1f} x, {given.clients} clients, {given.threads} thread(s)")
    print(f"difference   {difference:8.1e} in any parameter (at most {TOLERANCE:.0e})")
    if difference > TOLERANCE:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
