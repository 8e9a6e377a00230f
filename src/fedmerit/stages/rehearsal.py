"""Whether a valuation method can do with what a run will have, found out before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import BudgetTooSmall, GameError, ScenarioError
from fedmerit.incentives import METHODS
from fedmerit.scenario.terms import method_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.scenario.model import Scenario


class _Worthless:
    """A game that costs nothing: it tells at once whether a method's budget is enough."""

    def __init__(self, participants: tuple[str, ...]) -> None:
        self.participants = participants

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        return np.zeros(len(coalitions))


def check_method(scenario: Scenario, participants: tuple[str, ...]) -> None:
    """Find out whether the method can value *participants* within the budget.

    Raises:
        BudgetTooSmall: It needs more evaluations.
        ScenarioError: It asks for what no bundle keeps.
    """
    asked, n = scenario.valuation, len(participants)
    if asked.method == "group-shapley" and asked.game == "rounds":
        raise ScenarioError(
            "'group-shapley' on the recorded rounds regroups the same updates, which hides nobody",
            hint='Set game = "retraining", which trains every group for itself.',
        )
    if asked.repeats > 1 and asked.game != "retraining":
        raise ScenarioError(
            f"valuation.repeats = {asked.repeats} with game = {asked.game!r}: what was recorded is "
            "of one training, and no repeat can say what members would have sent in another",
            hint='Set game = "retraining", or leave repeats out.',
        )
    method = method_of(scenario, n)
    try:
        METHODS[method](_Worthless(participants), budget=0, seed=0)
    except BudgetTooSmall as error:  # every method says what it needs before it asks
        if error.needed > asked.max_coalitions:
            raise BudgetTooSmall(
                method, budget=asked.max_coalitions, needed=error.needed, participants=n
            ) from None
    except GameError as error:
        raise ScenarioError(
            f"{method!r} asks for more than the worths of coalitions, which are all that a "
            "bundle keeps for the audit",
            hint="Choose another method ('fedmerit list'), or call this one from Python.",
        ) from error
