"""What each round of a run was worth, member by member and evaluator by evaluator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from fedmerit.errors import GameError
from fedmerit.incentives import METHODS, Estimate, estimates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation import ParallelRuns, RunRound

_NOTHING = Estimate(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """The Shapley values of one round's own game.

    Attributes:
        parts: Names of those that took part.
        judged: What each evaluator's rows add to each value, ``(parts, evaluators)``, nats;
            a value is the sum of its row.
        half_widths: Of the values' 95% intervals, billionths of a nat.
    """

    parts: tuple[str, ...]
    judged: NDArray[np.float64]
    half_widths: tuple[int, ...]

    def of(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """Give *judged* of these names, 0 for those that did not take part."""
        found = np.zeros((len(names), self.judged.shape[1]))
        for row, name in enumerate(names):
            if name in self.parts:
                found[row] = self.judged[self.parts.index(name)]
        return found

    def half_width(self, name: str) -> int:
        """Give one half width, 0 for who did not take part."""
        return self.half_widths[self.parts.index(name)] if name in self.parts else 0


class Judge:
    """Values run_rounds by their own rounds' games.

    Args:
        runs: That train them.
        owners: Whose each validation row is, by number of the member.
        evaluators: How many members there are.
        coalitions: To value a round by, at least.
        seed: The scenario's.
    """

    def __init__(
        self,
        runs: ParallelRuns,
        owners: NDArray[np.int64],
        *,
        evaluators: int,
        coalitions: int,
        seed: int,
    ) -> None:
        self._runs, self._coalitions, self._seed = runs, coalitions, seed
        mine = owners == np.arange(evaluators)[:, None]
        self._shares = (mine / len(owners)).T

    def each(self, run_rounds: Sequence[RunRound]) -> list[Judgement]:
        """Value those that took part in each round; the same round once, several at a time.

        A round's values are one thread's work, so they do not depend on how many there are.
        """
        distinct = {id(run_round): run_round for run_round in run_rounds}
        workers = torch.get_num_threads()
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            found = dict(zip(distinct, pool.map(self._judged, distinct.values()), strict=True))
        return [found[id(run_round)] for run_round in run_rounds]

    def _judged(self, run_round: RunRound) -> Judgement:
        n = len(run_round.parts)
        if not run_round.weights.any():
            nothing = np.zeros((n, self._shares.shape[1]))
            return Judgement(parts=run_round.parts, judged=nothing, half_widths=(0,) * n)
        budget = max(self._coalitions, 2 * n + 6)
        method = METHODS["exact" if 2**n <= budget else "kernel-shap"]
        found = method(self._runs.game(run_round), budget=budget, seed=self._seed)
        if found.row_values is None:
            raise GameError(f"{found.method} shows no validation rows, which judges are paid by")
        return Judgement(
            parts=run_round.parts,
            judged=found.row_values @ self._shares,
            half_widths=tuple(each.half_width for each in estimates(found)),
        )


def estimated(names: tuple[str, ...], said: NDArray[np.float64], on: Judgement) -> list[Estimate]:
    """Give contributions as they are recorded, from what evaluators say of them."""
    values = said.sum(axis=1).tolist()
    return [
        Estimate(round(value * 10**9), on.half_width(name)) if name in on.parts else _NOTHING
        for name, value in zip(names, values, strict=True)
    ]
