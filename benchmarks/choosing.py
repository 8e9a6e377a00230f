"""What ``auto`` costs on a game that answers in microseconds, beside antithetic orders.

A process each, so that the memory is its own; CPU seconds of one thread, whole calls of
:func:`~fedmerit.incentives.value` with their traces, the median over repeats. Errors are
MSE over mean(phi^2) of the same games, whose values are known in closed form.

    python benchmarks/choosing.py [--sizes 10:200,20:4096] [--repeats 3]
"""

from __future__ import annotations

import argparse
import os
import resource
from multiprocessing import get_context
from time import process_time
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives import value

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES: Final = "10:200,20:1000,20:4096,50:1000,50:4096,100:4096,500:4096,1000:4096"


class Saturating:
    """``1 - exp(-w.S)``, of weights that add up to about four."""

    def __init__(self, n: int, seed: int) -> None:
        self.participants = tuple(map(str, range(n)))
        self._weights = np.random.default_rng(seed).gamma(2, 2 / n, n)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give the worth of each row."""
        return np.asarray(1 - np.exp(-(coalitions @ self._weights)))

    @property
    def truth(self) -> NDArray[np.float64]:
        """The values, by Gauss-Legendre along the diagonal of the multilinear extension."""
        kept = np.exp(-self._weights)
        nodes, shares = np.polynomial.legendre.leggauss(len(kept) // 2 + 1)
        mixed = 1 + ((nodes + 1) / 2)[:, None] * (kept - 1)
        product = mixed.prod(axis=1, keepdims=True)
        return np.asarray((shares[:, None] / 2 * product / mixed * (1 - kept)).sum(axis=0))


def measure(asked: tuple[str, int, int, int]) -> tuple[str, float, float, float]:
    """Give the method, CPU seconds, MiB and the relative error of one call."""
    method, n, budget, seed = asked
    value(Saturating(6, 0), method=method, budget=40, seed=0)  # what imports take is not counted
    game = Saturating(n, seed)
    began = process_time()
    found = value(game, method=method, budget=budget, seed=seed)
    seconds = process_time() - began
    error = float(((found.values - game.truth) ** 2).mean() / (game.truth**2).mean())
    return (
        found.method,
        seconds,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        error,
    )


def main() -> None:
    """Measure every size, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default=SIZES, help="participants:coalitions, by commas")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # the processes inherit it
    print("| n | coalitions | auto takes | s | MiB | error | antithetic, s | error |")
    print("|---|---|---|---|---|---|---|---|")
    for size in given.sizes.split(","):
        n, budget = map(int, size.split(":"))
        asked = [(m, n, budget, s) for m in ("auto", "antithetic") for s in range(given.repeats)]
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            found = pool.map(measure, asked, chunksize=1)
        auto, plain = found[: given.repeats], found[given.repeats :]
        middle = [
            [float(np.median([run[k] for run in side])) for k in (1, 2, 3)]
            for side in (auto, plain)
        ]
        print(
            f"| {n} | {budget:,} | {auto[0][0]} | {middle[0][0]:.2f} | {middle[0][1]:.0f} | "
            f"{middle[0][2]:.1e} | {middle[1][0]:.2f} | {middle[1][2]:.1e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
