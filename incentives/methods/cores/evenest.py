"""The most even among the divisions of the least core, as a least-distance program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from fedmerit.incentives.methods.cores.equations import Equations, plug_in
from fedmerit.incentives.methods.cores.excesses import BINDING, SLACK, offenders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.methods.cores.excesses import Family


def nearest_equal(
    family: Family, fixed: Equations, excess: dict[int, float]
) -> list[dict[int, float]]:
    """Give the most even division among those with no larger excess than the least.

    The nearest to equal shares, in squares, which is also the shortest. Unique.

    Returns:
        Each participant's share as weights on the family's worths.
    """
    least = float(plug_in(excess, family.worths))
    known = np.array([plug_in(right, family.worths) for right in fixed.rights()])
    # BLAS only shows which coalitions press; the shares come from their equations.
    basis, _ = np.linalg.qr(fixed.left[:, :-1].T)
    base = np.linalg.lstsq(fixed.left[:, :-1], known, rcond=None)[0]
    free, shares, working = family.free(fixed), base, np.zeros(0, dtype=np.intp)
    pressing: list[int] = []
    while new := offenders(family, free, shares, least, working)[0]:
        working = np.append(working, new)
        rows = family.members[working].astype(np.float64)
        moves = rows - (rows[:, :, None] * basis).sum(axis=1) @ basis.T
        short = family.worths[working] - least - SLACK / 2 - (rows * base).sum(axis=1)
        step, pressure = _shortest(moves, short)
        shares = base + step
        pressing = working[pressure > BINDING * pressure.max()].tolist()
    # These hold with equality: solve for the multipliers, and open the right sides.
    held = list(zip(fixed.left[:, :-1], fixed.rights(), strict=True))
    independent = _copy(fixed)
    for row in pressing:
        left = family.members[row].astype(np.float64)
        right = {row: 1.0} | {term: -weight for term, weight in excess.items() if term != row}
        right[row] -= excess.get(row, 0.0)
        if independent.add(np.append(left, 0.0), right):
            held.append((left, right))
    return _shortest_solution(held)


def _shortest(
    rows: NDArray[np.float64], at_least: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the shortest x with ``rows x >= at_least``, and each row's pressure on it.

    Least-distance programming by non-negative least squares (Lawson and Hanson, 1974).
    """
    system = np.vstack([rows.T, at_least])
    goal = np.append(np.zeros(rows.shape[1]), 1.0)
    pressure, _ = nnls(system, goal, maxiter=50 * max(system.shape))
    rest = (system * pressure).sum(axis=1) - goal
    return -rest[:-1] / rest[-1], pressure


def _shortest_solution(
    held: list[tuple[NDArray[np.float64], dict[int, float]]],
) -> list[dict[int, float]]:
    """Solve independent equations by their shortest solution, right sides left open."""
    gram = Equations(len(held) + 1)
    for left, right in held:
        gram.add(np.append([(left * other).sum() for other, _ in held], 0.0), right)
    weights = gram.solution()
    shares: list[dict[int, float]] = []
    for one in range(len(held[0][0])):
        share: dict[int, float] = {}
        for (left, _), weight in zip(held, weights, strict=True):
            for term, value in weight.items():
                share[term] = share.get(term, 0.0) + float(left[one]) * value
        shares.append(share)
    return shares


def _copy(fixed: Equations) -> Equations:
    same = Equations(fixed.left.shape[1])
    for left, right in zip(fixed.left, fixed.rights(), strict=True):
        same.add(left, right)
    return same
