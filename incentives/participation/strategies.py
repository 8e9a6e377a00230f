"""How a member chooses what it does in each round."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from fedmerit.incentives.participation.actions import HONEST, QUARTERS, Action
from fedmerit.incentives.participation.responding import Responder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

#: What everyone in a ring asks together, and a misreporter alone.
_OVERSTATED: Final = Fraction(3, 2)


class Strategy(Protocol):
    """How a member chooses, with what it has learned so far."""

    def choose(self, stream: np.random.Generator, /) -> Action:
        """Choose an action for the coming round."""

    def learn(self, action: Action, utility: float, /) -> Strategy:
        """Give the strategy after a round in which *action* came to *utility*."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Does the same in every round."""

    action: Action = HONEST

    def choose(self, _stream: np.random.Generator, /) -> Action:
        """Choose what it always chooses."""
        return self.action

    def learn(self, _action: Action, _utility: float, /) -> Fixed:
        """Learn nothing."""
        return self


def honest(*, asked: bool) -> Strategy:  # noqa: ARG001 - as every strategy
    """Works in full, and asks for what it costs."""
    return Fixed()


def misreport(*, asked: bool) -> Strategy:  # noqa: ARG001 - as every strategy
    """Works in full, and asks for half as much again as it costs."""
    return Fixed(Action(ask=_OVERSTATED))


def half_effort(*, asked: bool) -> Strategy:  # noqa: ARG001 - as every strategy
    """Takes half of the steps that it agreed to."""
    return Fixed(Action(effort=QUARTERS // 2))


def ride_free(*, asked: bool) -> Strategy:  # noqa: ARG001 - as every strategy
    """Takes no steps, and sends the model's last move as its own."""
    return Fixed(Action(effort=0))


def best_response(*, asked: bool) -> Strategy:
    """Tries what there is to do, and does what has paid best, until it no longer does."""
    efforts = [Action(effort=quarters) for quarters in (QUARTERS, QUARTERS // 2, 0)]
    return Responder.of([*efforts, Action(ask=_OVERSTATED)] if asked else efforts)


#: Every strategy by name; told whether members are asked for a price.
STRATEGIES: Final[Mapping[str, Callable[..., Strategy]]] = MappingProxyType(
    {
        "honest": honest,
        "misreport": misreport,
        "half-effort": half_effort,
        "ride-free": ride_free,
        "best-response": best_response,
    }
)
