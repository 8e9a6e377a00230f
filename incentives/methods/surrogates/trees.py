"""The method ``trees``: boosted trees, and a regression of what they miss.

Trees learn interactions that no kernel expects. Their own values are exact, and what they
miss on coalitions they have not seen is valued by a regression that assumes nothing, so a
bad fit costs precision and not truth (Witter, Liu and Musco, 2025).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits

from fedmerit.incentives.methods.exact import enumerated
from fedmerit.incentives.methods.surrogates.design import TABULATED, ask_for, leverage
from fedmerit.incentives.methods.surrogates.regression import regression, unasked
from fedmerit.incentives.methods.traits import Concept, valuation_method
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.ensemble import GradientBoostingRegressor

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

    Floats = NDArray[np.float64]

_FOLDS: Final = 5
_TREES: Final = 200
_DEPTH: Final = 4
_RATE: Final = 0.1


@valuation_method("trees", concept=Concept.SHAPLEY)
def regression_adjusted(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values of boosted trees, adjusted by a regression of what they miss.

    Source: Witter, Liu and Musco (2025); interventional tree values, with nobody as the one
        background coalition, after Lundberg et al. (2020).
    Assumes: Nothing, for values near the truth; trees that fit, for small errors.
    Cost: *budget* evaluations; five fits of 200 trees.
    Choose it: Where members interact in ways no smooth surrogate follows, on large budgets.

    Intervals hold what they say from n + 14 evaluations on, about nine in ten of them.
    Validation rows share the trees, which are fitted to the mean game, and each row's own
    difference from it is valued by the regression, which is linear in the row's worths.

    Raises:
        BudgetTooSmall: *budget* is below ``2 * n + 2``.
        GameError: The game breaks its contract.
    """
    if (known := enumerated(game, method="trees", budget=budget, seed=seed)) is not None:
        return known
    sample = ask_for(game, method="trees", budget=budget, seed=seed)
    # One thread, since a sum's order, and so its last bit, depends on how many there are.
    with threadpool_limits(1):
        few = sample.inside.shape[1] <= TABULATED
        rest = unasked(sample.inside).astype(np.float64) if few else sample.inside[:0]
        values, together, predicted, others = _cross_fitted(sample.inside, rest, sample.mean, seed)
        fitted = regression(sample.inside)
        by_column = fitted.weights @ (sample.gains - predicted[:, None])
        covariance = fitted.covariance(sample.mean - predicted)
        if few:  # what was asked for is known, and the others are predicted
            unknown = others[:, None] + rest @ by_column
            by_column = leverage(sample.inside).T @ sample.gains + leverage(rest).T @ unknown
        else:  # as in values of trends: what fits missed tells of what was not asked for alone
            told = together + fitted.unknown * (predicted - together)
            by_column = fitted.weights @ (sample.gains - told[:, None]) + values[:, None]
    return sample.concluded(
        game,
        by_column,
        covariance,
        degrees=float(len(predicted) - len(values)),
        method="trees",
        seed=seed,
    )


def tree_values(model: GradientBoostingRegressor, n: int) -> Floats:
    """Give the Shapley values of a fitted model, as a game of *n*, shape ``(n,)``."""
    from shap import TreeExplainer  # noqa: PLC0415 - takes seconds to import

    explainer = TreeExplainer(model, data=np.zeros((1, n)), feature_perturbation="interventional")
    explained = explainer.shap_values(np.ones((1, n)), check_additivity=False)
    return np.asarray(explained, dtype=np.float64).reshape(n)


def _cross_fitted(
    inside: Floats, others: Floats, gains: Floats, seed: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give the folds' mean values, each coalition's two predictions, and those of *others*.

    First by the mean of all folds, then by what had not seen it; those of others by the mean.

    Trees are fitted to what an additive game leaves, since they follow a plane in steps.
    Everyone, the first, is in every fold. Nobody's prediction is taken off all others.
    """
    from sklearn.ensemble import GradientBoostingRegressor  # noqa: PLC0415 - slow to import

    n = inside.shape[1]
    nobody = np.zeros((1, n))
    values, expected = np.zeros(n), np.zeros(len(others))
    predicted, together = np.zeros(len(inside)), np.zeros(len(inside))
    folds = np.arange(len(inside)) % _FOLDS
    folds[0] = -1
    for fold in range(_FOLDS):
        left_out, is_fitted = folds == fold, folds != fold
        additive = regression(inside[is_fitted]).weights @ gains[is_fitted]
        rest = gains[is_fitted] - inside[is_fitted] @ additive
        model = GradientBoostingRegressor(
            n_estimators=_TREES,
            max_depth=_DEPTH,
            learning_rate=_RATE,
            random_state=derived_seed(seed, "valuation", "trees", fold) % 2**32,
        )
        model.fit(np.vstack([nobody, inside[is_fitted]]), np.append(0.0, rest))
        level = model.predict(nobody)
        if not len(others):  # what all coalitions would say, of too many to predict
            values += (additive + tree_values(model, n)) / _FOLDS
        else:
            expected += (others @ additive + model.predict(others) - level) / _FOLDS
        told = inside @ additive + model.predict(inside) - level
        together += told / _FOLDS
        predicted[0] += told[0] / _FOLDS
        predicted[left_out] = told[left_out]
    return values, together, predicted, expected
