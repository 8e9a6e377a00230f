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
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from families import FAMILIES
from peers import installed, peers
from printing import closed_forms, federated_tables, is_peer
from scoring import UNIFORM, Cell, Score, run, table
from tables import splits

from fedmerit.incentives import AUTO, METHODS
from fedmerit.incentives.methods import choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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
FEDERATED_BUDGETS: Final = (30, 50, 100, 200, 500)


def on_families(given: argparse.Namespace, n: int) -> list[Cell]:
    """List the cells of the closed forms at *n* participants, in a fixed order."""
    seeds = given.seeds if n <= 10 else max(2, given.seeds // (2 if n <= 50 else 10))
    return [
        Cell(family, n, n * each, method, seed)
        for each in given.budgets
        for family in given.families
        for method in _methods(given, n)
        for seed in range(seeds)
    ]


def on_tables(given: argparse.Namespace) -> list[Cell]:
    """List the cells of the federated tables, in a fixed order."""
    return [
        Cell(str(table), 10, budget, method, seed)
        for budget in FEDERATED_BUDGETS
        for table in range(len(splits(10)))
        for method in _methods(given, 10)
        for seed in range(given.seeds)
    ]


def _methods(given: argparse.Namespace, n: int) -> list[str]:
    ours = given.methods or [AUTO, *(name for name in METHODS if name not in OTHERS)]
    return [UNIFORM, *ours, *(peers(n) if given.peers else ())]


def measured(cells: Sequence[Cell], workers: int) -> dict[Cell, Score]:
    """Run all cells, on so many processes of one thread each.

    What ``auto`` chooses is run once, beside or as that method's own cell. It is asked only
    for its last answer, not for the trace that :func:`~fedmerit.incentives.value` adds.
    """
    chosen = {cell: _chosen(cell) for cell in cells}
    distinct = list(dict.fromkeys(chosen.values()))
    if workers == 1:
        scores = {cell: run(cell) for cell in distinct}
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            scores = dict(zip(distinct, pool.map(run, distinct, chunksize=4), strict=True))
    return {cell: scores[one] for cell, one in chosen.items()}


def _chosen(cell: Cell) -> Cell:
    if cell.method != AUTO:
        return cell
    return replace(cell, method=choice(cell.participants, cell.budget)[0])


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
    """Run the cells and print each table as soon as it is whole."""
    given = _arguments()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.environ["OMP_NUM_THREADS"] = "1"  # the workers inherit it
    if given.federated:
        for number in range(len(splits(10))):
            table(number, 10)
    if given.peers:
        have = installed()
        print("peers:", ", ".join(f"{k} {v}" for k, v in have.items()) or "none")
        if missing := sorted({"shapiq", "pydvl"} - set(have)):
            print(f"not installed: pip install {' '.join(missing)}")
    started = perf_counter()
    scores: dict[Cell, Score] = {}

    def shown(cells: list[Cell]) -> dict[Cell, Score]:
        found = measured(cells, given.workers)
        scores.update(found)
        if given.record:
            _write(given.record, scores)
        for path in given.against:
            found |= _read(path, cells)
        return found

    if given.federated:
        federated_tables(shown(on_tables(given)))
    for n in given.participants:
        closed_forms(shown(on_families(given, n)), n)
    seconds = perf_counter() - started
    print(f"\n{len(scores)} cells, {seconds:.0f} s on {given.workers} processes")


if __name__ == "__main__":
    main()
