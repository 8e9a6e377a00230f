"""How many 95% intervals of real trainings hold the mean over seeds.

Run with ``python benchmarks/coverage_repeats.py [CASE ...] [--seeds 60] [--repeats 5]``. Who has
which rows stays as it is; a seed draws validation rows, with replacement, out of those of the run,
which are the population, and trains as often as there are repeats. The truth is the mean over all
trainings of all seeds and over all rows. Three readings, each a share over seeds and members:

- *one training*: the interval of a run without repeats, which leaves the training out.
- *repeats*: the interval of a run with repeats.
- *training alone*: over the rows as they are, by the errors of the training by themselves.

``--redrawn`` asks another question, which no interval promises to answer: every seed deals the
rows anew, too.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import stdtrit

from fedmerit.coalitions import every_coalition
from fedmerit.federation import RetrainingGame
from fedmerit.federation.vertical.partygame import PartyGame
from fedmerit.incentives import RecordedGame, value
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.kinds.vertical import wiring as vertical
from fedmerit.scenario.reading import load, reseeded
from fedmerit.streams import repeat_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.scenario.model import Scenario

    #: Every coalition's gains on every row, ``(2**n, rows)``, of a training by its seed.
    Train = Callable[[int], NDArray[np.float64]]

#: Rows of the vertical case, and passes over them: a tenth of the people.
_ROWS: Final = 2000


def hospitals(seed: int = 0) -> Train:
    """Give the shipped scenario, five rounds short of fifteen."""
    scenario = reseeded(load("hospitals"), seed)
    return _horizontal(scenario, rounds=5)


def digits(seed: int = 0) -> Train:
    """Give five schools and five rounds: random initial weights, and a curved loss."""
    scenario = reseeded(load("digits"), seed)
    partition = scenario.data.partition
    assert partition is not None  # noqa: S101 - as it is shipped
    fewer = partition.model_copy(update={"participants": 5})
    data = scenario.data.model_copy(update={"partition": fewer})
    return _horizontal(scenario.model_copy(update={"data": data}), rounds=5)


def risk_control(seed: int = 0) -> Train:
    """Give the shipped scenario on 2,000 training rows, under its noise."""
    scenario = reseeded(load("risk-control"), seed)
    federation = vertical.assemble(scenario)
    task = _shortened(vertical.task_of(federation, scenario))
    settings = replace(federation.settings, batch_size=_ROWS // 4)
    every = every_coalition(len(task.participants))
    return lambda number: PartyGame(task, settings, seed=number).worth_by_row(every)


def _horizontal(scenario: Scenario, rounds: int) -> Train:
    made = assemble(scenario)
    every = every_coalition(len(made.participants))

    def train(seed: int) -> NDArray[np.float64]:
        game = RetrainingGame(made.federation, made.model, made.settings, rounds=rounds, seed=seed)
        return game.worth_by_row(every)

    return train


def _shortened(task: VerticalTask) -> VerticalTask:
    parties = tuple(
        replace(one, training=one.training[:_ROWS], held_out=one.held_out[:_ROWS])
        for one in task.parties
    )
    return replace(
        task,
        parties=parties,
        labels=task.labels[:_ROWS],
        held_out_labels=task.held_out_labels[:_ROWS],
    )


CASES: Final[dict[str, Callable[[int], Train]]] = {
    "hospitals": hospitals,
    "digits": digits,
    "risk-control": risk_control,
}


def valued(tables: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], ...]:
    """Give values, intervals and the training's own errors of repeats, as a run gives them."""
    n = len(tables[0]).bit_length() - 1
    names = tuple(map(str, range(n)))
    game = RecordedGame(
        names, every_coalition(n), np.hstack(tables), resolution=1e-6, repeats=len(tables)
    )
    found = value(game, method="exact", budget=2**n, seed=0)
    return found.values, found.interval(), found.training_errors


def fixed(train: Train, seeds: int, repeats: int) -> dict[str, float]:
    """Give the shares, where who has which rows stays as it is."""
    tables = [train(repeat_seed(0, number)).astype(np.float32) for number in range(seeds * repeats)]
    everywhere = np.mean(tables, axis=0, dtype=np.float64)
    truth = valued([everywhere])[0]
    held: dict[str, list[NDArray[np.bool_]]] = {"one training": [], "repeats": []}
    held["training alone"] = []
    times = stdtrit(repeats - 1, 0.975)
    for seed in range(seeds):
        own = [t.astype(np.float64) for t in tables[seed * repeats : (seed + 1) * repeats]]
        values, _, errors = valued(own)
        held["training alone"].append(np.abs(values - truth) <= times * errors)
        rows = np.random.default_rng([seed, 29]).integers(everywhere.shape[1], size=len(own[0][0]))
        drawn = [table[:, rows] for table in own]
        for name, some in (("one training", drawn[:1]), ("repeats", drawn)):
            low, high = valued(some)[1].T
            held[name].append((low <= truth) & (truth <= high))
    return {name: float(np.mean(found)) for name, found in held.items()}


def redrawn(make: Callable[[int], Train], seeds: int, repeats: int) -> dict[str, float]:
    """Give the shares of the mean over seeds, where every seed deals the rows anew."""
    found: dict[str, list[NDArray[np.float64]]] = {"one training": [], "repeats": []}
    middles = []
    for seed in range(seeds):
        train = make(seed)
        tables = [train(repeat_seed(seed, number)) for number in range(repeats)]
        for name, some in (("one training", tables[:1]), ("repeats", tables)):
            found[name].append(valued(some)[1])
        middles.append(valued(tables)[0])
    truth = np.mean(middles, axis=0)
    return {
        name: float(np.mean([(low <= truth) & (truth <= high) for low, high in (i.T for i in ii)]))
        for name, ii in found.items()
    }


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=["hospitals", "digits"], choices=list(CASES))
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--redrawn", action="store_true")
    asked = parser.parse_args()
    print(f"{asked.seeds} seeds, {asked.repeats} repeats: share of 95% intervals with the mean")
    for case in asked.cases:
        began = process_time()
        shares = (
            redrawn(CASES[case], asked.seeds, asked.repeats)
            if asked.redrawn
            else fixed(CASES[case](0), asked.seeds, asked.repeats)
        )
        said = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
        print(f"{case}: {said} ({process_time() - began:.0f} CPU s)", flush=True)


if __name__ == "__main__":
    main()
