"""Names and numbers that a scenario uses, held against what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.errors import GameError, RewardError, ScenarioError, suggestion
from fedmerit.incentives import AUTO, METHODS, SETTLED
from fedmerit.incentives.mechanisms import UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from fedmerit.scenario.model import Scenario, Valuation


def check_names(
    scenario: Scenario,
    *,
    games: Container[str],
    label_policies: Container[str],
    members: str,
    local_steps: bool = False,
) -> None:
    """Refuse a method, a game or a mechanism that does not exist, or not for such a scenario.

    Args:
        scenario: Whose names.
        games: That its kind of federation has.
        label_policies: What ``valuation.label_policy`` may say of it.
        members: What its members are called, for the error.
        local_steps: Whether they take steps of their own, of which a part can be agreed on.

    Raises:
        FedmeritError: One of them does not exist; the error says which.
    """
    method, mechanism = scenario.valuation.method, scenario.reward.mechanism
    asked = scenario.valuation
    if asked.game not in games or asked.label_policy not in label_policies:
        raise ScenarioError(
            f"valuation: game = {asked.game!r} with label_policy = {asked.label_policy!r} is not "
            f"for {members}",
            hint='Set game = "retraining", or leave both out.',
        )
    _check_rounds_settings(asked)
    if method not in (AUTO, *METHODS):
        raise GameError(
            f"no valuation method is called {method!r}", hint=suggestion(method, [AUTO, *METHODS])
        )
    if mechanism in UNSETTLED:
        raise RewardError(
            f"no run can settle {mechanism!r}: {UNSETTLED[mechanism]}",
            hint=f"Choose one of: {', '.join(SETTLED)}.",
        )
    if mechanism not in SETTLED:
        raise RewardError(
            f"no mechanism is called {mechanism!r}", hint=suggestion(mechanism, SETTLED)
        )
    if SETTLED[mechanism].model.agreed_first and not local_steps:
        raise RewardError(
            f"{mechanism!r} has members agree on parts of their local steps, and {members} "
            "have none of their own",
            hint="Choose a mechanism that buys or shares what was done, such as 'proportional'.",
        )


def _check_rounds_settings(asked: Valuation) -> None:
    """Refuse settings of the game of rounds where another is played."""
    if asked.game != "rounds" and asked.weights != type(asked).model_fields["weights"].default:
        raise ScenarioError(
            f"valuation.weights = {asked.weights!r} is for recorded rounds, "
            f"and valuation.game is {asked.game!r}",
            hint='Set game = "rounds" below [valuation], or leave weights out.',
        )


def named_committee(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """Give the committee that *scenario* names, or nobody where it names none.

    Raises:
        ScenarioError: Somebody in it is not among *names*.
    """
    for name in scenario.settlement.committee:
        if name not in names:
            raise ScenarioError(
                f"settlement.committee names {name!r}, who does not take part",
                hint=suggestion(name, names),
            )
    return scenario.settlement.committee


def threshold(scenario: Scenario, committee: Sequence[str]) -> int:
    """Give the number of signatures that is asked for, or a majority's.

    Raises:
        ScenarioError: The committee has fewer members, or none.
    """
    if not committee:
        raise ScenarioError(
            "nobody is left to sign the report: no honest member has validation rows",
            hint="Name a settlement.committee.",
        )
    needed = scenario.settlement.threshold or len(committee) // 2 + 1
    if needed > len(committee):
        raise ScenarioError(
            f"settlement.threshold asks for {needed} signatures of {len(committee)} members",
            hint=f"Ask for at most {len(committee)}.",
        )
    return needed
