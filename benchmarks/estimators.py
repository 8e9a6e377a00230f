"""Every estimator of Shapley values against its peers, at equal budgets.

Budgets are distinct coalitions. An error is a mean square over a mean square: MSE divided
by mean(phi^2), the median over seeds, each seed a game of its own; on the federated tables
a seed is a run of the method, and tables are joined by their geometric mean. The uniform
row pays everyone v(N) / n and asks for one coalition.

    python benchmarks/estimators.py [--quick] [--participants 10,50] [--workers 2]

Results do not depend on the number of workers. Peers need Python packages that do not all
go into one environment; ``--record`` writes a run's cells, and ``--against`` reads the
peers' cells of other runs in place of running peers.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import nan
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np
from families import FAMILIES, Known
from peers import Counted, Unable, installed, peers
from printing import closed_forms, federated_tables, is_peer
from tables import federated, splits

from fedmerit.errors import BudgetTooSmall, FedmeritError
from fedmerit.incentives import METHODS, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

#: Not compared: all coalitions, what needs a run's rounds, and other concepts than Shapley's.
OTHERS: Final = frozenset(
    {
        "exact",
        *("gtg", "fedsv", "comfedsv", "gradient-alignment", "cgsv", "group-shapley"),
        *("banzhaf", "beta-shapley", "least-core", "nucleolus", "leave-one-out", "individual"),
    }
)
#: Distinct coalitions for each participant, in the closed forms.
PER_PARTICIPANT: Final = (20, 100)
MOST_ENUMERATED: Final = 12
FEDERATED_BUDGETS: Final = (30, 50, 100, 200, 500)
UNIFORM: Final = "uniform"


@dataclass(frozen=True, order=True)
class Cell:
    """One run: of a method, on a game, with a budget and a seed."""

    source: str
    """A key of :data:`FAMILIES`, or the number of a federated table."""
    participants: int
    budget: int
    method: str
    seed: int


@dataclass(frozen=True)
class Score:
    """How far one run's values were from the truth."""

    error: float
    """MSE over mean(phi^2)."""
    cosine: float
    """Cosine distance."""
    rank: float
    """Spearman's correlation."""
    covered: float
    """Share of the 95% intervals that hold the game's values; NaN for a method that has none."""
    seconds: float
    note: str = ""
    """Why there is no score, where there is none."""


def game_of(cell: Cell) -> Known:
    """Make the cell's game; a family gives each seed its own."""
    if cell.source in FAMILIES:
        return FAMILIES[cell.source](cell.participants, np.random.default_rng(cell.seed))
    return _table(int(cell.source), cell.participants)


@cache
def _table(number: int, participants: int) -> Known:
    return federated(splits(participants)[number])


def run(cell: Cell) -> Score:
    """Run one cell; the same numbers in any process."""
    game = game_of(cell)
    started = perf_counter()
    try:
        values, interval = _estimate(cell, game)
    except (Unable, BudgetTooSmall, FedmeritError) as reason:
        return Score(nan, nan, nan, nan, perf_counter() - started, str(reason))
    seconds = perf_counter() - started
    covered = nan
    if interval is not None:
        aim = _aim(cell, game)
        slack = 1e-12 * abs(aim).max()
        inside = (interval[:, 0] - slack <= aim) & (aim <= interval[:, 1] + slack)
        covered = float(inside.mean())
    error = float(((values - game.truth) ** 2).mean() / (game.truth**2).mean())
    lengths = np.linalg.norm(values) * np.linalg.norm(game.truth)
    cosine = 1 - float(values @ game.truth) / lengths if lengths else nan
    return Score(error, cosine, _spearman(values, game.truth), covered, seconds)


def _aim(cell: Cell, game: Known) -> NDArray[np.float64]:
    """Give what intervals are to hold: the values of the game as asked, its noise included.

    Enumerated where that is cheap; above, noise hardly moves the values.
    """
    n = cell.participants
    if n > MOST_ENUMERATED:
        return game.truth
    return value(game, method="exact", budget=2**n, seed=0).values


def _estimate(cell: Cell, game: Known) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Give the method's values, and its 95% intervals if it has any."""
    n = len(game.participants)
    if cell.method == UNIFORM:
        return np.full(n, game.worth(np.ones((1, n), dtype=np.bool_))[0] / n), None
    if (peer := peers(n).get(cell.method)) is not None:
        return peer(game, budget=cell.budget, seed=cell.seed), None
    counted = Counted(game)
    watched = Known(game.participants, counted, game.truth)
    ask = METHODS.get(cell.method, value)  # "auto" is no method, but value's own choice
    found = ask(watched, budget=cell.budget, seed=cell.seed)
    if counted.distinct > cell.budget:
        raise Unable(f"asked for {counted.distinct} coalitions of {cell.budget}")
    return found.values, found.interval(0.95)


