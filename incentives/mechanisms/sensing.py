"""MSensing: buying data whose worth overlaps, one best offer at a time.

The buyer's worth is a game: what the data of any coalition are worth together. It must be
submodular (who is added to more adds less), as coverage is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.game import ask
from fedmerit.incentives.mechanisms.coalitions import read
from fedmerit.incentives.mechanisms.market import (
    at_least,
    entered,
    refuse_short,
    spread,
    whole_work,
)
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    brought,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import pay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.payments import Outcome, RoundInput

#: Members still to be looked at, and what each would add, in base units.
_Step = tuple[int, dict[int, Fraction]]


class Purchases:
    """What members add to those already bought, in base units and exactly.

    Args:
        game: The buyer's worth; read to twelve digits of everyone's, or of the largest alone.
        worth: Base units that a unit of the game's worth is worth.
    """

    def __init__(self, game: Game, worth: int) -> None:
        self._game = game
        self._worth = worth
        n = len(game.participants)
        first = np.zeros((n + 2, n), dtype=np.bool_)
        first[1:-1] = np.eye(n, dtype=np.bool_)
        first[-1] = True
        self._unit = read(ask(game, first).mean(axis=1)).unit

    @property
    def most(self) -> Fraction:
        """The most that any coalition is worth, if the worth is submodular.

        Whoever is left out of one would change it by no less than it changes everybody's.
        """
        everybody = list(range(len(self._game.participants)))
        nearly = [[j for j in everybody if j != i] for i in everybody]
        everyone, *without = self._worths([[], everybody, *nearly])
        return everyone + sum(
            (max(Fraction(0), worth - everyone) for worth in without), Fraction(0)
        )

    def adds(self, held: Sequence[int], candidates: Sequence[int]) -> list[Fraction]:
        """Give what each candidate adds to those *held*."""
        return self._worths([list(held), *([*held, i] for i in candidates)])

    def _worths(self, coalitions: Sequence[list[int]]) -> list[Fraction]:
        """Give worths beyond the first one's."""
        rows = np.zeros((len(coalitions), len(self._game.participants)), dtype=np.bool_)
        for row, inside in zip(rows, coalitions, strict=True):
            row[inside] = True
        worths = ask(self._game, rows).mean(axis=1)
        counts = (round(Fraction(gain) / self._unit) for gain in (worths[1:] - worths[0]).tolist())
        return [count * self._unit * self._worth for count in counts]


def greedy(purchases: Purchases, bids: Mapping[int, int], beside: int | None = None) -> list[_Step]:
    """Take the member that adds most beyond its bid, as long as it adds more than nothing.

    Args:
        purchases: What each adds to others.
        bids: Base units asked, by position.
        beside: One whose gain is told at each step too, and who is never taken.

    Returns:
        Each step: who was best, and what each would have added then. The last step's best
        adds nothing beyond its bid, unless everybody was taken.
    """
    held: list[int] = []
    steps: list[_Step] = []
    while rest := [i for i in bids if i not in held]:
        candidates = rest if beside is None else [*rest, beside]
        adds = dict(zip(candidates, purchases.adds(held, candidates), strict=True))
        best = max(rest, key=lambda i: adds[i] - bids[i])
        steps.append((best, adds))
        if adds[best] <= bids[best]:
            break
        held.append(best)
    return steps


def sensing_prices(purchases: Purchases, bids: Mapping[int, int]) -> dict[int, Fraction]:
    """Give what each winner is paid, in order of winning: its critical bid.

    For each, the others are bought without it; at each step it could have taken the place
    of the best, up to the ask at which it would have added as much.
    """
    taken = [best for best, adds in greedy(purchases, bids) if adds[best] > bids[best]]
    prices = {}
    for one in taken:
        others = {i: bid for i, bid in bids.items() if i != one}
        highest, stopped = Fraction(0), False
        for best, adds in greedy(purchases, others, beside=one):
            beyond = adds[best] - others[best]
            highest = max(highest, min(adds[one] - beyond, adds[one]))
            stopped = beyond <= 0
        if not stopped:  # everybody else was taken, and it would still add this much
            highest = max(highest, *purchases.adds(list(others), [one]))
        prices[one] = highest
    return prices


@mechanism(
    claims=(
        Claim(Property.DSIC, (Condition.SUBMODULAR,)),
        Property.IR,
        Claim(Property.WBB, (Condition.SUBMODULAR,)),
        Property.SYM,
        Property.MONO,
        Property.SCALE,
    ),
    needs=(Need.BIDS, Need.GAME),
    model=Model(money=frozenset({"worth"})),
)
def msensing(round_: RoundInput, /, *, worth: int = 10**6) -> Outcome:
    """Buy from whoever adds most beyond its ask, and pay the highest ask that would have won.

    The buyer never pays more than what it gets is worth to it, if worths are submodular. Where
    members complement one another, prices can add up to more than the budget that was asked for,
    and then an ask that lowers another's price can gain.

    Args:
        round_: The round; its game is the buyer's worth.
        worth: Base units that a unit of the game's worth is worth to the buyer.

    Raises:
        Underfunded: The budget is below what the dearest coalition may be worth.

    Source: Yang, Xue, Fang and Tang (2012).
    Cost: n worths a step, for everybody and again for each winner.
    """
    at_least(1, worth=worth)
    purchases = Purchases(brought(round_.game, Need.GAME, mechanism="msensing"), worth)
    refuse_short(round_, purchases.most)
    asks = {i: bid.cost for i, bid in entered(round_).items()}
    prices = sensing_prices(purchases, asks)
    return pay(round_, spread(round_, dict(prices)), work=whole_work(round_, prices))
