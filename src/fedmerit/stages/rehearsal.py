"""Whether a valuation method can do with what a run will have, found out before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import BudgetTooSmall, GameError, ScenarioError
from fedmerit.federation.horizontal.sampling import present, sampled
from fedmerit.incentives import METHODS
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods import reads_rounds
from fedmerit.scenario.terms import method_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives import Game
    from fedmerit.scenario.model import Scenario


class _Worthless:
    """A game that costs nothing: it tells at once whether a method's budget is enough."""

    def __init__(self, participants: tuple[str, ...]) -> None:
        self.participants = participants

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        return np.zeros(len(coalitions))


def _sampled_rounds(scenario: Scenario, participants: tuple[str, ...]) -> Game:
    """Give rounds that are worth nothing, each of the members that will be sampled for it.

    Raises:
        ScenarioError: The method cannot value the rounds that there will be.
    """
    asked, training = scenario.valuation, scenario.training
    if asked.game != "rounds":
        raise ScenarioError(
            f"{asked.method!r} values the rounds of a run, and valuation.game is {asked.game!r}",
            hint='Set game = "rounds" below [valuation], or choose another method.',
        )
    if asked.interval_width is not None:
        raise ScenarioError(
            f"{asked.method!r} measures all that it may at once, so that interval_width cannot "
            "stop it",
            hint="Leave interval_width out, or choose another method.",
        )
    spans = [scenario.spans.get(name, (1, None)) for name in participants]
    taking_part = np.array(
        [
            sampled(
                participants,
                training.participation,
                round_=number,
                seed=scenario.seed,
                there=present(spans, number),
                full_round=training.full_round,
            )
            for number in range(1, training.rounds + 1)
        ]
    )
    if asked.method == "comfedsv" and not taking_part.all(axis=1).any():
        together = present(spans, 1).all() and not training.full_round
        raise ScenarioError(
            "'comfedsv' learns from a round with everyone what large groups are worth, and with a "
            f"participation of {training.participation:g} no round here will have everyone",
            hint="Set full_round = true below [training], or choose another method."
            if together
            else "Choose another method, such as 'fedsv', for members that join late or leave.",
        )
    return SummedGame([_Worthless(participants)] * training.rounds, taking_part)


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
    game: Game = _Worthless(participants)
    if reads_rounds(method):
        game = _sampled_rounds(scenario, participants)
    try:
        METHODS[method](game, budget=0, seed=0)
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
