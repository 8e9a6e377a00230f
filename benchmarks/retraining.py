"""Retraining every coalition at once against the plain loop over coalitions and clients.

Ten schools hold digits as in the shipped scenario `digits`: Dirichlet(0.5) labels, ten rounds
of two local epochs in batches of 32. All 1,024 coalitions are retrained by the game, and a
sample of them by nn.Module, torch.optim.SGD and autograd, on one thread and on as many as
there are, whichever is faster. Both get the same starts, rows and batches, take turns, and
must arrive at the same models. Not every one, with ReLU: where a unit's input is zero but for
rounding, it counts on one side and not on the other, and two models part that are both right.
So one coalition in ten may differ by more than the tolerance; how many do is printed.

The sample holds as many coalitions of each size as every other, and its time is scaled by the
client trainings that all coalitions need; --full loops over all of them instead.

    python benchmarks/retraining.py [--hidden 24] [--rounds 10] [--repeats 3] [--threads 2]
                                    [--sample 30] [--full] [--growth 6 8 10 12 14] [--quick]
"""

from __future__ import annotations

import argparse
import os
from itertools import product
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from fedmerit.federation import (
    Federation,
    ModelSpec,
    Partition,
    RetrainingGame,
    TrainingSettings,
    federate,
    load_builtin,
)
from fedmerit.federation.horizontal.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

TOLERANCE = 1e-4
#: Share of the coalitions whose models may part where a ReLU's input is zero but for rounding.
PARTED = 0.1
LEAST_RATIO = 20.0


def schools(count: int) -> Federation:
    """Deal the digits out as the shipped scenario does."""
    return federate(
        load_builtin("digits"),
        seed=0,
        partition=Partition(recipe="dirichlet", participants=count, alpha=0.5, prefix="school"),
        validation_share=0.2,
    )


def every(count: int) -> NDArray[np.bool_]:
    """Give all coalitions of *count* members."""
    return np.array(list(product([False, True], repeat=count)))


