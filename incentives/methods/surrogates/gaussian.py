"""The method ``gp``: values of a Gaussian process over coalitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from fedmerit.incentives.methods.exact import enumerated
from fedmerit.incentives.methods.surrogates.checking import unseen
from fedmerit.incentives.methods.surrogates.choosing import ask_as_needed
from fedmerit.incentives.methods.surrogates.functional import operator
from fedmerit.incentives.methods.surrogates.process import fit
from fedmerit.incentives.methods.surrogates.trends import nothing
from fedmerit.incentives.methods.traits import Concept, valuation_method

if TYPE_CHECKING:
    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation


@valuation_method("gp", concept=Concept.SHAPLEY)
def gaussian_process(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values of the game that a Gaussian process expects, given what it saw.

    Source: Values of a process with a product kernel in closed form, after Owen (1972);
        the kernels of shares and of curves are our own.
    Assumes: Coalitions that share most of their weight are worth much the same.
    Cost: *budget* evaluations; time grows with the cube of the budget.
    Choose it: Where worths are known to change smoothly; surrogate has it as one of its parts.

    Errors are the process's own, scaled by how it errs on coalitions that it left out, and no
    smaller than what the values move when a part is left out. Intervals hold what they say from
    n + 14 evaluations on.

    Raises:
        BudgetTooSmall: *budget* is below ``2 * n + 2``.
        GameError: The game breaks its contract.
    """
    if (known := enumerated(game, method="gp", budget=budget, seed=seed)) is not None:
        return known
    sample = ask_as_needed(game, method="gp", budget=budget, seed=seed)
    # One thread, since a sum's order, and so its last bit, depends on how many there are.
    with threadpool_limits(1):
        process = fit(sample.inside, sample.mean)
        answer = operator(process)
        by_column = answer.weights @ sample.gains
        errors = unseen(nothing, process, sample.mean, refit=True)
    return sample.concluded(
        game,
        by_column,
        errors.scaled(process, answer.covariance, by_column.mean(axis=1)),
        degrees=float(errors.tested - 1),
        method="gp",
        seed=seed,
    )
