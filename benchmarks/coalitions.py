"""Coalition models measured at once, against the loop that builds, loads and runs each of them.

The loop makes a coalition's state dict as a weighted sum of updates, loads it into the module,
and computes the loss on the validation rows. Both sides get the same made-up round, take
turns, and must find the same worths. The first question, which makes a game's products, is
timed on its own. GFLOP/s are of what the game really does, and "mm alone" says how many
coalitions a second one plain matrix product would allow that only sums the first layer's
products, with nothing after it. Then every coalition of a logistic model is valued.

    python benchmarks/coalitions.py [--models mlp-64 mlp-784] [--members 10] [--parties 20]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from operator import truediv
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch
from made_up import CASES, CLASSES, Case, made_up
from torch.nn.functional import cross_entropy

from fedmerit.federation import ModelSpec, RoundGame
from fedmerit.incentives import value

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedmerit.federation import Federation, TrainingRecord

TOLERANCE = 1e-4
#: Coalitions in one turn of the loop.
LOOPED = 24
#: Coalitions in the plain product that the achieved speed is held against.
PLAIN = 256


class Loop:
    """What valuation tools do: one state dict, one load and one forward pass per coalition."""

    def __init__(self, case: Case, record: TrainingRecord, federation: Federation) -> None:
        self.module = case.spec.build(case.columns, CLASSES)
        self.rows = torch.from_numpy(federation.validation_features)
        self.labels = torch.from_numpy(federation.validation_labels)
        (round_,) = record.rounds
        self.weights = round_.weights.tolist()
        self.before = self._state(round_.global_before)
        self.updates = [self._state(update) for update in round_.updates]

    def worth(self, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give each coalition's gain in mean log-likelihood."""
        nobody = self._loss(np.zeros(len(self.weights), dtype=np.bool_))
        return np.array([nobody - self._loss(inside) for inside in coalitions])

    @torch.no_grad()
    def _loss(self, inside: NDArray[np.bool_]) -> float:
        state = {name: values.clone() for name, values in self.before.items()}
        for member in np.flatnonzero(inside):
            for name, values in self.updates[member].items():
                state[name] += self.weights[member] * values
        self.module.load_state_dict(state)
        return float(cross_entropy(self.module(self.rows), self.labels))

    def _state(self, vector: NDArray[np.float32]) -> dict[str, torch.Tensor]:
        shapes = {name: values.shape for name, values in self.module.state_dict().items()}
        parts = torch.from_numpy(vector).split([shape.numel() for shape in shapes.values()])
        return {n: part.view(s) for (n, s), part in zip(shapes.items(), parts, strict=True)}


@dataclass(frozen=True)
class Turns:
    """What both sides took, as medians over their turns.

    Attributes:
        fast: Seconds a coalition by the game.
        slow: Seconds a coalition by the loop.
        ratio: Of the two, turn by turn.
        plain: FLOP/s of one matrix product that sums the members' products.
        first: Seconds of the game's first question.
        difference: The largest between worths of the two.

    """

    fast: float
    slow: float
    ratio: float
    plain: float
    first: float
    difference: float


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that *work* takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def taken_in_turns(case: Case, members: int, rows: int, repeats: int) -> Turns:
    """Let the game, the loop and a plain product take turns."""
    record, federation = made_up(case, members, rows)
    game, loop = RoundGame(record, 1, federation), Loop(case, record, federation)
    rng = np.random.default_rng(1)
    first = timed(lambda: game.worth(rng.random((1, members)) < 0.5))
    loop.worth(rng.random((2, members)) < 0.5)
    fast, slow, plain, difference = [], [], [], 0.0
    product = plain_product(case, members, rows)
    for _ in range(repeats):
        asked = rng.random((case.asked, members)) < 0.5
        few = asked[:LOOPED]
        fast.append(timed(lambda asked=asked: game.worth(asked)) / len(asked))
        slow.append(timed(lambda few=few: loop.worth(few)) / (len(few) + 1))
        plain.append(product())
        difference = max(difference, abs(game.worth(few) - loop.worth(few)).max())
    ratio = median(map(truediv, slow, fast))
    return Turns(median(fast), median(slow), ratio, median(plain), first, difference)


def plain_product(case: Case, members: int, rows: int) -> Callable[[], float]:
    """Make what times all members' products times coalitions, in one piece, as FLOP/s."""
    widths = case.spec.widths(case.columns, CLASSES) or (0, 1)
    left = torch.rand(PLAIN, 1 + members)
    right = torch.rand(1 + members, rows * widths[1])
    out = torch.empty(len(left), right.shape[1])
    torch.mm(left, right, out=out)
    flops = 2 * left.numel() * right.shape[1]
    return lambda: flops / timed(lambda: torch.mm(left, right, out=out))


def show(name: str, case: Case, members: int, rows: int, turns: Turns) -> None:
    """Print one line of the table."""
    speed = ["-", "-", "-"]
    if done := case.flops(members, rows):
        width = case.spec.widths(case.columns, CLASSES)[1]
        product = turns.plain / (2 * (1 + members) * rows * width)
        speed = [f"{done / turns.fast / 1e9:.0f}", f"{turns.plain / 1e9:.0f}", f"{product:,.0f}"]
    print(
        f"{name:<13} {members:>3} {1 / turns.fast:>12,.0f} {1 / turns.slow:>8,.0f} "
        f"{turns.ratio:>6.1f} {speed[0]:>8} {speed[1]:>8} {speed[2]:>10} "
        f"{turns.first:>8.2f} {turns.difference:>8.0e}"
    )


def value_all(parties: int, rows: int) -> float:
    """Value every coalition of a logistic model; give the largest difference in a sample."""
    record, federation = made_up(Case(ModelSpec(), 64), parties, rows)
    game = RoundGame(record, 1, federation)
    started = perf_counter()
    worths = game.every_worth()
    table = perf_counter() - started
    sample = np.random.default_rng(2).random((200, parties)) < 0.5
    difference = abs(worths[sample @ (1 << np.arange(parties))] - game.worth(sample)).max()
    del worths
    whole = timed(lambda: value(game, method="exact", budget=2**parties, seed=0))
    print(
        f"{parties} parties: {2**parties:>10,} coalitions in {table:6.2f} s "
        f"({2**parties / table:,.0f} a second); exact Shapley values with errors in {whole:.2f} s; "
        f"difference {difference:.0e}"
    )
    return float(difference)


def main() -> None:
    """Print the table, then the exact values; fail where worths differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--members", nargs="*", type=int, default=[10, 20, 50])
    parser.add_argument("--parties", nargs="*", type=int, default=[20, 24])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)

    print(f"{given.rows} validation rows, {given.threads} thread(s), median of {given.repeats}\n")
    print(
        f"{'model':<13} {'n':>3} {'coalitions/s':>12} {'loop/s':>8} {'ratio':>6} {'GFLOP/s':>8} "
        f"{'plain mm':>8} {'mm alone/s':>10} {'first s':>8} {'differ':>8}"
    )
    differences = [0.0]
    for name in given.models:
        for members in given.members:
            turns = taken_in_turns(CASES[name], members, given.rows, given.repeats)
            show(name, CASES[name], members, given.rows, turns)
            differences.append(turns.difference)
    print()
    differences += [value_all(parties, given.rows) for parties in given.parties]
    if max(differences) > TOLERANCE:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
