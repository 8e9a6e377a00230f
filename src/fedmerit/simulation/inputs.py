"""What an arm hands to its mechanism beside values and rows."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fedmerit.errors import Deficit
from fedmerit.incentives.offers import Bid
from fedmerit.incentives.participation import RISING
from fedmerit.simulation.economy import POINTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation import RunRound
    from fedmerit.incentives import Outcome, RoundInput
    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.offers import History
    from fedmerit.simulation.players import Entrant

_FIELDS: Final = ("regrets", "waits", "mean_costs", "times", "reputations", "importances")


class Forecast:
    """What a buyer expects of members it has seen: the sum of what each last contributed.

    Args:
        known: What each is expected to contribute, nats.
    """

    def __init__(self, known: Mapping[str, float]) -> None:
        self.participants = tuple(known)
        self._values = np.array(list(known.values()))

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Add up what those inside are expected to contribute, ``(rows,)``."""
        return np.asarray(coalitions @ self._values)


def forecast(
    entrants: Sequence[Entrant], known: Mapping[str, float], gain: float
) -> dict[str, float]:
    """Expect of each what it last contributed, and of strangers a share of *gain* by rows."""
    rows = sum(entrant.rows for entrant in entrants)
    return {e.name: known.get(e.name, gain * e.rows / rows) for e in entrants}


def offer(
    mechanism: Mechanism, entrant: Entrant, counted: int, ask: Fraction, worths: tuple[float, float]
) -> Bid:
    """Give an offer of all of a member's rows, its quality in points of a typical one's.

    Where the mechanism takes a bid for how steeply costs rise, it is the one by which all of the
    work costs what it does.

    Args:
        mechanism: That buys.
        entrant: Who offers.
        counted: Of its rows, those that count as its own: their part of the cost is asked for.
        ask: In multiples of its cost.
        worths: What it is expected to contribute, and what a typical member is.
    """
    expected, typical = worths
    points = round(POINTS * expected / typical) if typical > 0 else POINTS
    rows, cost = max(1, entrant.rows), entrant.claim * ask
    if mechanism.name in RISING and entrant.claim:
        flat = Bid(cost=entrant.claim, capacity=rows)
        cost *= entrant.claim / Fraction(mechanism.model.work_cost(flat, rows))
    return Bid(cost=round(cost * Fraction(counted, rows)), capacity=counted, quality=max(1, points))


def decide(mechanism: Mechanism, round_: RoundInput) -> Outcome:
    """Run the mechanism; where it owes more than the budget, somebody finds the rest."""
    try:
        return mechanism(round_)
    except Deficit as deficit:
        return mechanism(replace(round_, budget=deficit.owed))


def kept(history: History, places: Sequence[int]) -> History:
    """Give the history of those at these places; the others have left."""
    columns: dict[str, Any] = {}
    for name in _FIELDS:
        column = getattr(history, name)
        columns[name] = tuple(column[i] for i in places) if column else ()
    return replace(history, **columns)


def spread(run_round: RunRound, names: Sequence[str]) -> NDArray[np.float32]:
    """Give the updates of these names, ``(names, parameters)``, 0 for the absent."""
    rows = dict(zip(run_round.parts, run_round.updates, strict=True))
    nothing = np.zeros(len(run_round.before), dtype=np.float32)
    return np.stack([rows.get(name, nothing) for name in names])
