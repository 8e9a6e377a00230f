"""The linear programs behind the core: how small the largest excess can be made.

A coalition's excess is what it is worth on its own less what its members are given; it is
what they could complain of. Programs are solved over few coalitions at first, to which the
worst offenders among all are added until none is left (constraint generation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import OptimizeResult, linprog

from fedmerit.errors import GameError
from fedmerit.incentives.methods.cores.equations import Equations, plug_in
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions

#: Worths are scaled to at most 1 in size; an excess below this is none.
SLACK: Final = 1e-9
#: A multiplier above this makes its coalition binding. Those of vertices are ratios of
#: small determinants, hence far from it unless they are 0.
BINDING: Final = 1e-8
_PRECISE: Final = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


class Family:
    """Coalitions that may complain, and what each is worth beyond nobody.

    Attributes:
        members: One row per coalition, shape ``(m, n)``; the last row is everyone.
        worths: Scaled by a power of two to at most 1 in size, shape ``(m,)``.
    """

    def __init__(self, members: Coalitions, worths: NDArray[np.float64]) -> None:
        self.members = members
        largest = np.abs(worths).max()
        self.worths = worths / 2.0 ** np.ceil(np.log2(largest)) if largest > 0 else worths
        self._columns = np.ascontiguousarray(members.T)

    def sums(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give each coalition's sum of *shares*, shape ``(m,)``."""
        total = np.zeros(len(self.members))
        for inside, share in zip(self._columns, shares.tolist(), strict=True):
            np.add(total, share, out=total, where=inside)
        return total

    def free(self, fixed: Equations) -> NDArray[np.bool_]:
        """Say whose sum the equations leave open (not in the span of their left sides).

        Two random moves show it: whoever neither changes is changed by none, but for a
        chance in 10**18 or so.
        """
        moves = fixed.undecided()
        moves = moves[moves[:, -1] == 0, :-1]  # the last unknown is the excess, not a share
        open_ = np.zeros(len(self.members), dtype=np.bool_)
        weights = generator(0, "valuation", "core", "moves").uniform(1, 2, (2, len(moves)))
        for weight in weights:
            open_ |= np.abs(self.sums((weight[:, None] * moves).sum(axis=0))) > SLACK
        return open_


@dataclass(frozen=True, slots=True)
class Stage:
    """Who keeps the largest excess from falling further.

    Attributes:
        binding: Rows of coalitions that have it in every division where it is least.
        held: Participants who in every such division get just what they are worth alone.
    """

    binding: list[int]
    held: list[int]


def start(family: Family) -> Equations:
    """Give the one equation that always holds: everyone's worth is divided."""
    n = family.members.shape[1]
    fixed = Equations(n + 1)
    fixed.add(np.append(np.ones(n), 0.0), {len(family.worths) - 1: 1.0})
    return fixed


def settle(
    family: Family, fixed: Equations, alone: NDArray[np.float64] | None = None
) -> dict[int, float]:
    """Make the largest excess that *fixed* leaves open as small as it gets.

    Args:
        family: All coalitions that count.
        fixed: What is decided already; the equations of the binding coalitions are added.
        alone: The least that each may get, shape ``(n,)``; None without such floors.

    Returns:
        The excess as weights on the family's worths.
    """
    stage = _solve(family, fixed, alone)
    n = family.members.shape[1]
    for row in stage.binding:
        fixed.add(np.append(family.members[row], 1.0), {row: 1.0})
    for one in stage.held:
        fixed.add(np.eye(n + 1)[one], {_alone(family, one): 1.0})
    excess = fixed.take_last()
    if excess is None:
        raise _unsolved("its binding coalitions could not be told")
    return excess


def _solve(family: Family, fixed: Equations, alone: NDArray[np.float64] | None) -> Stage:
    """Solve one program.

    The worst offenders are sought at the answer so far and half way from there to the best
    division seen: answers are corners, far from where they end, and the way between is
    where a division turns up early that proves the answer's excess to be the least.
    """
    n = family.members.shape[1]
    free = family.free(fixed)
    working = _first(family, free)
    shares, largest = np.zeros(n), np.inf
    while True:
        found = _program(family, fixed, alone, working)
        corner, least = found.x[:-1], float(found.x[-1])
        tried = [corner] if largest == np.inf else [corner, (corner + shares) / 2]
        new: set[int] = set()
        for division in tried:
            over, worst = offenders(family, free, division, least, working)
            new.update(over)
            if worst < largest:
                shares, largest = division, worst
        if largest <= least + SLACK:
            return Stage(
                binding=working[-found.ineqlin.marginals > BINDING].tolist(),
                held=np.flatnonzero(found.lower.marginals[:-1] > BINDING).tolist(),
            )
        working = np.append(working, sorted(new))


def _program(
    family: Family,
    fixed: Equations,
    alone: NDArray[np.float64] | None,
    working: NDArray[np.intp],
) -> OptimizeResult:
    n = family.members.shape[1]
    floors = [(None, None)] * n if alone is None else [(low, None) for low in alone.tolist()]
    found = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=-np.column_stack([family.members[working], np.ones(len(working))]),
        b_ub=-family.worths[working],
        A_eq=fixed.left,
        b_eq=[plug_in(right, family.worths) for right in fixed.rights()],
        bounds=[*floors, (None, None)],
        method="highs-ds",
        options=_PRECISE,
    )
    if found.status != 0:
        raise _unsolved(found.message)
    return found


def _first(family: Family, free: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Give open coalitions of one and of all but one, and enough that the excess is bounded."""
    n = family.members.shape[1]
    sizes = family.members.sum(axis=1)
    few = np.flatnonzero(free & ((sizes == 1) | (sizes == n - 1)))
    any_open = np.flatnonzero(free)
    first = any_open[[0, -1]]  # in a whole family, each other's complement or beside one
    opposite = (family.members == ~family.members[first[0]]).all(axis=1)
    return np.unique(np.concatenate([few, first, np.flatnonzero(opposite & free)]))


def offenders(
    family: Family,
    free: NDArray[np.bool_],
    shares: NDArray[np.float64],
    excess: float,
    working: NDArray[np.intp],
) -> tuple[list[int], float]:
    """Give rows outside *working* with a larger excess, the worst 4 n; and the largest."""
    excesses = family.worths - family.sums(shares)
    excesses[~free] = -np.inf
    worst = float(excesses.max())
    excesses[working] = -np.inf
    wrong = np.flatnonzero(excesses > excess + SLACK)
    most = 4 * family.members.shape[1]
    if len(wrong) > most:
        wrong = wrong[np.argpartition(-excesses[wrong], most)[:most]]
    return sorted(wrong.tolist()), worst


def _alone(family: Family, one: int) -> int:
    only = np.arange(family.members.shape[1]) == one
    return int((family.members == only).all(axis=1).argmax())


def _unsolved(why: str) -> GameError:
    return GameError(
        f"the linear program of the least core has no clear answer: {why}",
        hint="Worths that differ by less than 1e-9 of the largest are the usual cause; round them.",
    )
