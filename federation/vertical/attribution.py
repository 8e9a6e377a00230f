"""A second opinion on parties' values: shap explains the joint model, summed by owner.

It says how much the finished model uses whose columns; a game says what training would have
come to without them. A column that copies another's is used, and adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shap

from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedmerit.federation.vertical.task import Matrix, VerticalTask

_BACKGROUND: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """How a joint model's scores come about.

    Attributes:
        by_owner: Each party's share of each explained row's score, the sum over its columns,
            shape ``(rows,)``; all parties' add up to the score less the background's mean.
        importance: Each party's mean magnitude of it.
        explanation: shap's own object, by column, for its plots.

    """

    by_owner: Mapping[str, Matrix]
    importance: Mapping[str, float]
    explanation: shap.Explanation


def explain(
    task: VerticalTask, scores: Callable[[Matrix], Matrix], *, rows: int = 200, seed: int = 0
) -> Attribution:
    """Explain a model of all columns by permutations of them (Lundberg and Lee, 2017).

    Args:
        task: Whose columns; absent ones are drawn from a hundred training rows.
        scores: The model, from all parties' columns side by side to a score per row.
        rows: How many validation rows to explain.
        seed: Seeds shap's permutations.

    """
    training, held_out = (
        np.column_stack([getattr(columns, part) for columns in task.parties])
        for part in ("training", "held_out")
    )
    names = [f"{c.party}: {name}" for c in task.parties for name in c.names]
    explainer = shap.explainers.Permutation(
        scores,
        shap.maskers.Independent(training, max_samples=_BACKGROUND),
        feature_names=names,
        seed=derived_seed(seed, "vertical", "attribution") % 2**32,
    )
    found = explainer(held_out[:rows], max_evals=2 * training.shape[1] + 1, silent=True)
    cuts = np.cumsum([len(columns.names) for columns in task.parties])[:-1]
    parts = np.split(found.values, cuts, axis=1)
    owned = {
        columns.party: part.sum(axis=1) for columns, part in zip(task.parties, parts, strict=True)
    }
    importance = {name: float(np.abs(own).mean()) for name, own in owned.items()}
    return Attribution(owned, importance, found)