def _spearman(values: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Give the correlation of ranks; values that are all equal have none."""
    if np.ptp(values) == 0:
        return nan
    ranks = [np.argsort(np.argsort(each)).astype(np.float64) for each in (values, truth)]
    return float(np.corrcoef(*ranks)[0, 1])


def wanted(given: argparse.Namespace) -> list[Cell]:
    """List the cells of this run, in a fixed order."""
    cells: list[Cell] = []
    for n in given.participants:
        methods = _methods(given, n)
        seeds = given.seeds if n <= 10 else max(2, given.seeds // (2 if n <= 50 else 10))
        for budget in (n * each for each in given.budgets):
            cells += [
                Cell(family, n, budget, method, seed)
                for family in given.families
                for method in methods
                for seed in range(seeds)
            ]
    if given.federated:
        methods = _methods(given, 10)
        cells += [
            Cell(str(table), 10, budget, method, seed)
            for budget in FEDERATED_BUDGETS
            for table in range(len(splits(10)))
            for method in methods
            for seed in range(given.seeds)
        ]
    return cells


def _methods(given: argparse.Namespace, n: int) -> list[str]:
    ours = given.methods or ["auto", *(name for name in METHODS if name not in OTHERS)]
    return [UNIFORM, *ours, *(peers(n) if given.peers else ())]


def measured(cells: Sequence[Cell], workers: int) -> dict[Cell, Score]:
    """Run all cells, on so many processes of one thread each."""
    if workers == 1:
        return {cell: run(cell) for cell in cells}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        # Neighbours cost alike; dealt out singly, they would wait for one another.
        return dict(zip(cells, pool.map(run, cells, chunksize=8), strict=True))


def _write(path: Path, scores: dict[Cell, Score]) -> None:
    rows = [{"cell": asdict(cell), "score": asdict(score)} for cell, score in scores.items()]
    path.write_text(json.dumps(rows), encoding="utf-8")


def _read(path: Path, beside: Iterable[Cell]) -> dict[Cell, Score]:
    """Read the peers' cells that an earlier run wrote, of the games and seeds of this one."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    read = {Cell(**row["cell"]): Score(**row["score"]) for row in rows}
    here = {replace(cell, method="") for cell in beside}
    return {
        cell: score
        for cell, score in read.items()
        if is_peer(cell.method) and replace(cell, method="") in here
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    numbers, names = _listed(int), _listed(str)
    switch = argparse.BooleanOptionalAction
    parser.add_argument(
        "--seeds", type=int, default=20, help="a half of them above n = 10, a tenth above 50"
    )
    parser.add_argument("--families", type=names, default=list(FAMILIES))
    parser.add_argument("--participants", type=numbers, default=[10, 50, 100, 200])
    parser.add_argument(
        "--budgets", type=numbers, default=list(PER_PARTICIPANT), help="coalitions a participant"
    )
    parser.add_argument("--methods", type=names, default=[], help="ours; else all")
    parser.add_argument("--peers", action=switch, default=True)
    parser.add_argument("--federated", action=switch, default=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="n = 10, 5 seeds")
    parser.add_argument("--record", type=Path, help="write every cell to this file")
    parser.add_argument("--against", type=Path, nargs="+", default=[], help="peers of other runs")
    given = parser.parse_args()
    if given.quick:
        given.seeds, given.participants = 5, [10]
    given.peers = given.peers and not given.against
    return given


def _listed(kind: type) -> object:
    return lambda text: [kind(each) for each in text.split(",")]


def main() -> None:
    """Run the cells and print the tables."""
    given = _arguments()
    os.environ["OMP_NUM_THREADS"] = "1"  # the workers inherit it
    if given.federated:
        for number in range(len(splits(10))):
            _table(number, 10)
    if given.peers:
        have = installed()
        print("peers:", ", ".join(f"{k} {v}" for k, v in have.items()) or "none")
        if missing := sorted({"shapiq", "pydvl"} - set(have)):
            print(f"not installed: pip install {' '.join(missing)}")
    started = perf_counter()
    scores = measured(wanted(given), given.workers)
    seconds = perf_counter() - started
    if given.record:
        _write(given.record, scores)
    for path in given.against:
        scores |= _read(path, list(scores))
    for n in given.participants:
        closed_forms(scores, n)
    if given.federated:
        federated_tables(scores)
    print(f"\n{len(scores)} cells, {seconds:.0f} s on {given.workers} processes")


if __name__ == "__main__":
    main()
