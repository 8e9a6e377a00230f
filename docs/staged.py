"""Rounds for the pictures of the mechanisms to be drawn from."""  # noqa: INP001 - beside the pages

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from drawing import COLOURS

from fedmerit.incentives import MECHANISMS, Estimate, RoundInput, TableGame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.incentives import Game, Outcome

BLUE, ORANGE, GREEN, PURPLE, RED, _, _, GREY, *_ = COLOURS
UNIT: Final = 10**6


def per_cent() -> dict[float, str]:
    """Give the ticks of an axis of per cent."""
    return {i: str(i) for i in range(0, 101, 25)}


def table_game(names: str, worths: Mapping[str, float]) -> TableGame:
    """Give a game by the worths that are not 0."""
    return TableGame(tuple(names), {frozenset(who): worth for who, worth in worths.items()})


def round_of(names: Sequence[str], budget: int, **more: Any) -> RoundInput:  # noqa: ANN401 - fields of RoundInput
    """Give a round in which only what is named matters."""
    n = len(names)
    given = {"contributions": (Estimate(0, 0),) * n, "rows": (100,) * n} | more
    return RoundInput(participants=tuple(names), budget=budget, **given)


def paid_by(rule: str, game: Game, budget: int) -> tuple[int, ...]:
    """Give what a division of a game pays."""
    outcome: Outcome = MECHANISMS[rule](round_of(game.participants, budget, game=game))
    return outcome.payments
