"""How well the engine's scores find members that do not play fair.

Federations of scikit-learn's digits, dealt out by Dirichlet(0.5) proportions of each label;
logistic regression by FedAvg. A fifth to a quarter of the members misbehave, all alike, and
what they hand in for validation is spoilt too. Of a copied member and its copy, both count
as guilty. One table for all 12 members in each of 10 rounds, one for 10 of 50 in each of 50:
areas under the ROC curve, scores of all seeds pooled, each in its own run's robust deviations.

    python benchmarks/detection.py [--seeds 5] [--first-seed 200]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from fedmerit.federation import (
    DisguisedRider,
    FeatureNoise,
    FreeRider,
    LabelFlip,
    ModelSpec,
    Partition,
    Role,
    RoundGame,
    RunGame,
    StaleRider,
    TrainingSettings,
    UpdateNoise,
    federate,
    load_builtin,
    train,
)
from fedmerit.incentives.detection import auroc, deviations, suspicion
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.runs.alignment import cgsv
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.federation import Behaviour, Federation, TrainingRecord

    #: A run's score of each member by detector, and who is guilty.
    Scored = tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Setting:
    """Who takes part."""

    members: int
    guilty: int
    participation: float
    rounds: int


SETTINGS: Final = (Setting(12, 3, 1.0, 10), Setting(50, 10, 0.2, 50))
#: What the guilty do; None makes copies.
KINDS: Final[dict[str, Behaviour | None]] = {
    "free-rider, zeros": FreeRider(),
    "free-rider, last move": StaleRider(),
    "free-rider, noise": DisguisedRider(1.0),
    "free-rider, last move and noise": DisguisedRider(0.5, copied=1.0),
    "60% of labels flipped": LabelFlip(0.6),
    "all labels flipped": LabelFlip(1.0),
    "feature noise, 2 deviations": FeatureNoise(2.0),
    "update noise, 1 norm": UpdateNoise(1.0),
    "copies of others' rows": None,
}
DETECTORS: Final = ("Shapley", "alignment", "CGSV", "combined")


def dealt(setting: Setting, behaviour: Behaviour | None, seed: int) -> tuple[Federation, set[str]]:
    """Make a federation, and name the guilty."""
    copies = setting.guilty // 2 if behaviour is None else 0
    holders = setting.members - copies
    chosen = generator(seed, "benchmark", "guilty").permutation(holders)[: copies or setting.guilty]
    names = [f"member-{k + 1}" for k in chosen]
    if behaviour is None:
        roles = [Role(name=f"copy-of-{name}", copy_of=name) for name in names]
    else:
        roles = [Role(name=name, behaviour=behaviour) for name in names]
    partition = Partition(recipe="dirichlet", participants=holders, alpha=0.5)
    made = federate(load_builtin("digits"), seed=seed, partition=partition, roles=roles)
    return made, {*names, *(role.name for role in roles)}


def round_values(record: TrainingRecord, federation: Federation) -> NDArray[np.float64]:
    """Value each round among those who took part, exactly, ``(rounds, members)``."""
    values = np.zeros((len(record.rounds), len(federation.members)))
    for index, round_ in enumerate(record.rounds):
        here = np.flatnonzero(round_.weights)
        members = tuple(federation.members[k] for k in here)
        part = replace(round_, updates=round_.updates[here], weights=round_.weights[here])
        names = tuple(member.name for member in members)
        game = RoundGame(
            replace(record, participants=names, rounds=(part,)),
            1,
            replace(federation, members=members),
        )
        values[index, here] = exact(game, budget=2 ** len(here), seed=0).values
    return values


def scored(setting: Setting, behaviour: Behaviour | None, seed: int) -> Scored:
    """Train one federation, and score its members with every detector."""
    federation, guilty = dealt(setting, behaviour, seed)
    settings = TrainingSettings(
        rounds=setting.rounds,
        participation=setting.participation,
        batch_size=16,
        tolerance=0.0,
    )
    record = train(federation, ModelSpec(), settings, seed=seed)
    game = RunGame(record, federation)
    found = suspicion(game, round_values(record, federation))
    scores = {
        "Shapley": found.signs["value"],
        "alignment": found.signs["alignment"],
        "CGSV": -deviations(cgsv(game, budget=0, seed=0).values),
        "combined": found.scores,
    }
    return scores, np.array([name in guilty for name in federation.participants])


def line(setting: Setting, kind: str, seeds: range) -> str:
    """Give a table's row: one area and its 95% interval for each detector."""
    runs = [scored(setting, KINDS[kind], seed) for seed in seeds]
    guilty = np.concatenate([truth for _, truth in runs])
    areas = [auroc(np.concatenate([run[name] for run, _ in runs]), guilty) for name in DETECTORS]
    cells = (f"{area.value:.3f} [{area.low:.2f}, {area.high:.2f}]" for area in areas)
    return f"{kind:<32}" + "".join(f"{cell:>21}" for cell in cells)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=200)
    given = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    for setting in SETTINGS:
        started = perf_counter()
        taking_part = round(setting.participation * setting.members)
        print(
            f"\n{taking_part} of {setting.members} members a round, {setting.rounds} rounds, "
            f"{setting.guilty} guilty, {given.seeds} seeds\n"
        )
        print(" " * 32 + "".join(f"{name:>21}" for name in DETECTORS))
        for kind in KINDS:
            print(line(setting, kind, seeds), flush=True)
        print(f"{perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
