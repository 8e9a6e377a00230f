"""Real federated games with every coalition retrained: digits on four non-IID splits.

In each split one member has most of its labels wrong and one holds a handful of rows. A
table takes 2**n retrainings, so it is stored beside this script and read back later.

    python benchmarks/tables.py [--participants 10]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np
from families import Known

from fedmerit.incentives import TableGame, value
from fedmerit.incentives.methods.enumeration import every_coalition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.federation import Federation

CACHE: Final = Path(__file__).with_name(".cache")


@dataclass(frozen=True, kw_only=True)
class Split:
    """Everything that decides a table's numbers, but for the package's own code."""

    recipe: str
    alpha: float
    participants: int = 10
    flipped: float = 0.6
    handful: int = 10
    hidden: int = 24
    rounds: int = 10
    local_epochs: int = 2
    batch_size: int = 20
    learning_rate: float = 0.1
    seed: int = 0

    @property
    def name(self) -> str:
        """Say which split this is, for a person."""
        return f"{self.recipe} {self.alpha}"

    @property
    def path(self) -> Path:
        """Where the table is stored, by a digest of all the fields."""
        digest = sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return CACHE / f"digits-{self.participants}-{digest[:16]}.npz"


def splits(participants: int) -> tuple[Split, ...]:
    """Give the four splits among so many members."""
    recipes = (("dirichlet", 0.5), ("dirichlet", 0.2), ("quantity", 0.5), ("dirichlet", 1.0))
    return tuple(
        Split(recipe=recipe, alpha=alpha, participants=participants, seed=seed)
        for seed, (recipe, alpha) in enumerate(recipes)
    )


def federated(split: Split) -> Known:
    """Give the split's game from its table, and its exact values."""
    worths = _stored(split)
    bits = 1 << np.arange(split.participants)

    def worth(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(worths[coalitions @ bits])

    names = tuple(f"p{i}" for i in range(split.participants))
    coalitions = every_coalition(split.participants)
    written = {
        frozenset(name for name, inside in zip(names, row, strict=True) if inside): float(each)
        for row, each in zip(coalitions, worths, strict=True)
    }
    exact = value(TableGame(names, written), method="exact", budget=len(worths), seed=0)
    return Known(names, worth, exact.values)


def _stored(split: Split) -> NDArray[np.float64]:
    """Read the table, or make and keep it; worths by coalition, shape ``(2**n,)``."""
    if split.path.exists():
        with np.load(split.path, allow_pickle=False) as held:
            return np.asarray(held["worths"])
    worths = _retrained(split)
    CACHE.mkdir(exist_ok=True)
    np.savez(split.path, worths=worths)
    return worths


def _retrained(split: Split) -> NDArray[np.float64]:
    """Train every coalition; torch is loaded here only, since a stored table needs none."""
    from fedmerit.federation import (  # noqa: PLC0415 - above
        ModelSpec,
        RetrainingGame,
        TrainingSettings,
    )

    game = RetrainingGame(
        _federation(split),
        ModelSpec(kind="mlp", hidden=(split.hidden,)),
        TrainingSettings(
            local_epochs=split.local_epochs,
            batch_size=split.batch_size,
            learning_rate=split.learning_rate,
        ),
        rounds=split.rounds,
        seed=split.seed,
    )
    return game.worth(every_coalition(split.participants))


def _federation(split: Split) -> Federation:
    """Deal the rows out; the largest member loses a handful, the second has its labels wrong."""
    from fedmerit.federation import (  # noqa: PLC0415 - as above
        LabelFlip,
        Partition,
        Role,
        federate,
        load_builtin,
    )

    table = load_builtin("digits")
    partition = Partition(
        recipe=split.recipe, participants=split.participants - 1, alpha=split.alpha
    )
    owners = partition.deal(table.labels, seed=split.seed)
    by_size = np.argsort(-np.bincount(owners), kind="stable")
    largest, second = (f"{partition.prefix}-{k + 1}" for k in by_size[:2])
    roles = (
        Role(name=second, behaviour=LabelFlip(share=split.flipped)),
        Role(name="handful", rows_from=largest, row_count=split.handful),
    )
    return federate(table, seed=split.seed, partition=partition, roles=roles)


def main() -> None:
    """Make the tables that are missing, and print each one's exact values."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--participants", type=int, default=10)
    given = parser.parse_args()
    for split in splits(given.participants):
        started = perf_counter()
        truth = federated(split).truth
        seconds = perf_counter() - started
        print(f"{split.name:<14} {seconds:6.1f} s  values {np.array2string(truth, precision=3)}")


if __name__ == "__main__":
    main()