def sample(coalitions: NDArray[np.bool_], wanted: int) -> NDArray[np.bool_]:
    """Pick about as many coalitions of each size, the empty one apart."""
    rng, sizes = np.random.default_rng(0), coalitions.sum(axis=1)
    members = coalitions.shape[1]
    picked = [
        rng.permutation(np.flatnonzero(sizes == size))[: max(1, wanted // members)]
        for size in range(1, members + 1)
    ]
    return coalitions[np.sort(np.concatenate(picked))]


class Loop:
    """FedAvg of one coalition after another, client by client, as one would write it."""

    def __init__(self, federation: Federation, spec: ModelSpec, settings: TrainingSettings) -> None:
        self._engine = Engine(federation, spec, settings, seed=0)  # for its start and its batches
        self._settings = settings
        self._module = spec.build(len(federation.feature_names), len(federation.classes))
        self._rows = [
            (torch.from_numpy(member.features), torch.from_numpy(member.labels))
            for member in federation.members
        ]
        self._batches = [
            [
                [torch.from_numpy(batch) for batch in self._engine.draw(member, number)]
                for member in federation.members
            ]
            for number in range(1, settings.rounds + 1)
        ]

    def models(self, coalitions: NDArray[np.bool_]) -> torch.Tensor:
        """Train each coalition's model."""
        return torch.stack([self._trained(np.flatnonzero(inside)) for inside in coalitions])

    def _trained(self, inside: NDArray[np.int64]) -> torch.Tensor:
        model = self._engine.network.initial
        declared = [self._engine.members[index].declared_rows for index in inside]
        for batches in self._batches:
            ended = [self._client(model, index, batches[index]) for index in inside]
            if ended:
                weights = torch.tensor(declared, dtype=torch.float64) / sum(declared)
                model = (weights @ torch.stack(ended).double()).float()
        return model

    def _client(self, model: torch.Tensor, index: int, batches: list[torch.Tensor]) -> torch.Tensor:
        module, (features, labels) = self._module, self._rows[index]
        vector_to_parameters(model.clone(), module.parameters())
        optimiser = torch.optim.SGD(
            module.parameters(),
            lr=self._settings.learning_rate,
            momentum=self._settings.momentum,
        )
        for batch in batches:
            optimiser.zero_grad()
            cross_entropy(module(features[batch]), labels[batch]).backward()
            optimiser.step()
        return parameters_to_vector(module.parameters()).detach()


def timed(
    trains: Loop | RetrainingGame, coalitions: NDArray[np.bool_], threads: int
) -> tuple[float, torch.Tensor]:
    """Give the seconds that the coalitions take, and their models."""
    torch.set_num_threads(threads)
    started = perf_counter()
    models = trains.models(coalitions)
    return perf_counter() - started, models


def compare(given: argparse.Namespace, spec: ModelSpec, settings: TrainingSettings) -> bool:
    """Print what 1,024 retrainings take both ways, and say whether the models agree."""
    federation = schools(10)
    coalitions = every(10)
    looped = coalitions if given.full else sample(coalitions, given.sample)
    work = coalitions.sum() / looped.sum()
    game = RetrainingGame(federation, spec, settings, rounds=given.rounds, seed=0)
    loop = Loop(federation, spec, settings)
    choices = sorted({1, given.threads})
    tried = {threads: timed(loop, looped[-6:], threads)[0] for threads in choices}
    best = min(choices, key=tried.__getitem__)
    game.models(coalitions[-32:])

    fast, slow, apart = [], [], []
    for part in np.array_split(looped, given.repeats):  # a part of the loop after each batch
        seconds, ours = timed(game, coalitions, given.threads)
        fast.append(seconds)
        seconds, theirs = timed(loop, part, best)
        slow.append(seconds)
        numbers = part @ (1 << np.arange(9, -1, -1))
        apart.append((ours[numbers] - theirs).abs().amax(dim=1))

    trainings = int(coalitions.sum()) * given.rounds
    batched, plain = median(fast), sum(slow) * work
    how = "all" if given.full else f"{len(looped)} coalitions times {work:.1f}"
    print(f"64-{given.hidden}-10 MLP, {len(coalitions)} coalitions, {given.rounds} rounds")
    print(
        f"batched      {batched:8.2f} s, median of {given.repeats}, training on one thread, "
        f"{trainings / batched:,.0f} client trainings a second"
    )
    print(f"plain loop   {plain:8.2f} s, {how}, {best} thread(s)")
    print(f"ratio        {plain / batched:8.1f} x (at least {LEAST_RATIO:.0f})")
    differences = torch.cat(apart)
    parted = differences > TOLERANCE
    same = float(differences[~parted].max()) if not parted.all() else float("nan")
    print(f"difference   {same:8.1e} in any parameter (at most {TOLERANCE:.0e})")
    print(
        f"parted       {int(parted.sum()):8d} of {len(parted)} coalitions at a ReLU's zero, "
        f"by at most {float(differences.max()):.1e}"
    )
    return float(parted.float().mean()) <= PARTED


def growth(given: argparse.Namespace, spec: ModelSpec, settings: TrainingSettings) -> Iterator[str]:
    """Give a line for every number of clients: the same rows, dealt out to more of them."""
    for count in given.growth:
        game = RetrainingGame(schools(count), spec, settings, rounds=given.rounds, seed=0)
        game.worth(every(count)[-8:])
        torch.set_num_threads(given.threads)
        coalitions, started = every(count), perf_counter()
        game.worth(coalitions)
        seconds = perf_counter() - started
        each = f"{1000 * seconds / len(coalitions):6.2f} ms each"
        yield f"n = {count:<2} {len(coalitions):>7,} coalitions {seconds:8.2f} s  {each}"


def main() -> None:
    """Print times, their ratio, the largest difference, and how the time grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hidden", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sample", type=int, default=30, help="coalitions to loop over")
    parser.add_argument("--full", action="store_true", help="loop over all of them")
    parser.add_argument("--growth", type=int, nargs="*", default=[6, 8, 10, 12, 14])
    parser.add_argument("--quick", action="store_true", help="two rounds, one repeat, n = 6, 8")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.repeats, given.growth = 2, 1, [6, 8]
    spec = ModelSpec(kind="mlp", hidden=(given.hidden,))
    settings = TrainingSettings(
        rounds=given.rounds, local_epochs=2, batch_size=32, learning_rate=0.2, momentum=0.5
    )
    same = compare(given, spec, settings)
    for line in growth(given, spec, settings):
        print(line)
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
