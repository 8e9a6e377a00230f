"""A trend of few teams: a sum of unanimity games, of all that fit the one that pays least.

Every game is a sum of teams that earn a dividend once complete, which they share evenly
(Harsanyi, 1959). Where few coalitions are known, many such sums fit; where few teams matter,
the one whose dividends have the least absolute sum is mostly the game itself (basis pursuit,
after Chen, Donoho and Saunders, 1998).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.surrogates.trends import Trend, nothing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A dividend below this share of the largest is rounding.
_NOTHING: Final = 1e-9
#: Steps of the simplex method; a game of few teams takes less.
_STEPS: Final = 1000


def dividends(inside: Floats, gains: Floats) -> Trend:
    """Find the dividends of least absolute sum that explain *gains*, of few participants.

    A larger team must earn more to be preferred, by the root of its size.
    """
    teams = every_coalition(inside.shape[1])[1:].astype(np.float64)
    sizes = teams.sum(axis=1)
    columns = csr_array(complete(inside, teams))
    unit = float(np.abs(gains).max()) or 1.0
    solution = linprog(
        np.tile(np.sqrt(sizes), 2),
        A_eq=hstack([columns, -columns]),
        b_eq=gains / unit,
        method="highs-ds",
        options={"maxiter": _STEPS},
    )
    if solution.x is None or solution.status:
        return nothing(inside, gains)
    amounts = unit * (solution.x[: len(teams)] - solution.x[len(teams) :])
    nonzero = np.abs(amounts) > _NOTHING * unit
    return of_teams(teams[nonzero], amounts[nonzero])


def of_teams(teams: Floats, amounts: Floats) -> Trend:
    """Give the game of these teams, shape ``(teams, n)``, and their dividends, ``(teams,)``."""
    shares = teams / teams.sum(axis=1, keepdims=True)
    return Trend(lambda rows: complete(rows, teams) @ amounts, lambda: amounts @ shares, len(teams))


def complete(inside: Floats, teams: Floats) -> Floats:
    """Say which teams are complete in each coalition, shape ``(rows, teams)``."""
    return np.asarray(inside @ teams.T >= teams.sum(axis=1), dtype=np.float64)
