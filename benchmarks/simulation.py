"""Thirty rounds of twenty members under eight mechanisms: how long, and how much is shared.

Prints the seconds of the whole command's work, the rounds that were distinct, and what came of
each mechanism.

    python benchmarks/simulation.py
"""

from __future__ import annotations

import argparse
import os
from time import perf_counter, process_time
from typing import Final

from fedmerit.scenario.reading import load
from fedmerit.simulation import Simulation, simulate
from fedmerit.simulation.page import render, tables

EIGHT: Final = (
    "proportional",
    "confident",
    "equal",
    "data-size",
    "fli",
    "uniform-price",
    "second-score",
    "tullock",
)


def main() -> None:
    """Simulate, and print two tables."""
    parser = argparse.ArgumentParser(description="Time a simulation.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--deviators", type=int, default=4)
    asked = parser.parse_args()
    settings = Simulation(mechanisms=EIGHT, rounds=asked.rounds, deviators=asked.deviators)
    load_before, wall, cpu = os.getloadavg()[0], perf_counter(), process_time()
    found = simulate(load("marketplace"), settings)
    page = render(found)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    trained, of = found.trained
    print("| members | rounds | runs | distinct rounds | seconds | CPU seconds | load before |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {len(found.people)} | {asked.rounds} | {of // asked.rounds} | {trained:,} of {of:,} "
        f"| {wall:.0f} | {cpu:.0f} | {load_before:.1f} |\n"
    )
    for table in (tables.side_by_side(found), tables.deviations(found)):
        print(f"| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}")
        for row in table.rows:
            print(f"| {' | '.join(row)} |")
        print()
    print(f"page: {len(page):,} characters")


if __name__ == "__main__":
    main()
